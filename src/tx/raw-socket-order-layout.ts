/*
 * A packet on its way from a worker to main, which sends it: a copy in a pool buffer of its own, in the
 * place of a frame.
 *
 *   | descriptor (rx's) | out interface | bytes | packet ... |
 *
 *   word            type    writer     reader   meaning
 *   out interface   int32   a worker   main     position in the engine's list of interfaces
 *   bytes           int32   a worker   main     length of the packet
 *   packet          bytes   a worker   main     from its IPv4 header on
 *
 * The descriptor in front stays untouched: rx reads those of a burst once more after it has pushed the
 * burst, when the buffer may have been freed by the worker and taken again for this. The two words fit
 * behind the largest frame, because a buffer is that much longer than the frame that it can hold
 * (pool-layout.ts). Whoever holds the buffer's index owns all of it; the ring hands that over.
 */

/** Words from the beginning of the frame's place. */
export const ORDER_OUT_INTERFACE = 0;
export const ORDER_BYTES = 1;
export const ORDER_WORDS = 2;

/** Slots of each worker's ring of orders: beyond this many waiting, main is what is too slow. */
export const ORDER_RING_SLOTS = 256;
