import * as wordCopy from './copy-words.js';
import { RingLayout, type RingMemory } from './ring-layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { copyWords } = wordCopy;

/**
 * The consumer's side of a ring: one worker, for ever. It remembers the producer's cursor and looks at
 * the shared one only when the ring seems empty.
 */
export class RingConsumer {
  private readonly words: Int32Array;
  private readonly slots: number;
  private readonly slotMask: number;
  private readonly slotsWord: number;
  private readonly writeCursorWord: number;
  private readonly readCursorWord: number;
  private read: number;
  private cachedWrite: number;

  constructor(memory: RingMemory) {
    const layout = new RingLayout(memory.slots);
    this.words = new Int32Array(memory.buffer);
    this.slots = memory.slots;
    this.slotMask = layout.slotMask;
    this.slotsWord = layout.slotsWord;
    this.writeCursorWord = layout.writeCursorWord;
    this.readCursorWord = layout.readCursorWord;
    this.read = Atomics.load(this.words, this.readCursorWord);
    this.cachedWrite = this.read;
  }

  /** Indexes ever popped, an int32 that wraps. */
  get cursor(): number {
    return this.read;
  }

  /** True when nothing is to be popped now; always looks at the shared cursor. */
  isEmpty(): boolean {
    this.cachedWrite = Atomics.load(this.words, this.writeCursorWord);
    return this.cachedWrite === this.read;
  }

  /**
   * Pops up to `max` indexes in the order they were pushed, and gives their slots back at once.
   *
   * @param into the consumer's own array; filled from its beginning.
   * @param max at most `into.length`.
   * @returns how many were popped, 0 when the ring is empty.
   */
  pop(into: Int32Array, max: number): number {
    let available = (this.cachedWrite - this.read) | 0;
    if (available < max) {
      // The load comes before the slots are read: what the cursor announces is there.
      this.cachedWrite = Atomics.load(this.words, this.writeCursorWord);
      available = (this.cachedWrite - this.read) | 0;
    }
    const popped = Math.min(available, max);
    if (popped === 0) return 0;
    const { words, slots, slotsWord, slotMask, read } = this;
    const first = read & slotMask;
    const beforeEnd = Math.min(popped, slots - first);
    copyWords(words, slotsWord + first, into, 0, beforeEnd);
    copyWords(words, slotsWord, into, beforeEnd, popped - beforeEnd);
    this.read = (read + popped) | 0;
    // Copied out first, cursor second: the producer may reuse the slots from here on.
    Atomics.store(this.words, this.readCursorWord, this.read);
    return popped;
  }
}
