import { RECORD_WORDS, SampleRingLayout, type SampleRingMemory } from './sample-ring-layout.js';

/** Who takes the records of a ring. */
export interface SampleSink {
  /** The ring's memory, and the first word of a record in it; valid during the call. */
  take(words: Int32Array, word: number): void;
}

/** Stats' side of a ring of samples. A reader may follow one that has died: it goes on at the read cursor. */
export class SampleRingReader {
  private readonly layout: SampleRingLayout;
  private readonly words: Int32Array;
  private read: number;

  constructor(memory: SampleRingMemory) {
    this.layout = new SampleRingLayout(memory.slots);
    this.words = new Int32Array(memory.buffer);
    this.read = Atomics.load(this.words, this.layout.readCursorWord);
  }

  /** One packet in so many is wanted now. */
  get interval(): number {
    return Atomics.load(this.words, this.layout.intervalWord);
  }

  /** @param interval from 1 to `INTERVAL_MAX`. */
  set interval(interval: number) {
    Atomics.store(this.words, this.layout.intervalWord, interval);
  }

  /** Hands over what is in the ring at this moment, in its order. What comes meanwhile is left for the next time. */
  drain(sink: SampleSink): void {
    const { words, layout } = this;
    const write = Atomics.load(words, layout.writeCursorWord);
    if (write === this.read) return;
    while (this.read !== write) {
      sink.take(words, layout.recordsWord + (this.read & layout.slotMask) * RECORD_WORDS);
      this.read = (this.read + 1) | 0;
    }
    // When all are read: until then the worker must not write over them.
    Atomics.store(words, layout.readCursorWord, write);
  }
}
