import { BufferCache } from '../../src/memory/buffer-cache.js';
import { createPool, PacketPool, type PoolMemory } from '../../src/memory/packet-pool.js';
import { CACHE_BUFFERS, MOVE_BUFFERS, PoolLayout } from '../../src/memory/pool-layout.js';
import type { Memo, Scenario, ThreadState } from '../support/interleaving/explorer.js';
import { RaceDetector } from '../support/interleaving/race-detector.js';
import { SteppedMemory, Violation } from '../support/interleaving/stepped-memory.js';

/** What a thread does with its cache: 'alloc', 'free' the oldest buffer it holds, 'free 4' as one burst. */
export type PoolOperation = 'alloc' | 'free' | `free ${number}`;

export interface PoolCase {
  readonly buffers: number;
  /** Done by each thread on its own, before anything is explored. */
  readonly before: readonly (readonly PoolOperation[])[];
  /** Done by each thread, in every interleaving. */
  readonly operations: readonly (readonly PoolOperation[])[];
}

/** Buffers of a thread, by where they are. */
interface Places {
  readonly cached: readonly number[];
  readonly held: readonly number[];
}

/**
 * Two threads on one pool: the cache and batch sizes are the production ones, the pool is as small as the
 * case makes it. A thread remembers the buffers that it holds.
 */
export class PoolScenario implements Scenario {
  readonly memory: SteppedMemory;
  readonly threads: Scenario['threads'];
  private readonly pool: PoolMemory;
  private readonly layout: PoolLayout;

  constructor(
    private readonly own: PoolCase,
    Cache: typeof BufferCache = BufferCache,
  ) {
    const threadCount = own.operations.length;
    const shape = { bufferCount: own.buffers, bufferBytes: 64, threadCount, handBuffers: 1 };
    this.pool = createPool(shape);
    this.layout = new PoolLayout(shape);
    const { lockWord, freeCountWord, freeListWord, cacheSlotsOffset } = this.layout;
    const cells = new Int32Array(this.pool.state);
    const held = own.before.map((operations, thread) => {
      const cache = new BufferCache(cells, this.layout, thread);
      return operations.reduce<Memo>((memo, operation) => perform(cache, operation, memo), []);
    });
    const watched = [
      lockWord,
      freeCountWord,
      ...range(freeListWord, own.buffers),
      ...held.flatMap((_, thread) => {
        const word = this.layout.threadWord(thread);
        return [word, word + 1, word + 2, ...range(word + cacheSlotsOffset, CACHE_BUFFERS)];
      }),
    ];
    const races = new RaceDetector(cells.length, watched, threadCount, [lockWord]);
    this.memory = new SteppedMemory(cells, watched, races);
    this.threads = own.operations.map((operations, thread) => {
      const cache = new Cache(this.memory.words, this.layout, thread);
      return {
        name: `thread ${thread}`,
        subject: cache,
        memo: held[thread],
        operations: operations.map((operation) => (memo) => perform(cache, operation, memo)),
      };
    });
  }

  /**
   * No buffer is in two places, and while the lock is free none is missing.
   *
   * Whoever has the lock may be in the middle of moving buffers: its cache and its hand do not count
   * then, so that this is also what others see of the pool if it dies there. The buffers that they do not see
   * are those it had, and at most one batch that it was about to get.
   */
  check(threads: readonly ThreadState[]): void {
    const lock = this.memory.cells[this.layout.lockWord];
    const mover = lock - 1;
    const free = this.freeList();
    const seen = new Map<number, string>();
    const note = (buffers: readonly number[], where: string) => {
      for (const buffer of buffers) {
        if (!(buffer >= 0 && buffer < this.own.buffers)) throw new Violation(`${where} has ${buffer}`);
        const before = seen.get(buffer);
        if (before !== undefined) throw new Violation(`buffer ${buffer} is in ${before} and in ${where}`);
        seen.set(buffer, where);
      }
    };
    note(free, 'the global list');
    threads.forEach((state, thread) => {
      if (thread === mover) return;
      const { cached, held } = this.placesOf(state, thread);
      note(cached, `the cache of thread ${thread}`);
      note(held, `the hand of thread ${thread}`);
      const word = this.layout.threadWord(thread);
      const [count, taken, returned] = this.memory.cells.subarray(word, word + 3);
      if (taken - returned - count !== held.length)
        throw new Violation(`thread ${thread} has taken ${taken}, returned ${returned}, cached ${count}`);
    });
    const missing = this.own.buffers - seen.size;
    if (lock === 0 && missing !== 0) throw new Violation(`${missing} buffers are missing`);
    if (lock === 0) return;
    const { cached, held } = this.placesOf(threads[mover], mover);
    if (missing > cached.length + held.length + MOVE_BUFFERS)
      throw new Violation(
        `${missing} buffers are missing, and thread ${mover} had ${cached.length + held.length}`,
      );
  }

  /**
   * What can be done after a death: the dead thread's lock is broken, and all buffers that are not in the
   * global list and not with a living thread are put into the list. Then the living thread does the
   * rest of its work, and every buffer is there.
   */
  checkEnd(threads: readonly ThreadState[], finish: (thread: number) => Memo): void {
    const dead = threads.findIndex(({ hasCrashed }) => hasCrashed);
    if (dead >= 0) this.takeBack(threads, dead);
    let heldCount = 0;
    threads.forEach((_, thread) => {
      if (thread !== dead) heldCount += finish(thread).length;
    });
    const pool = new PacketPool(this.pool);
    const audit = pool.audit();
    if (audit.heldCount !== heldCount || pool.freeCount() !== this.own.buffers - heldCount)
      throw new Violation(`at the end ${audit.heldCount} buffers are not free, and ${heldCount} are held`);
  }

  private takeBack(threads: readonly ThreadState[], dead: number): void {
    const { cells } = this.memory;
    const { lockWord, freeCountWord, freeListWord } = this.layout;
    if (cells[lockWord] === dead + 1) cells[lockWord] = 0;
    if (cells[lockWord] !== 0) return;
    const accounted = new Set(this.freeList());
    threads.forEach((state, thread) => {
      if (thread === dead) return;
      const { cached, held } = this.placesOf(state, thread);
      for (const buffer of [...cached, ...held]) accounted.add(buffer);
    });
    for (let buffer = 0; buffer < this.own.buffers; buffer++) {
      if (!accounted.has(buffer)) cells[freeListWord + cells[freeCountWord]++] = buffer;
    }
    cells[this.layout.threadWord(dead)] = 0;
    this.memory.races.hearAll();
  }

  private freeList(): number[] {
    const { freeCountWord, freeListWord } = this.layout;
    return this.wordsFrom(freeListWord, this.memory.cells[freeCountWord]);
  }

  private placesOf({ memo }: ThreadState, thread: number): Places {
    const word = this.layout.threadWord(thread);
    return {
      cached: this.wordsFrom(word + this.layout.cacheSlotsOffset, this.memory.cells[word]),
      held: memo,
    };
  }

  private wordsFrom(word: number, count: number): number[] {
    return [...this.memory.cells.subarray(word, word + count)];
  }
}

function perform(cache: BufferCache, operation: PoolOperation, held: Memo): Memo {
  if (operation === 'alloc') {
    const buffer = cache.alloc();
    return buffer < 0 ? held : [...held, buffer];
  }
  if (operation === 'free') {
    if (held.length > 0) cache.free(held[0]);
    return held.slice(1);
  }
  const count = Math.min(Number(operation.slice('free '.length)), held.length);
  cache.freeBurst(Int32Array.from(held), count);
  return held.slice(count);
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
