import { CACHE_LINE_WORDS } from '../../../src/memory/layout.js';
import type { BurstRingMemory } from './burst-ring.js';

/** What both threads of a run are given. */
export interface RingThreadData {
  readonly role: 'producer' | 'consumer';
  readonly ring: BurstRingMemory;
  readonly tally: SharedArrayBuffer;
}

/*
 *   word      writer     readers    meaning
 *   stop      main       both       1: the run is over
 *   passed    consumer   main       values popped, wraps at 2^32
 *   wrong     consumer   main       0 as long as every value was the next one
 *
 * Each on a cache line of its own, the first of which stays empty.
 */
export const STOP_WORD = CACHE_LINE_WORDS;
export const PASSED_WORD = STOP_WORD + CACHE_LINE_WORDS;
export const WRONG_WORD = PASSED_WORD + CACHE_LINE_WORDS;

export function createTally(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer((WRONG_WORD + CACHE_LINE_WORDS) * 4));
}
