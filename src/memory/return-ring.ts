import * as memoryLayout from './layout.js';
import type { PoolLayout } from './pool-layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { INDEX_MASK } = memoryLayout;

/**
 * The way back of a worker's buffers to rx: a ring of one producer and one consumer, in the pool's state.
 *
 * It has room for all buffers of the pool. So it is never full, the worker looks at nothing that rx writes, and a slot is
 * written again only when its buffer has been through rx and the worker's ring. Against a list under a lock, which
 * both cores fetch from each other twice a burst, the benchmark `pipeline` went from 0.79 to LANE_RATIO of the C program.
 */
export class ReturnRing {
  private readonly givenWord: number;
  private readonly takenWord: number;
  private readonly slotsWord: number;
  private readonly slotMask: number;
  /** What rx has seen of `given`. */
  private seen: number;

  /** @param threadIndex of the worker. */
  constructor(
    private readonly words: Int32Array,
    layout: PoolLayout,
    threadIndex: number,
  ) {
    this.givenWord = layout.returnRingWord(threadIndex);
    this.takenWord = this.givenWord + layout.returnTakenOffset;
    this.slotsWord = this.givenWord + layout.returnSlotsOffset;
    this.slotMask = layout.returnSlots - 1;
    this.seen = this.taken;
  }

  /** Buffers that the worker has ever given, an int32 that wraps. */
  get given(): number {
    return Atomics.load(this.words, this.givenWord);
  }

  /** Buffers that rx has ever taken, an int32 that wraps. */
  get taken(): number {
    return this.words[this.takenWord];
  }

  /** The worker: gives buffers back, all of them by one store. */
  give(indexes: Int32Array, count: number): void {
    const given = this.words[this.givenWord];
    for (let i = 0; i < count; i++) {
      this.words[(this.slotsWord + ((given + i) & this.slotMask)) & INDEX_MASK] = indexes[i];
    }
    Atomics.store(this.words, this.givenWord, (given + count) | 0);
  }

  /**
   * rx: copies buffers to other words of the pool's state. They stay in the ring until `take`.
   *
   * @param toWord where the first goes.
   * @param wanted how many at most.
   * @returns how many were copied.
   */
  copy(toWord: number, wanted: number): number {
    const taken = this.words[this.takenWord];
    let available = (this.seen - taken) | 0;
    if (available < wanted) {
      this.seen = Atomics.load(this.words, this.givenWord);
      available = (this.seen - taken) | 0;
    }
    const count = Math.min(available, wanted);
    for (let i = 0; i < count; i++) {
      this.words[(toWord + i) & INDEX_MASK] =
        this.words[(this.slotsWord + ((taken + i) & this.slotMask)) & INDEX_MASK];
    }
    return count;
  }

  /** rx: the next `count` buffers are elsewhere now. A plain store: nobody waits for room. */
  take(count: number): void {
    this.words[this.takenWord] = (this.words[this.takenWord] + count) | 0;
  }

  /** The buffer that comes next, or -1. For who asks after the dead. */
  next(): number {
    const { taken } = this;
    return taken === this.given ? -1 : this.words[this.slotsWord + (taken & this.slotMask)];
  }

  /** All buffers in it, oldest first, as the cursors are now. */
  *waiting(): Generator<number> {
    const { given } = this;
    for (let cursor = this.taken; cursor !== given; cursor = (cursor + 1) | 0) {
      yield this.words[this.slotsWord + (cursor & this.slotMask)];
    }
  }
}

/** The return rings of all workers. */
export function returnRings(words: Int32Array, layout: PoolLayout): readonly ReturnRing[] {
  const workerCount = layout.shape.threadCount - 1;
  return Array.from({ length: workerCount }, (_, worker) => new ReturnRing(words, layout, 1 + worker));
}
