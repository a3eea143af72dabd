import { InvariantError } from '../errors.js';
import {
  CACHE_BUFFERS,
  type PoolLayout,
  RX_INDEX,
  THREAD_COUNT,
  THREAD_RETURNED,
  THREAD_TAKEN,
} from './pool-layout.js';
import { returnRings } from './return-ring.js';

/**
 * Brings in order what a dead thread has left of a move of buffers. Called by main, once the thread has ended.
 *
 * Whatever moves is in both places before it leaves one. What rx was taking out of a return ring is in its cache as
 * well, or in the list, and belongs there.
 *
 * Until the lock of the global list is broken, everybody who needs the list waits for the dead, so that it cannot
 * change: a buffer that is in the list and in the dead thread's cache belongs to the list, and what is twice in the
 * cache (`flush` moves its younger half down) is there once. How many buffers have moved without being noted as taken
 * or returned is what the notes of all threads leave open, since nobody else's change.
 *
 * @param words the pool's state.
 * @returns whether the lock had to be broken.
 * @throws InvariantError when the list does not add up even so.
 */
export function repairCache(words: Int32Array, layout: PoolLayout, threadIndex: number): boolean {
  const hadLock = Atomics.load(words, layout.lockWord) === threadIndex + 1;
  if (hadLock) repairList(words, layout, threadIndex);
  if (threadIndex === RX_INDEX) repairReturns(words, layout, hadLock);
  if (hadLock) Atomics.store(words, layout.lockWord, 0);
  return hadLock;
}

function repairList(words: Int32Array, layout: PoolLayout, threadIndex: number): void {
  const { bufferCount, threadCount } = layout.shape;
  const freeCount = words[layout.freeCountWord];
  const free = freeIn(words, layout);
  const block = layout.threadWord(threadIndex);
  const slots = words.subarray(block + layout.cacheSlotsOffset);
  const own = [...cachedBy(words, layout, threadIndex)].filter((index) => !free.has(index));
  slots.set(own);
  words[block + THREAD_COUNT] = own.length;
  let out = 0;
  for (let thread = 0; thread < threadCount; thread++) {
    const other = layout.threadWord(thread);
    out = (out + words[other + THREAD_TAKEN] - words[other + THREAD_RETURNED]) | 0;
  }
  const unnoted = bufferCount - freeCount - out;
  if (free.size !== freeCount || Math.abs(unnoted) > CACHE_BUFFERS) {
    throw new InvariantError(`pool: the list has ${freeCount} buffers, and ${unnoted} moves are not noted`);
  }
  if (unnoted > 0) words[block + THREAD_TAKEN] = (words[block + THREAD_TAKEN] + unnoted) | 0;
  else words[block + THREAD_RETURNED] = (words[block + THREAD_RETURNED] - unnoted) | 0;
}

/** What is elsewhere already leaves the return rings. `hadLock`: the list is as rx has left it. */
function repairReturns(words: Int32Array, layout: PoolLayout, hadLock: boolean): void {
  const moved = new Set([...cachedBy(words, layout, RX_INDEX), ...(hadLock ? freeIn(words, layout) : [])]);
  for (const ring of returnRings(words, layout)) {
    const buffers = [...ring.buffers()];
    const first = buffers.findIndex((index) => !moved.has(index));
    ring.take(first < 0 ? buffers.length : first);
  }
}

function freeIn(words: Int32Array, layout: PoolLayout): ReadonlySet<number> {
  return new Set(words.subarray(layout.freeListWord, layout.freeListWord + words[layout.freeCountWord]));
}

function cachedBy(words: Int32Array, layout: PoolLayout, threadIndex: number): ReadonlySet<number> {
  const block = layout.threadWord(threadIndex);
  const first = block + layout.cacheSlotsOffset;
  return new Set(words.subarray(first, first + words[block + THREAD_COUNT]));
}
