import { InvariantError } from '../errors.js';
import * as memoryLayout from './layout.js';
import type { PoolLayout } from './pool-layout.js';
import * as poolLayout from './pool-layout.js';
import { ReturnRing, returnRings } from './return-ring.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { CACHE_BUFFERS, MOVE_BUFFERS, RX_INDEX, THREAD_COUNT, THREAD_RETURNED, THREAD_TAKEN } = poolLayout;

const { INDEX_MASK } = memoryLayout;

/** Buffers that wait in a return ring when rx has stocked up, more or less: what a worker gives at a time. */
const RETURNS_WAITING_MAX = 4 * CACHE_BUFFERS;
/** How often a thread looks at a taken lock before it sleeps: the holder moves a burst of words, no more. */
const LOCK_SPINS = 200;
/** How long it sleeps then, milliseconds: the holder has lost its processor. */
const LOCK_SLEEP_MS = 1;

/**
 * A thread's private stack of free buffers, over the workers' return rings and the pool's global list.
 *
 * Owned by one thread, and by its successor when it has died; `taken`, `returned` and `count` are published by it.
 * A worker gives the buffers of its hands back by its return ring, and rx, which only allocates, stocks up from there
 * once a burst, without a lock. The global list has what is not needed for that: all buffers at the beginning, what
 * comes back after a ring was full, what a worker takes for copies. Buffers move there 16 or a burst at a time, under a
 * lock that hardly anybody else wants.
 *
 * The cache and the list are stacks: what was freed last is used next, so that few buffers go round, and stay in the
 * processors' caches. `alloc` and `free` become visible by one store of `count`, after the slot it is about. While
 * buffers move they may be in two of cache, return ring and list: in which of them they are then is up to
 * cache-repair.ts, should the thread die in the midst of it. Scheme: the mempool cache of DPDK (`rte_mempool`, "Local
 * Cache"), with a ring where its users are a producer and a consumer.
 */
export class BufferCache {
  private readonly lockWord: number;
  private readonly freeCountWord: number;
  private readonly freeListWord: number;
  private readonly countWord: number;
  private readonly takenWord: number;
  private readonly returnedWord: number;
  private readonly slotsWord: number;
  private readonly lockToken: number;
  private readonly bufferCount: number;
  /** A worker's own, which it gives to; none of rx. */
  private readonly ownRing: ReturnRing | null;
  /** Those that rx takes from, by worker; none of a worker. */
  private readonly workerRings: readonly ReturnRing[];

  constructor(
    private readonly words: Int32Array,
    layout: PoolLayout,
    threadIndex: number,
    private readonly whileLocked: ((holder: number) => void) | null = null,
  ) {
    this.lockWord = layout.lockWord;
    this.freeCountWord = layout.freeCountWord;
    this.freeListWord = layout.freeListWord;
    const block = layout.threadWord(threadIndex);
    this.countWord = block + THREAD_COUNT;
    this.takenWord = block + THREAD_TAKEN;
    this.returnedWord = block + THREAD_RETURNED;
    this.slotsWord = block + layout.cacheSlotsOffset;
    this.lockToken = threadIndex + 1;
    this.bufferCount = layout.shape.bufferCount;
    this.ownRing = threadIndex === RX_INDEX ? null : new ReturnRing(words, layout, threadIndex);
    this.workerRings = threadIndex === RX_INDEX ? returnRings(words, layout) : [];
  }

  /** Buffers in this cache, 0 to 32. */
  get count(): number {
    return this.words[this.countWord];
  }

  /** Buffers ever taken from the global list and the return rings, an int32 that wraps. */
  get taken(): number {
    return this.workerRings.reduce((sum, ring) => (sum + ring.readCursor) | 0, this.words[this.takenWord]);
  }

  /** Buffers ever given back to the global list and by the return ring, an int32 that wraps. */
  get returned(): number {
    return (this.words[this.returnedWord] + this.released) | 0;
  }

  /** Of a worker: how far it has given back what it popped from its ring, as the ring's cursors count. */
  get released(): number {
    return this.ownRing === null ? 0 : this.ownRing.writeCursor;
  }

  /** Whether a buffer is in this cache. Looks at all of it: for the successor of a thread that died. */
  has(index: number): boolean {
    const { words, slotsWord } = this;
    for (let i = this.count - 1; i >= 0; i--) if (words[slotsWord + i] === index) return true;
    return false;
  }

  /** Takes a free buffer. Returns its index, or -1 when cache, return rings and global list are empty. */
  alloc(): number {
    const index = this.peek();
    if (index >= 0) this.take();
    return index;
  }

  /** The buffer that `take` takes, or -1 when cache, return rings and global list are empty. */
  peek(): number {
    let count = this.words[this.countWord];
    if (count === 0) {
      count = this.refill(MOVE_BUFFERS);
      if (count === 0) return -1;
    }
    return this.words[(this.slotsWord + count - 1) & INDEX_MASK];
  }

  /**
   * Brings the cache up to `count` buffers, as far as they are there: one look for a burst of allocations, and
   * `upcoming` then knows what they will return.
   *
   * @param count 0 to 32.
   */
  stock(count: number): void {
    if (this.words[this.countWord] < count) this.refill(count);
    for (let i = 0; i < this.workerRings.length; i++) {
      if (this.workerRings[i].waiting() > RETURNS_WAITING_MAX) this.spill(this.workerRings[i]);
    }
  }

  /** The buffer that the allocation after `ahead` more returns; -1 when there are not so many in this cache. */
  upcoming(ahead: number): number {
    const at = (this.words[this.countWord] - 1 - ahead) | 0;
    return at < 0 ? -1 : this.words[(this.slotsWord + at) & INDEX_MASK];
  }

