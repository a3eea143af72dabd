import { BufferCache } from '../../src/memory/buffer-cache.js';
import { repairCache } from '../../src/memory/cache-repair.js';
import { createPool, PacketPool, type PoolMemory } from '../../src/memory/packet-pool.js';
import {
  CACHE_BUFFERS,
  MOVE_BUFFERS,
  PoolLayout,
  RX_INDEX,
  THREAD_COUNT,
  THREAD_RETURNED,
  THREAD_TAKEN,
} from '../../src/memory/pool-layout.js';
import { ReturnRing } from '../../src/memory/return-ring.js';
import type { Memo, Scenario, ThreadState } from '../support/interleaving/explorer.js';
import { RaceDetector } from '../support/interleaving/race-detector.js';
import { SteppedMemory, Violation } from '../support/interleaving/stepped-memory.js';

/**
 * What a thread does with its cache: 'alloc', 'free' the oldest buffer it holds, 'free 4' as its hand (a worker),
 * 'stock 20' for a burst of allocations to come.
 */
export type PoolOperation = 'alloc' | 'free' | `free ${number}` | `stock ${number}`;

export interface PoolCase {
  readonly buffers: number;
  /** Where both cursors of the return ring stand at first; 0 where it is not given. */
  readonly cursor?: number;
  /** Done by each thread on its own, before anything is explored. */
  readonly before: readonly (readonly PoolOperation[])[];
  /** Done by each thread, in every interleaving. */
  readonly operations: readonly (readonly PoolOperation[])[];
}

const WORKER = 1;

/** Buffers of a thread, by where they are. */
interface Places {
  readonly cached: readonly number[];
  readonly held: readonly number[];
}

/**
 * rx and a worker on one pool: the cache and batch sizes are the production ones, the pool is as small as the
 * case makes it. A thread remembers the buffers that it holds, and before them how many it has given back as
 * its hand.
 */
export class PoolScenario implements Scenario {
  readonly memory: SteppedMemory;
  readonly threads: Scenario['threads'];
  private readonly pool: PoolMemory;
  private readonly layout: PoolLayout;
  /** Of the worker, as the memory is between two steps. */
  private readonly returns: ReturnRing;
  private readonly cursor: number;

