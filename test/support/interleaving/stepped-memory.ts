import type { RaceDetector } from './race-detector.js';

/** Kinds of access to a shared word. */
export const PLAIN_READ = 0;
export const PLAIN_WRITE = 1;
export const ATOMIC_READ = 2;
export const ATOMIC_WRITE = 3;

/** Why an operation did not come to its end; thrown through it, because it knows nothing of being stepped. */
const SUSPENDED = Symbol('suspended before an access');
const BLOCKED = Symbol('blocked');

/** How a run of an operation ended: blocked is where a compare-and-exchange would fail, again and again. */
export type RunEnd = 'done' | 'suspended' | 'blocked';

/** The code under test has done what it must not. */
export class Violation extends Error {}

/**
 * Shared words whose every access is a step.
 *
 * The code under test is the production code as it is: it gets `words` in place of its Int32Array, and
 * while `inPlaceOfAtomics` runs the global `Atomics` knows such words too. The hot path has no seam for
 * it, and costs what it did. A thread stops between two accesses without a stack of its own: an operation
 * is a function of what it reads, so it is run again from its beginning, with the values that its
 * accesses had the last time, and goes one access further. The alternatives were worse: production code
 * made of steps would be slower, a model beside it would have to be proved equal to it, and a worker
 * thread a side makes some ten thousand steps a second where this makes hundreds of thousands.
 */
export class SteppedMemory {
  /** What the code under test works on. Reading `cells` instead is no step. */
  readonly words: Int32Array;
  /** The access that was made last, for the trace of a violation. */
  lastAccess = '';
  private readonly real = globalThis.Atomics;
  private readonly isWatched: Uint8Array;
  private thread = 0;
  private log: number[] = [];
  private position = 0;
  private granted = 0;

  /**
   * @param cells the memory itself; all values are here.
   * @param watched the words that may be accessed; any other is a violation.
   */
  constructor(
    readonly cells: Int32Array,
    readonly watched: readonly number[],
    readonly races: RaceDetector,
  ) {
    this.isWatched = new Uint8Array(cells.length);
    for (const word of watched) this.isWatched[word] = 1;
    this.words = this.view(0, cells.length);
  }

  /** Some of the words under indexes from 0, as `subarray` would give them. */
  view(first: number, count: number): Int32Array {
    const words = { memory: this };
    for (let i = 0; i < count; i++) {
      Object.defineProperty(words, i, {
        get: () => this.access(PLAIN_READ, first + i, 0),
        set: (value: number) => this.access(PLAIN_WRITE, first + i, value),
      });
    }
    return Object.preventExtensions(words) as unknown as Int32Array;
  }

  /**
   * Runs an operation of a thread: the accesses in `log` as they were, then new ones.
   *
   * @param log values of the accesses made so far; the new ones are appended.
   * @param granted new accesses that may be made.
   */
  run(thread: number, log: number[], granted: number, operation: () => void): RunEnd {
    this.thread = thread;
    this.log = log;
    this.position = 0;
    this.granted = granted;
    try {
      operation();
      return 'done';
    } catch (thrown) {
      if (thrown === SUSPENDED) return 'suspended';
      if (thrown === BLOCKED) return 'blocked';
      throw thrown;
    }
  }

  /** Runs `body` with an `Atomics` that makes steps of what concerns `words`. */
  inPlaceOfAtomics<T>(body: () => T): T {
    const { real } = this;
    const isOurs = (words: Int32Array) => (words as unknown as { memory?: unknown }).memory === this;
    const standIn = {
      load: (words: Int32Array, word: number) =>
        isOurs(words) ? this.access(ATOMIC_READ, word, 0) : real.load(words, word),
      store: (words: Int32Array, word: number, value: number) =>
        isOurs(words) ? this.access(ATOMIC_WRITE, word, value) : real.store(words, word, value),
      compareExchange: (words: Int32Array, word: number, expected: number, value: number) =>
        isOurs(words)
          ? this.exchange(word, expected, value)
          : real.compareExchange(words, word, expected, value),
      wait: (words: Int32Array, word: number, value: number, timeoutMs: number) => {
        if (isOurs(words)) throw BLOCKED;
        return real.wait(words, word, value, timeoutMs);
      },
    };
    globalThis.Atomics = standIn as unknown as typeof Atomics;
    try {
      return body();
    } finally {
      globalThis.Atomics = real;
    }
  }

  private access(kind: number, word: number, value: number): number {
    if (this.position < this.log.length) return this.log[this.position++];
    this.take(word);
    this.races.access(this.thread, kind, word);
    const isWrite = kind === PLAIN_WRITE || kind === ATOMIC_WRITE;
    if (isWrite && !Number.isInteger(value)) throw new Violation(`${value} is written to word ${word}`);
    if (isWrite) this.cells[word] = value;
    return this.note(kind, word, this.cells[word]);
  }

  private exchange(word: number, expected: number, value: number): number {
    if (this.position < this.log.length) return this.log[this.position++];
    if (this.granted > 0 && this.cells[word] !== expected) throw BLOCKED;
    this.take(word);
    this.races.access(this.thread, ATOMIC_READ, word);
    this.races.access(this.thread, ATOMIC_WRITE, word);
    this.cells[word] = value;
    this.note(ATOMIC_WRITE, word, value);
    this.log[this.log.length - 1] = expected;
    return expected;
  }

  private take(word: number): void {
    if (this.granted === 0) throw SUSPENDED;
    this.granted--;
    if (this.isWatched[word] !== 1)
      throw new Violation(`word ${word} is outside of what the thread may touch`);
  }

  private note(kind: number, word: number, value: number): number {
    this.lastAccess = `${['reads', 'writes', 'loads', 'stores'][kind]} word ${word}: ${value}`;
    this.log.push(value);
    this.position++;
    return value;
  }
}
