import { ATOMIC_READ, ATOMIC_WRITE, PLAIN_READ, PLAIN_WRITE, Violation } from './stepped-memory.js';

const KIND_COUNT = 4;
const KIND_MASK = (1 << KIND_COUNT) - 1;

/** By kind of access: the kinds of another thread's accesses to the same word that it must come after. */
const CONFLICTING = new Map([
  [PLAIN_READ, (1 << PLAIN_WRITE) | (1 << ATOMIC_WRITE)],
  [PLAIN_WRITE, KIND_MASK],
  [ATOMIC_READ, 1 << PLAIN_WRITE],
  [ATOMIC_WRITE, (1 << PLAIN_READ) | (1 << PLAIN_WRITE)],
]);

/**
 * Checks that accesses to one word, of which one is plain and one writes, are ordered by happens-before.
 *
 * Why: stepping shows a plain write at once, which no machine promises. But a program that has no data
 * race in any sequentially consistent execution has no other executions (ECMAScript, memory model, "Data
 * Race Freedom"): so enumerating those is enough, if each is also checked to be free of races.
 *
 * Instead of vector clocks, which grow and make equal states differ, each thread and each atomic word
 * has a byte a word: the accesses of others, by thread and kind, that it has not heard of. A store hands the
 * thread's bytes to the word, and a load hears all that the word has heard ("synchronizes-with").
 */
export class RaceDetector {
  /** Everybody's bytes: the threads' first, then the atomic words'. Part of a state. */
  readonly unheard: Uint8Array;
  private readonly partyCount: number;
  /** By word: its byte in a party's row. */
  private readonly column: Int16Array;

  /**
   * @param wordCount words of the memory.
   * @param watched those that are accessed.
   * @param atomicWords those that are accessed by `Atomics`.
   */
  constructor(
    private readonly wordCount: number,
    private readonly watched: readonly number[],
    private readonly threadCount: number,
    private readonly atomicWords: readonly number[],
  ) {
    if (threadCount * KIND_COUNT > 8) throw new Error('a byte has room for two threads');
    this.partyCount = threadCount + atomicWords.length;
    this.unheard = new Uint8Array(this.partyCount * watched.length);
    this.column = new Int16Array(wordCount).fill(-1);
    watched.forEach((word, i) => {
      this.column[word] = i;
    });
  }

  /** Everybody has heard of everything: a thread has ended, and main, which waited for that, tells the others. */
  hearAll(): void {
    this.unheard.fill(0);
  }

  access(thread: number, kind: number, word: number): void {
    const { unheard, watched, partyCount } = this;
    const column = this.column[word];
    const row = watched.length;
    const conflicting = CONFLICTING.get(kind)!;
    for (let other = 0; other < this.threadCount; other++) {
      if (other === thread) continue;
      if (((unheard[thread * row + column] >> (other * KIND_COUNT)) & conflicting) !== 0)
        throw new Violation(`a race: word ${word} of ${this.wordCount}, which thread ${other} has accessed`);
    }
    const message = (this.threadCount + this.atomicWords.indexOf(word)) * row;
    if (kind === ATOMIC_READ) {
      for (let i = 0; i < row; i++) unheard[thread * row + i] &= unheard[message + i];
    }
    const bit = 1 << (thread * KIND_COUNT + kind);
    for (let party = 0; party < partyCount; party++) {
      if (party !== thread) unheard[party * row + column] |= bit;
    }
    if (kind === ATOMIC_WRITE) unheard.copyWithin(message, thread * row, (thread + 1) * row);
  }
}
