import { InvariantError } from '../errors.js';
import * as memoryLayout from './layout.js';
import type { PoolLayout } from './pool-layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { INDEX_MASK } = memoryLayout;

/**
 * The way back of a worker's buffers to rx: a ring of one producer and one consumer, in the pool's state.
 *
 * It has room for all buffers of the pool. So it is never full, and the worker looks at nothing that rx writes: a slot
 * is written again only when a buffer given at it, or behind it, has been through rx and is the worker's again, and then
 * rx has read the slot. All state is in the shared words: a successor needs nothing else.
 *
 * The worker uses `give`, rx the rest; the cursors are for whoever counts.
 */
export class ReturnRing {
  private readonly writeCursorWord: number;
  private readonly readCursorWord: number;
  private readonly slotsWord: number;
  private readonly slotMask: number;

  /** @param threadIndex of the worker. */
  constructor(
    private readonly words: Int32Array,
    layout: PoolLayout,
    threadIndex: number,
  ) {
    this.writeCursorWord = layout.returnRingWord(threadIndex);
    this.readCursorWord = this.writeCursorWord + layout.returnReadCursorOffset;
    this.slotsWord = this.writeCursorWord + layout.returnSlotsOffset;
    this.slotMask = layout.returnSlots - 1;
  }

  /** Buffers ever given by the worker, an int32 that wraps. */
  get writeCursor(): number {
    return Atomics.load(this.words, this.writeCursorWord);
  }

  /** Buffers that have ever left the ring, an int32 that wraps. */
  get readCursor(): number {
    return Atomics.load(this.words, this.readCursorWord);
  }

  /**
   * The worker: gives buffers back.
   *
   * @param indexes buffers that the worker owns, and from here on does not.
   * @param count how many, from 0.
   */
  give(indexes: Int32Array, count: number): void {
    const write = this.words[this.writeCursorWord];
    for (let i = 0; i < count; i++) {
      this.words[(this.slotsWord + ((write + i) & this.slotMask)) & INDEX_MASK] = indexes[i];
    }
    // Slots first, cursor second: whoever sees the cursor sees the slots. It says to a successor as well that the hand
    // is given back: one store, so that there is no moment in between.
    Atomics.store(this.words, this.writeCursorWord, (write + count) | 0);
  }

  /**
   * rx: how many buffers wait.
   *
   * @throws InvariantError where they are more than there are buffers.
   */
  waiting(): number {
    // The load comes before the slots are read: what the cursor announces is there.
    const waiting = (Atomics.load(this.words, this.writeCursorWord) - this.words[this.readCursorWord]) | 0;
    if (waiting < 0 || waiting > this.slotMask + 1) {
      throw new InvariantError('pool: more buffers were given back than there are: one was freed twice');
    }
    return waiting;
  }

  /**
   * rx: copies the oldest buffers to other words of the pool's state. They stay in the ring until `take`.
   *
   * @param toWord where the first goes.
   * @param count how many, at most those that wait.
   */
  copy(toWord: number, count: number): void {
    const read = this.words[this.readCursorWord];
    for (let i = 0; i < count; i++) {
      this.words[(toWord + i) & INDEX_MASK] =
        this.words[(this.slotsWord + ((read + i) & this.slotMask)) & INDEX_MASK];
    }
  }

  /** rx: the oldest `count` buffers are elsewhere now, and leave. A plain store: nobody waits for room. */
  take(count: number): void {
    this.words[this.readCursorWord] = (this.words[this.readCursorWord] + count) | 0;
  }

  /** All buffers that wait, oldest first, with the threads at rest. */
  *buffers(): Generator<number> {
    const end = this.writeCursor;
    for (let cursor = this.readCursor; cursor !== end; cursor = (cursor + 1) | 0) {
      yield this.words[this.slotsWord + (cursor & this.slotMask)];
    }
  }
}

/** The return rings of all workers, in their order. */
export function returnRings(words: Int32Array, layout: PoolLayout): readonly ReturnRing[] {
  const workerCount = layout.shape.threadCount - 1;
  return Array.from({ length: workerCount }, (_, worker) => new ReturnRing(words, layout, 1 + worker));
}
