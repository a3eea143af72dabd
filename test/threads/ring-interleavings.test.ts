import t from 'tap';
import { copyWords } from '../../src/ring/copy-words.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import { Exploration } from '../support/interleaving/exploration.js';
import { type Mutation, mutantOf } from '../support/interleaving/mutant.js';
import { type RingCase, RingScenario, type RingSubjects } from './ring-scenario.js';

t.setTimeout(120_000);

/** Where the cursors begin: the int32 wraps, and then the count does, in the middle of the traffic. */
const CURSORS = [0, 2 ** 31 - 2, -2];

/** All lists of `length` numbers from 1 to `max`. */
function lists(length: number, max: number): number[][] {
  if (length === 0) return [[]];
  const shorter = lists(length - 1, max);
  return Array.from({ length: max }, (_, i) => shorter.map((list) => [i + 1, ...list])).flat();
}

/** Every list of bursts against every other, from one that fits to one that never can. */
function casesOf(slots: number, pushes: number[][], pops: number[][]): RingCase[] {
  const cases = pushes.flatMap((push) => pops.map((pop) => ({ slots, pushes: push, pops: pop })));
  return cases.flatMap((own) => CURSORS.map((cursor) => ({ ...own, cursor })));
}

const SIZES = [
  { what: '1 slot', cases: casesOf(1, lists(3, 2), lists(3, 2)) },
  { what: '2 slots', cases: casesOf(2, lists(3, 3), lists(3, 3)) },
  { what: '4 slots', cases: casesOf(4, lists(2, 5), lists(2, 5)) },
  {
    what: 'many times around',
    cases: [
      ...casesOf(1, [[1, 1, 2, 1, 1, 2, 1, 1]], [[1, 2, 1, 1, 1, 1, 2, 1]]),
      ...casesOf(2, [[2, 1, 3, 2, 1, 1, 2, 3]], [[1, 2, 3, 1, 2, 2, 1, 3]]),
      ...casesOf(4, [[3, 4, 5, 1, 2, 4]], [[2, 4, 1, 5, 3, 4]]),
    ],
  },
];

for (const { what, cases } of SIZES) {
  t.test(`${what}: every interleaving, with a crash at every step`, async (t) => {
    const exploration = new Exploration();
    for (const own of cases) exploration.explore(new RingScenario(own), JSON.stringify(own));
    t.comment(`${cases.length} cases of ${what}: ${exploration.report()}`);
    t.pass();
  });
}

const STORE = 'Atomics.store(this.words, this.writeCursorWord, this.write);';
const LOAD = 'Atomics.load(this.words, this.writeCursorWord)';
const LOOK = 'this.cachedRead = Atomics.load(this.words, this.readCursorWord);';
const COPY = 'copyWords(indexes, from, words, slotsWord + first, beforeEnd);';
const COPY_OUT = 'copyWords(words, slotsWord + first, into, 0, beforeEnd);';
const RETURN_SLOTS = 'Atomics.store(this.words, this.readCursorWord, this.read);';

interface Defect {
  readonly what: string;
  readonly producer?: readonly Omit<Mutation, 'method'>[];
  readonly consumer?: readonly Omit<Mutation, 'method'>[];
  readonly found: RegExp;
}

/** Each is one thought away from the production code. */
const DEFECTS: readonly Defect[] = [
  {
    what: 'the write cursor is published before the slots are written',
    producer: [
      { replace: `if (pushed > 0)\n            ${STORE}`, by: '' },
      { replace: COPY, by: `Atomics.store(words, this.writeCursorWord, (write + pushed) | 0);\n${COPY}` },
    ],
    found: /slot of 1 holds -1/,
  },
  {
    what: 'the write cursor is published by a plain store',
    producer: [{ replace: STORE, by: 'this.words[this.writeCursorWord] = this.write;' }],
    found: /a race/,
  },
  {
    what: 'the write cursor is read by a plain load',
    consumer: [{ replace: LOAD, by: 'this.words[this.writeCursorWord]' }],
    found: /a race/,
  },
  {
    what: 'the read cursor is published before the slots are copied out',
    consumer: [
      { replace: RETURN_SLOTS, by: '' },
      {
        replace: COPY_OUT,
        by: `Atomics.store(words, this.readCursorWord, (read + popped) | 0);\n${COPY_OUT}`,
      },
    ],
    found: /was popped, not/,
  },
  {
    what: 'the read cursor is published by a plain store',
    consumer: [{ replace: RETURN_SLOTS, by: 'this.words[this.readCursorWord] = this.read;' }],
    found: /a race/,
  },
  {
    what: "the producer's mask is one bit short",
    producer: [{ replace: '& slotMask', by: '& (slotMask >> 1)' }],
    found: /slot of \d holds/,
  },
  {
    what: "both sides' masks are one bit short",
    producer: [{ replace: '& slotMask', by: '& (slotMask >> 1)' }],
    consumer: [{ replace: '& slotMask', by: '& (slotMask >> 1)' }],
    found: /slot of \d holds/,
  },
  {
    what: 'the slots are not masked',
    producer: [{ replace: 'write & slotMask', by: 'write' }],
    consumer: [{ replace: 'read & slotMask', by: 'read' }],
    found: /a race|outside of what the thread may touch|is written to word|slot of \d holds/,
  },
  {
    what: 'the producer writes on behind the last slot',
    producer: [{ replace: 'Math.min(pushed, slots - first)', by: 'pushed' }],
    found: /a race|outside of what the thread may touch|slot of \d holds|was popped, not/,
  },
  {
    what: 'the consumer reads on behind the last slot',
    consumer: [{ replace: 'Math.min(popped, slots - first)', by: 'popped' }],
    found: /a race|outside of what the thread may touch|was popped, not/,
  },
  {
    what: 'what goes on at the first slot is copied from the beginning of the burst',
    producer: [{ replace: 'from + beforeEnd', by: 'from' }],
    found: /slot of \d holds/,
  },
  {
    what: 'the producer does not look at the read cursor again',
    producer: [{ replace: LOOK, by: '' }],
    found: /pushed 0 of \d with room for/,
  },
  {
    what: 'the consumer does not look at the write cursor again',
    consumer: [{ replace: `this.cachedWrite = ${LOAD};`, by: '' }],
    found: /popped 0 of \d with/,
  },
  {
    what: 'the producer takes one slot more than there is',
    producer: [
      { replace: 'const pushed = Math.min(room, count)', by: 'const pushed = Math.min(room + 1, count)' },
    ],
    found: /the cursors say|slot of \d holds/,
  },
  {
    what: 'a cursor does not wrap to an int32',
    producer: [
      {
        replace: 'let room = this.slots - ((this.write - this.cachedRead) | 0)',
        by: 'let room = this.slots - (this.write - this.cachedRead)',
      },
    ],
    found: /pushed|the cursors say|slot of \d holds/,
  },
];

t.test('a defect is found: its schedule ends in a violation', async (t) => {
  for (const { what, producer = [], consumer = [], found } of DEFECTS) {
    const subjects: RingSubjects = {
      Producer: mutantOf(
        RingProducer,
        producer.map((change) => ({ method: 'push', ...change })),
        { copyWords },
      ),
      Consumer: mutantOf(
        RingConsumer,
        consumer.map((change) => ({ method: 'pop', ...change })),
        { copyWords },
      ),
    };
    const explore = () => {
      const exploration = new Exploration();
      for (const own of casesOf(2, [[1, 2, 3]], [[1, 2, 2]]))
        exploration.explore(new RingScenario(own, subjects), JSON.stringify(own));
    };
    t.throws(explore, { message: found }, what);
  }
});