  /**
   * Takes the buffer that `peek` has just returned. Who has noted it in shared memory by then cannot lose it by
   * dying: until here it is free, from here on it is where it was noted.
   */
  take(): void {
    this.words[this.countWord] -= 1;
  }

  /** Gives a buffer back. The caller must own it: a second free of the same buffer corrupts the pool. */
  free(index: number): void {
    let count = this.words[this.countWord];
    if (count === CACHE_BUFFERS) count = this.flush();
    this.words[this.slotsWord + count] = index;
    this.words[this.countWord] = count + 1;
  }

  /**
   * Gives a burst back: to the cache while it fits, otherwise to the global list in one go. For main, which frees the
   * copies that it has sent (raw-socket).
   *
   * @param indexes buffers that the caller owns.
   * @param count how many, from 0.
   */
  freeBurst(indexes: Int32Array, count: number): void {
    const { words, slotsWord, countWord } = this;
    const cached = words[countWord];
    if (cached + count > CACHE_BUFFERS) {
      this.giveBack(indexes, count);
      return;
    }
    for (let i = 0; i < count; i++) words[slotsWord + cached + i] = indexes[i];
    words[countWord] = cached + count;
  }

  /**
   * A worker: gives all buffers of its hand back to rx. One store does it, and moves `released` on.
   *
   * @param hand what it has popped from its ring since `released`.
   */
  freeHand(hand: Int32Array, count: number): void {
    if (this.ownRing === null) throw new InvariantError('pool: rx has no hand to give back');
    this.ownRing.give(hand, count);
  }

  /** Fills the cache up to `wanted` buffers. Returns how many it has then. */
  private refill(wanted: number): number {
    for (let i = 0; i < this.workerRings.length; i++) {
      if (this.refillFromRing(this.workerRings[i], wanted) === wanted) return wanted;
    }
    return this.refillFromList(wanted);
  }

  private refillFromRing(ring: ReturnRing, wanted: number): number {
    const cached = this.words[this.countWord];
    const moved = Math.min(ring.waiting(), wanted - cached);
    if (moved === 0) return cached;
    ring.copy((this.slotsWord + cached) | 0, moved);
    // In both places first, then out of the ring: never in neither.
    this.words[this.countWord] = cached + moved;
    ring.take(moved);
    return cached + moved;
  }

  /**
   * Moves a burst from a return ring to the list: what has been under way at once, at the worst moment, would go round
   * for ever otherwise, and a worker that takes copies out of the list would find it empty one day.
   */
  private spill(ring: ReturnRing): void {
    this.lock();
    const end = this.roomInFreeList(CACHE_BUFFERS);
    ring.copy(end, CACHE_BUFFERS);
    this.commitReturn(CACHE_BUFFERS);
    ring.take(CACHE_BUFFERS);
    this.unlock();
  }

  private refillFromList(wanted: number): number {
    const { words, freeCountWord, freeListWord, slotsWord } = this;
    const cached = words[this.countWord];
    this.lock();
    const free = words[freeCountWord];
    const moved = Math.min(free, wanted - cached);
    const first = freeListWord + free - moved;
    for (let i = 0; i < moved; i++) words[slotsWord + cached + i] = words[first + i];
    // In both places first, then out of the list: never in neither.
    words[this.countWord] = cached + moved;
    words[freeCountWord] = free - moved;
    words[this.takenWord] = (words[this.takenWord] + moved) | 0;
    this.unlock();
    return cached + moved;
  }

  /** Makes room in the full cache. Returns how many buffers are left in it. */
  private flush(): number {
    const { words, slotsWord } = this;
    const left = CACHE_BUFFERS - MOVE_BUFFERS;
    this.lock();
    const end = this.roomInFreeList(MOVE_BUFFERS);
    // The oldest half goes: the youngest is what the processor's cache still holds.
    for (let i = 0; i < MOVE_BUFFERS; i++) words[end + i] = words[slotsWord + i];
    this.commitReturn(MOVE_BUFFERS);
    // Only now, when they are in the list, may their places in the cache be written over.
    for (let i = 0; i < left; i++) words[slotsWord + i] = words[slotsWord + MOVE_BUFFERS + i];
    words[this.countWord] = left;
    this.unlock();
    return left;
  }

  private giveBack(indexes: Int32Array, count: number): void {
    const { words } = this;
    this.lock();
    const end = this.roomInFreeList(count);
    for (let i = 0; i < count; i++) words[end + i] = indexes[i];
    this.commitReturn(count);
    this.unlock();
  }

  /** With the lock held: the word behind the global list, which has room for `count` more. */
  private roomInFreeList(count: number): number {
    const free = this.words[this.freeCountWord];
    if (free + count > this.bufferCount) {
      this.unlock();
      throw new InvariantError(`pool: more than ${this.bufferCount} buffers are free: one was freed twice`);
    }
    return this.freeListWord + free;
  }

  private commitReturn(count: number): void {
    const { words, freeCountWord } = this;
    words[freeCountWord] += count;
    words[this.returnedWord] = (words[this.returnedWord] + count) | 0;
  }

  private lock(): void {
    let spins = 0;
    for (;;) {
      if (Atomics.compareExchange(this.words, this.lockWord, 0, this.lockToken) === 0) return;
      if (++spins % LOCK_SPINS === 0) {
        const holder = Atomics.load(this.words, this.lockWord);
        if (holder === 0) continue;
        this.whileLocked?.(holder - 1);
        Atomics.wait(this.words, this.lockWord, holder, LOCK_SLEEP_MS);
      }
    }
  }

  /** No notify: a waiter sleeps one millisecond at most, and the holder saves a system call. */
  private unlock(): void {
    Atomics.store(this.words, this.lockWord, 0);
  }
}