  constructor(
    private readonly own: PoolCase,
    Cache: typeof BufferCache = BufferCache,
  ) {
    const threadCount = own.operations.length;
    const shape = { bufferCount: own.buffers, bufferBytes: 64, threadCount, handBuffers: 1 };
    this.pool = createPool(shape);
    this.layout = new PoolLayout(shape);
    const cells = new Int32Array(this.pool.state);
    const { lockWord, freeCountWord, freeListWord, cacheSlotsOffset } = this.layout;
    const writeCursorWord = this.layout.returnRingWord(WORKER);
    const readCursorWord = writeCursorWord + this.layout.returnReadCursorOffset;
    this.cursor = own.cursor ?? 0;
    cells[writeCursorWord] = this.cursor;
    cells[readCursorWord] = this.cursor;
    this.returns = new ReturnRing(cells, this.layout, WORKER);
    const held = own.before.map((operations, thread) => {
      const cache = new BufferCache(cells, this.layout, thread);
      return operations.reduce<Memo>((memo, operation) => perform(cache, operation, memo), [this.cursor]);
    });
    const watched = [
      lockWord,
      freeCountWord,
      ...range(freeListWord, own.buffers),
      ...held.flatMap((_, thread) => {
        const block = this.layout.threadWord(thread);
        const own = [THREAD_COUNT, THREAD_TAKEN, THREAD_RETURNED];
        return [...own.map((word) => block + word), ...range(block + cacheSlotsOffset, CACHE_BUFFERS)];
      }),
      writeCursorWord,
      readCursorWord,
      ...range(writeCursorWord + this.layout.returnSlotsOffset, this.layout.returnSlots),
    ];
    const races = new RaceDetector(cells.length, watched, threadCount, [lockWord, writeCursorWord]);
    this.memory = new SteppedMemory(cells, watched, races);
    this.threads = own.operations.map((operations, thread) => {
      const cache = new Cache(cells, this.layout, thread);
      const subjects = [
        cache,
        ...Object.values(cache)
          .flat()
          .filter((part) => part instanceof ReturnRing),
      ];
      for (const subject of subjects) Object.assign(subject, { words: this.memory.words });
      return {
        name: `thread ${thread}`,
        subjects,
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
  check(threads: readonly ThreadState[], isRepaired = false): void {
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
    const waiting = [...this.returns.buffers()];
    const underWay = isRepaired
      ? 0
      : this.underWay(threads[RX_INDEX], waiting, mover === RX_INDEX ? free : []);
    note(waiting.slice(underWay), 'the return ring');
    threads.forEach((state, thread) => {
      if (thread === mover) return;
      const { cached, held } = this.placesOf(state, thread);
      note(cached, `the cache of thread ${thread}`);
      note(held, `the hand of thread ${thread}`);
      const [count, taken, returned] = [THREAD_COUNT, THREAD_TAKEN, THREAD_RETURNED].map((word) =>
        this.wordOf(thread, word),
      );
      const { readCursor, writeCursor } = this.returns;
      const byRing =
        thread === RX_INDEX ? (readCursor + underWay - this.cursor) | 0 : (this.cursor - writeCursor) | 0;
      if (taken - returned + byRing - count !== held.length)
        throw new Violation(
          `thread ${thread} has taken ${taken}, returned ${returned}, by the ring ${byRing}, cached ${count}`,
        );
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
   * After a death main breaks the lock where the dead thread has it, no buffer is twice or missing even so, and
   * its successor gives back what it held. Then the living thread does the rest of its work, and every buffer
   * is there.
   */
  checkEnd(threads: readonly ThreadState[], finish: (thread: number) => Memo): void {
    const dead = threads.findIndex(({ hasCrashed }) => hasCrashed);
    if (dead >= 0) this.succeed(threads, dead);
    let heldCount = 0;
    threads.forEach((_, thread) => {
      if (thread !== dead) heldCount += heldOf(finish(thread)).length;
    });
    const pool = new PacketPool(this.pool);
    const audit = pool.audit();
    if (audit.heldCount !== heldCount || pool.freeCount() !== this.own.buffers - heldCount)
      throw new Violation(`at the end ${audit.heldCount} buffers are not free, and ${heldCount} are held`);
  }

  private succeed(threads: readonly ThreadState[], dead: number): void {
    const { cells } = this.memory;
    try {
      repairCache(cells, this.layout, dead);
    } catch (error) {
      throw new Violation(`not to be repaired: ${error}`);
    }
    // A living thread that waits with the lock in its own hand is found when it is to finish.
    if (cells[this.layout.lockWord] !== 0) return;
    this.check(threads, true);
    const { held } = this.placesOf(threads[dead], dead);
    const successor = new BufferCache(cells, this.layout, dead);
    if (dead === RX_INDEX) successor.freeBurst(Int32Array.from(held), held.length);
    else successor.freeHand(Int32Array.from(held), held.length);
    this.memory.races.hearAll();
  }

  private freeList(): number[] {
    const { freeCountWord, freeListWord } = this.layout;
    return this.wordsFrom(freeListWord, this.memory.cells[freeCountWord]);
  }

  private placesOf({ memo }: ThreadState, thread: number): Places {
    const slotsWord = this.layout.threadWord(thread) + this.layout.cacheSlotsOffset;
    const cached = this.wordsFrom(slotsWord, this.wordOf(thread, THREAD_COUNT));
    // What the operation under way has given back already.
    const released = thread === RX_INDEX ? 0 : (this.returns.writeCursor - memo[0]) | 0;
    return { cached, held: heldOf(memo).slice(released) };
  }

  /** How many of those that wait in the return ring rx has elsewhere already, in the midst of taking them. */
  private underWay(
    { log, hasCrashed }: ThreadState,
    waiting: readonly number[],
    free: readonly number[],
  ): number {
    if (log.length === 0 && !hasCrashed) return 0;
    const slotsWord = this.layout.threadWord(RX_INDEX) + this.layout.cacheSlotsOffset;
    const cached = this.wordsFrom(slotsWord, this.wordOf(RX_INDEX, THREAD_COUNT));
    const first = waiting.findIndex((buffer) => !cached.includes(buffer) && !free.includes(buffer));
    return first < 0 ? waiting.length : first;
  }

  private wordOf(thread: number, word: number): number {
    return this.memory.cells[this.layout.threadWord(thread) + word];
  }

  private wordsFrom(word: number, count: number): number[] {
    return [...this.memory.cells.subarray(word, word + count)];
  }
}

function perform(cache: BufferCache, operation: PoolOperation, memo: Memo): Memo {
  const [released, ...held] = memo;
  if (operation === 'alloc') {
    const buffer = cache.alloc();
    return buffer < 0 ? memo : [...memo, buffer];
  }
  if (operation.startsWith('stock ')) {
    cache.stock(Number(operation.slice('stock '.length)));
    return memo;
  }
  if (operation === 'free') {
    if (held.length > 0) cache.free(held[0]);
    return [released, ...held.slice(1)];
  }
  const count = Math.min(handCountOf(operation), held.length);
  cache.freeHand(Int32Array.from(held), count);
  return [(released + count) | 0, ...held.slice(count)];
}

function heldOf(memo: Memo): readonly number[] {
  return memo.slice(1);
}

/** Of an operation that gives a hand back: how many buffers; of any other none. */
function handCountOf(operation: PoolOperation): number {
  return operation.startsWith('free ') ? Number(operation.slice('free '.length)) : 0;
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}
