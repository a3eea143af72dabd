import { InvariantError } from '../errors.js';
import {
  CACHE_BUFFERS,
  type PoolLayout,
  THREAD_COUNT,
  THREAD_RELEASED,
  THREAD_RETURNED,
  THREAD_TAKEN,
} from './pool-layout.js';

/**
 * Breaks the lock of the pool's global list where a dead thread holds it, after bringing what it guards in
 * order. Called by main, once the thread has ended; until then everybody who needs the list waits for the
 * dead.
 *
 * While the lock is taken the list cannot change, and whatever moves is in both places before it leaves one:
 * so a buffer that is in the list and in the dead thread's cache or hand belongs to the list, and what is
 * twice in the cache (`flush` moves its younger half down) is there once. How many buffers have moved without
 * being noted as taken or returned is what the notes of all threads leave open, since nobody else's change.
 *
 * @param words the pool's state.
 * @param hand where a worker's burst in hand is, and how many buffers it is: those of its ring's read cursor
 *   less `released`. The hand leaves all at once.
 * @returns whether the lock had to be broken.
 * @throws InvariantError when the list does not add up even so.
 */
export function repairCache(
  words: Int32Array,
  layout: PoolLayout,
  threadIndex: number,
  hand: Int32Array,
  handCount: number,
): boolean {
  if (Atomics.load(words, layout.lockWord) !== threadIndex + 1) return false;
  const { bufferCount, threadCount } = layout.shape;
  const freeCount = words[layout.freeCountWord];
  const free = new Set(words.subarray(layout.freeListWord, layout.freeListWord + freeCount));
  const block = layout.threadWord(threadIndex);
  const slots = words.subarray(block + layout.cacheSlotsOffset);
  const cached = new Set(slots.subarray(0, words[block + THREAD_COUNT]));
  const own = [...cached].filter((index) => !free.has(index));
  slots.set(own);
  words[block + THREAD_COUNT] = own.length;
  if (handCount > 0 && free.has(hand[0])) {
    words[block + THREAD_RELEASED] = (words[block + THREAD_RELEASED] + handCount) | 0;
  }
  let out = 0;
  for (let thread = 0; thread < threadCount; thread++) {
    const other = layout.threadWord(thread);
    out = (out + words[other + THREAD_TAKEN] - words[other + THREAD_RETURNED]) | 0;
  }
  const unnoted = bufferCount - freeCount - out;
  if (free.size !== freeCount || Math.abs(unnoted) > Math.max(CACHE_BUFFERS, handCount)) {
    throw new InvariantError(`pool: the list has ${freeCount} buffers, and ${unnoted} moves are not noted`);
  }
  if (unnoted > 0) words[block + THREAD_TAKEN] = (words[block + THREAD_TAKEN] + unnoted) | 0;
  else words[block + THREAD_RETURNED] = (words[block + THREAD_RETURNED] - unnoted) | 0;
  Atomics.store(words, layout.lockWord, 0);
  return true;
}
