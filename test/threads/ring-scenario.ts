import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { RingLayout } from '../../src/ring/ring-layout.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import type { Memo, Scenario, ThreadState } from '../support/interleaving/explorer.js';
import { RaceDetector } from '../support/interleaving/race-detector.js';
import { SteppedMemory, Violation } from '../support/interleaving/stepped-memory.js';

export interface RingCase {
  readonly slots: number;
  /** Where both cursors stand at first. */
  readonly cursor: number;
  /** Indexes that the producer tries to push, one number a call. */
  readonly pushes: readonly number[];
  /** At most so many indexes does the consumer pop, one number a call. */
  readonly pops: readonly number[];
}

/** The classes under test: the production ones, or mutants of them. */
export interface RingSubjects {
  readonly Producer: typeof RingProducer;
  readonly Consumer: typeof RingConsumer;
}

const PRODUCER = 0;
const CONSUMER = 1;
/** What a slot holds that nobody has written. */
const UNWRITTEN = -1;

/**
 * A producer that pushes 1, 2, 3 and so on, and a consumer whose hand lies in shared memory, as a worker's
 * does. Each remembers how many indexes it has dealt with, and where the peer's cursor was when it
 * last returned.
 */
export class RingScenario implements Scenario {
  readonly memory: SteppedMemory;
  readonly threads: Scenario['threads'];
  private readonly layout: RingLayout;
  private readonly ring: { readonly slots: number; readonly buffer: SharedArrayBuffer };
  private readonly handWord: number;

  constructor(
    private readonly own: RingCase,
    { Producer, Consumer }: RingSubjects = { Producer: RingProducer, Consumer: RingConsumer },
  ) {
    const { slots, cursor, pushes, pops } = own;
    const layout = new RingLayout(slots);
    const { writeCursorWord, readCursorWord, slotsWord } = layout;
    const handWords = Math.max(...pops);
    this.layout = layout;
    this.handWord = layout.bytes / 4;
    this.ring = { slots, buffer: new SharedArrayBuffer(layout.bytes + handWords * 4) };
    const cells = new Int32Array(this.ring.buffer).fill(UNWRITTEN);
    cells[writeCursorWord] = cursor;
    cells[readCursorWord] = cursor;
    const slotAndHandWords = Array.from({ length: slots + handWords }, (_, i) => slotsWord + i);
    const cursorWords = [writeCursorWord, readCursorWord];
    const watched = [...cursorWords, ...slotAndHandWords];
    const races = new RaceDetector(cells.length, watched, 2, cursorWords);
    this.memory = new SteppedMemory(cells, watched, races);
    const producer = this.stepped(new Producer(this.ring));
    const consumer = this.stepped(new Consumer(this.ring));
    const indexes = Int32Array.from(pushes.length === 0 ? [] : sequence(sum(pushes)));
    const hand = this.memory.view(this.handWord, handWords);
    this.threads = [
      {
        name: 'producer',
        subjects: [producer],
        memo: [0, 0],
        operations: pushes.map((count) => (memo) => this.push(producer, indexes, count, memo)),
      },
      {
        name: 'consumer',
        subjects: [consumer],
        memo: [0, 0],
        operations: pops.map((max) => (memo) => this.pop(consumer, hand, max, memo)),
      },
    ];
  }

  /** What is published and not yet taken is in its slots; what is taken is in the consumer's hand. */
  check(threads: readonly ThreadState[]): void {
    const { written, read } = this.counts();
    if (written < read || written - read > this.own.slots)
      throw new Violation(`the cursors say ${written} written and ${read} read`);
    for (let i = read; i < written; i++) {
      if (this.slotOf(i) !== i + 1) throw new Violation(`slot of ${i + 1} holds ${this.slotOf(i)}`);
    }
    const [popped] = threads[CONSUMER].memo;
    this.expectInHand(popped, read - popped);
  }

  /** A thread that takes the place of a dead one, or of one that is done, goes on where the cursors are. */
  checkEnd(threads: readonly ThreadState[], finish: (thread: number) => Memo): void {
    threads.forEach(({ hasCrashed }, thread) => {
      if (!hasCrashed) finish(thread);
    });
    const { written, read } = this.counts();
    if (!threads[CONSUMER].hasCrashed && !threads[PRODUCER].hasCrashed) {
      const [pushed] = finish(PRODUCER);
      const [popped] = finish(CONSUMER);
      if (pushed !== written || popped !== read)
        throw new Violation('a thread counts otherwise than its cursor');
    }
    const consumer = new RingConsumer(this.ring);
    const producer = new RingProducer(this.ring);
    const into = new Int32Array(2 * this.own.slots);
    const left = consumer.pop(into, into.length);
    const more = Int32Array.from(sequence(this.own.slots), (i) => written + i);
    if (producer.push(more, 0, more.length) !== more.length)
      throw new Violation('an empty ring has no room for as many as it has slots');
    const newer = consumer.pop(into.subarray(left), this.own.slots);
    const expected = sequence(left + newer).map((i) => read + i);
    if (left !== written - read || newer !== more.length || expected.some((index, i) => into[i] !== index))
      throw new Violation(`at the end ${into} comes out, not ${expected}`);
  }

  private push(producer: RingProducer, indexes: Int32Array, count: number, [pushed, readBefore]: Memo): Memo {
    const done = producer.push(indexes, pushed, count);
    const room = this.own.slots - (pushed - readBefore);
    if (done < Math.min(count, room) || done > count)
      throw new Violation(`pushed ${done} of ${count} with room for ${room} or more`);
    return [pushed + done, this.counts().read];
  }

  private pop(consumer: RingConsumer, hand: Int32Array, max: number, [popped, writtenBefore]: Memo): Memo {
    const done = consumer.pop(hand, max);
    const available = writtenBefore - popped;
    if (done < Math.min(max, available) || done > max)
      throw new Violation(`popped ${done} of ${max} with ${available} or more to be had`);
    this.expectInHand(popped, done);
    return [popped + done, this.counts().written];
  }

  private expectInHand(popped: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const index = this.memory.cells[this.handWord + i];
      if (index !== popped + i + 1) throw new Violation(`${index} was popped, not ${popped + i + 1}`);
    }
  }

  /** The cursors, from where they began: small enough not to wrap. */
  private counts(): { readonly written: number; readonly read: number } {
    const { cells } = this.memory;
    const countOf = (word: number) => (cells[word] - this.own.cursor) | 0;
    return { written: countOf(this.layout.writeCursorWord), read: countOf(this.layout.readCursorWord) };
  }

  private slotOf(count: number): number {
    const slot = ((this.own.cursor >>> 0) + count) % this.own.slots;
    return this.memory.cells[this.layout.slotsWord + slot];
  }

  private stepped<Side extends object>(side: Side): Side {
    if (!(Reflect.get(side, 'words') instanceof Int32Array))
      throw new Error('a side keeps its memory in words');
    Reflect.set(side, 'words', this.memory.words);
    return side;
  }
}

function sequence(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
