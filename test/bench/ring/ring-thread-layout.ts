import { CACHE_LINE_WORDS } from '../../../src/memory/layout.js';
import type { BurstRingMemory } from './burst-ring.js';

/** What both threads of a ring are given. */
export interface RingThreadData {
  readonly role: 'producer' | 'consumer';
  readonly ring: BurstRingMemory;
  /** What the turn is when the ring's threads run. */
  readonly turn: number;
  readonly tally: SharedArrayBuffer;
  /** Of all rings together. */
  readonly turns: SharedArrayBuffer;
}

/*
 * Of all rings together:
 *
 *   word      writer     readers    meaning
 *   turn      main       all        the ring whose threads run; the others sleep until it changes
 *
 * Of each ring:
 *
 *   word      writer     readers    meaning
 *   passed    consumer   main       values popped, wraps at 2^32
 *   wrong     consumer   main       0 as long as every value was the next one
 *
 * Each on a cache line of its own, the first of which stays empty.
 */
export const TURN_WORD = CACHE_LINE_WORDS;
export const PASSED_WORD = CACHE_LINE_WORDS;
export const WRONG_WORD = PASSED_WORD + CACHE_LINE_WORDS;

/** Of the first values of a ring each one is checked. */
export const CHECKED_VALUES = 10_000_000;

/** Turns that no ring has. */
export const TURN_NOBODY = -1;
export const TURN_END = -2;

export function createTurns(): Int32Array<SharedArrayBuffer> {
  const words = new Int32Array(new SharedArrayBuffer((TURN_WORD + CACHE_LINE_WORDS) * 4));
  words[TURN_WORD] = TURN_NOBODY;
  return words;
}

export function createTally(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer((WRONG_WORD + CACHE_LINE_WORDS) * 4));
}
