/** Packets judged at a time: their lines are asked for together, and those that leave are sent together. */
export const WORKER_BURST = 32;

/**
 * Packets that a worker takes from its ring, and gives back to the pool, at a time: a hand of four bursts. Either is a
 * store of a cursor that rx looks at all the time, and JavaScript has no store that others see in order but a locked
 * one: the worker stands still until the line has come from rx's core. Once a hand instead of once a burst made a
 * pipeline a tenth faster.
 */
export const WORKER_HAND = 4 * WORKER_BURST;
