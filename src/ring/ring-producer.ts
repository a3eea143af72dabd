import * as wordCopy from './copy-words.js';
import { RingLayout, type RingMemory } from './ring-layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { copyWords } = wordCopy;

/**
 * The producer's side of a ring: the rx loop, one thread, for ever.
 *
 * It remembers the consumer's cursor and looks at the shared one only when the ring seems too full, so
 * in the common case a push touches no line that the consumer writes.
 */
export class RingProducer {
  private readonly words: Int32Array;
  private readonly slots: number;
  private readonly slotMask: number;
  private readonly slotsWord: number;
  private readonly writeCursorWord: number;
  private readonly readCursorWord: number;
  private write: number;
  private cachedRead: number;

  constructor(memory: RingMemory) {
    const layout = new RingLayout(memory.slots);
    this.words = new Int32Array(memory.buffer);
    this.slots = memory.slots;
    this.slotMask = layout.slotMask;
    this.slotsWord = layout.slotsWord;
    this.writeCursorWord = layout.writeCursorWord;
    this.readCursorWord = layout.readCursorWord;
    this.write = Atomics.load(this.words, this.writeCursorWord);
    this.cachedRead = Atomics.load(this.words, this.readCursorWord);
  }

  /** Indexes ever pushed, an int32 that wraps. */
  get cursor(): number {
    return this.write;
  }

  /** True when the consumer was last seen to have left at least half of the slots free. */
  isHalfEmpty(): boolean {
    return ((this.write - this.cachedRead) | 0) <= this.slots / 2;
  }

  /**
   * Pushes as many of `count` indexes as there is room for, in order, and publishes them at once.
   *
   * @param indexes the producer's own array.
   * @param from position of the first to push.
   * @param count how many, from 0.
   * @returns how many were pushed: fewer than `count` when the ring is full, 0 at worst.
   */
  push(indexes: Int32Array, from: number, count: number): number {
    let room = this.slots - ((this.write - this.cachedRead) | 0);
    if (room < count) {
      this.cachedRead = Atomics.load(this.words, this.readCursorWord);
      room = this.slots - ((this.write - this.cachedRead) | 0);
    }
    const pushed = Math.min(room, count);
    const { words, slots, slotsWord, slotMask, write } = this;
    // The end of the slots comes at most once in a burst: what is before it, and what goes on at their beginning.
    const first = write & slotMask;
    const beforeEnd = Math.min(pushed, slots - first);
    copyWords(indexes, from, words, slotsWord + first, beforeEnd);
    copyWords(indexes, from + beforeEnd, words, slotsWord, pushed - beforeEnd);
    this.write = (write + pushed) | 0;
    // Slots first, cursor second: whoever sees the cursor sees the slots. Once a burst, not once an
    // index: a sequentially consistent store is a locked instruction.
    if (pushed > 0) Atomics.store(this.words, this.writeCursorWord, this.write);
    return pushed;
  }
}
