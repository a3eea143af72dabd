import { InvariantError } from '../errors.js';
import { CACHE_LINE_WORDS, isPowerOfTwo, WORD_BYTES } from '../memory/layout.js';

/*
 * A single-producer single-consumer ring of buffer indexes.
 *
 *   | (empty line) | write cursor | (rest of line) | read cursor | (rest of line) | slot 0 | slot 1 | ... | slot n-1 |
 *
 *   word           type     writer     readers    meaning
 *   write cursor   int32    producer   consumer   indexes ever pushed, free-running, wraps at 2^32
 *   read cursor    int32    consumer   producer   indexes ever popped, free-running, wraps at 2^32
 *   slots          int32[]  producer   consumer   slot of cursor c: c & (slots - 1)
 *
 * used = (write - read) | 0, from 0 to slots. Cursors are masked on access only, so a full ring and an
 * empty one differ, and all slots can be used.
 */
export class RingLayout {
  /** Not the first line: that one may be shared with whatever malloc has put in front of the buffer. */
  readonly writeCursorWord = CACHE_LINE_WORDS;
  readonly readCursorWord: number;
  readonly slotsWord: number;
  readonly slotMask: number;
  readonly bytes: number;

  /** @param slots capacity, a power of two up to 2^30, so that a cursor difference stays positive. */
  constructor(readonly slots: number) {
    if (!isPowerOfTwo(slots) || slots > 2 ** 30) {
      throw new InvariantError(`ring: slots must be a power of two up to 2^30, not ${slots}`);
    }
    this.readCursorWord = this.writeCursorWord + CACHE_LINE_WORDS;
    this.slotsWord = this.readCursorWord + CACHE_LINE_WORDS;
    this.slotMask = slots - 1;
    this.bytes = (this.slotsWord + slots) * WORD_BYTES;
  }
}

/** A ring as it is handed to threads: each makes a `RingProducer` or a `RingConsumer` of it. */
export interface RingMemory {
  readonly slots: number;
  readonly buffer: SharedArrayBuffer;
}

/** Allocates a ring, resident and empty. */
export function createRing(slots: number): RingMemory {
  const buffer = new SharedArrayBuffer(new RingLayout(slots).bytes);
  new Int32Array(buffer).fill(0);
  return { slots, buffer };
}

/** What a ring's consumer has popped, an int32 that wraps: for who asks after the dead. */
export function ringReadCursor(memory: RingMemory): number {
  return Atomics.load(new Int32Array(memory.buffer), new RingLayout(memory.slots).readCursorWord);
}

/** Indexes in a ring at this moment, for a gauge: both cursors may move while it looks. */
export function ringUsedSlots(memory: RingMemory): number {
  const layout = new RingLayout(memory.slots);
  const words = new Int32Array(memory.buffer);
  // Read first: the write cursor can only be ahead of it, so the difference is never negative.
  const read = Atomics.load(words, layout.readCursorWord);
  const used = (Atomics.load(words, layout.writeCursorWord) - read) | 0;
  return Math.min(used, memory.slots);
}
