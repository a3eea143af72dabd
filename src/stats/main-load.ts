import { CACHE_LINE_WORDS, WORD_BYTES } from '../memory/layout.js';
import type { EventLoopReading } from './event-loop-load.js';

/*
 * How main's event loop is doing, as it says itself: once a second, for stats, which a message would wake for it.
 *
 *   | (empty line) | readings, busy, heap, lag, gc |
 *
 *   word       type    writer   readers   meaning
 *   readings   int64   main     stats     goes up with every reading: main is alive
 *   busy       int64   main     stats     time that the loop has been active, nanoseconds
 *   heap       int64   main     stats     bytes
 *   lag        int64   main     stats     how late the last periodic timer came, nanoseconds
 *   gc         int64   main     stats     time spent in garbage collection, nanoseconds
 *
 * Each is read as a whole, by Atomics; one of them may be of the reading before the others.
 */
const READINGS = 0;
const BUSY = 1;
const HEAP = 2;
const LAG = 3;
const GC = 4;
const NANOSECONDS = 1e9;

export function createMainLoad(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * CACHE_LINE_WORDS * WORD_BYTES);
}

export class MainLoad {
  private readonly words: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new BigInt64Array(memory, CACHE_LINE_WORDS * WORD_BYTES);
  }

  /** Main only. */
  set({ busySeconds, heapBytes, lagSeconds, gcSeconds }: EventLoopReading): void {
    this.store(BUSY, busySeconds * NANOSECONDS);
    this.store(HEAP, heapBytes);
    this.store(LAG, lagSeconds * NANOSECONDS);
    this.store(GC, gcSeconds * NANOSECONDS);
    Atomics.add(this.words, READINGS, 1n);
  }

  read(): EventLoopReading {
    return {
      busySeconds: this.load(BUSY) / NANOSECONDS,
      heapBytes: this.load(HEAP),
      lagSeconds: this.load(LAG) / NANOSECONDS,
      gcSeconds: this.load(GC) / NANOSECONDS,
    };
  }

  /** Readings so far. */
  get readings(): number {
    return this.load(READINGS);
  }

  private store(word: number, value: number): void {
    Atomics.store(this.words, word, BigInt(Math.round(value)));
  }

  private load(word: number): number {
    return Number(Atomics.load(this.words, word));
  }
}
