import fc from 'fast-check';
import t from 'tap';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { createRing, RingLayout, type RingMemory, ringUsedSlots } from '../../src/ring/ring-layout.js';
import { RingProducer } from '../../src/ring/ring-producer.js';

/** A ring whose cursors stand where they would after `cursor` indexes. */
function ringAt(slots: number, cursor: number): RingMemory {
  const memory = createRing(slots);
  const layout = new RingLayout(slots);
  const words = new Int32Array(memory.buffer);
  words[layout.writeCursorWord] = cursor;
  words[layout.readCursorWord] = cursor;
  return memory;
}

function pushAll(producer: RingProducer, values: readonly number[]): number {
  return producer.push(Int32Array.from(values), 0, values.length);
}

function popAll(consumer: RingConsumer, max: number): number[] {
  const into = new Int32Array(Math.max(max, 1));
  return [...into.subarray(0, consumer.pop(into, max))];
}

t.test('indexes come out in the order in which they went in', async (t) => {
  const memory = createRing(8);
  const producer = new RingProducer(memory);
  const consumer = new RingConsumer(memory);
  t.equal(pushAll(producer, [5, 6, 7]), 3);
  t.same(popAll(consumer, 2), [5, 6]);
  t.equal(pushAll(producer, [8]), 1);
  t.same(popAll(consumer, 32), [7, 8]);
  t.same(popAll(consumer, 32), []);
});

t.test('all slots can be used; a full ring takes what there is room for', async (t) => {
  const memory = createRing(4);
  const producer = new RingProducer(memory);
  const consumer = new RingConsumer(memory);
  t.equal(pushAll(producer, [1, 2, 3, 4, 5, 6]), 4);
  t.equal(ringUsedSlots(memory), 4);
  t.equal(pushAll(producer, [5]), 0);
  t.same(popAll(consumer, 1), [1]);
  t.equal(pushAll(producer, [5, 6]), 1);
  t.same(popAll(consumer, 9), [2, 3, 4, 5]);
  t.equal(ringUsedSlots(memory), 0);
  t.ok(consumer.isEmpty());
});

t.test('push takes its indexes from where it is told', async (t) => {
  const memory = createRing(4);
  new RingProducer(memory).push(Int32Array.of(1, 2, 3, 4), 2, 2);
  t.same(popAll(new RingConsumer(memory), 4), [3, 4]);
});

t.test('cursors wrap around at 2^31 and at 2^32', async (t) => {
  for (const cursor of [2 ** 31 - 3, -2, -1]) {
    const memory = ringAt(4, cursor);
    const producer = new RingProducer(memory);
    const consumer = new RingConsumer(memory);
    for (let i = 0; i < 20; i += 4) {
      t.equal(pushAll(producer, [i, i + 1, i + 2, i + 3, -1]), 4, `full at ${cursor}`);
      t.same(popAll(consumer, 5), [i, i + 1, i + 2, i + 3]);
    }
    t.equal(consumer.cursor, (cursor + 20) | 0);
    t.equal(producer.cursor, consumer.cursor);
  }
});

t.test('a capacity that is no power of two is refused', async (t) => {
  for (const slots of [0, 3, 1000, -8, 2 ** 31, 1.5, Number.NaN]) {
    t.throws(() => createRing(slots), { code: 'UPE_INVARIANT' }, String(slots));
  }
  t.equal(createRing(1).slots, 1);
});

t.test('both sides find their place again in a ring that is in use', async (t) => {
  const memory = createRing(4);
  pushAll(new RingProducer(memory), [1, 2, 3]);
  t.same(popAll(new RingConsumer(memory), 1), [1]);
  t.equal(pushAll(new RingProducer(memory), [4, 5, 6]), 2);
  t.same(popAll(new RingConsumer(memory), 9), [2, 3, 4, 5]);
});

t.test('a ring is half empty up to half of its slots, wherever its cursors stand', async (t) => {
  for (const cursor of [0, 2 ** 31 - 3, -3]) {
    const producer = new RingProducer(ringAt(8, cursor));
    const isHalfEmpty = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((used) => {
      if (used > 0) pushAll(producer, [used]);
      return producer.isHalfEmpty();
    });
    t.same(isHalfEmpty, [true, true, true, true, true, false, false, false, false], `at ${cursor}`);
  }
  const single = new RingProducer(createRing(1));
  t.equal(single.isHalfEmpty(), true);
  pushAll(single, [1]);
  t.equal(single.isHalfEmpty(), false);
});

t.test('whether a ring is half empty is as of the last look at what the consumer took', async (t) => {
  const memory = createRing(8);
  const producer = new RingProducer(memory);
  const consumer = new RingConsumer(memory);
  pushAll(producer, [1, 2, 3, 4, 5, 6, 7]);
  popAll(consumer, 7);
  t.equal(producer.isHalfEmpty(), false, 'it has not looked since');
  pushAll(producer, [8]);
  t.equal(producer.isHalfEmpty(), false, 'nor was there a need to');
  pushAll(producer, [9]);
  t.equal(producer.isHalfEmpty(), true, 'the ring seemed full, so it has looked: 2 of 8 are in use');
});

t.test('property: a ring behaves like a bounded queue under any interleaving', async () => {
  const step = fc.record({ push: fc.boolean(), count: fc.integer({ min: 0, max: 40 }) });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.array(step, { maxLength: 200 }),
      (logSlots, cursor, steps) => {
        const slots = 2 ** logSlots;
        const memory = ringAt(slots, cursor);
        const producer = new RingProducer(memory);
        const consumer = new RingConsumer(memory);
        const queue: number[] = [];
        let next = 0;
        for (const { push, count } of steps) {
          if (push) {
            const values = Array.from({ length: count }, () => next++);
            const pushed = pushAll(producer, values);
            if (pushed !== Math.min(count, slots - queue.length)) throw new Error(`pushed ${pushed}`);
            queue.push(...values.slice(0, pushed));
          } else {
            const popped = popAll(consumer, count);
            const expected = queue.splice(0, count);
            if (popped.join() !== expected.join()) throw new Error(`${popped} is not ${expected}`);
          }
          if (ringUsedSlots(memory) !== queue.length) throw new Error('the gauge is wrong');
        }
      },
    ),
    { numRuns: 500 },
  );
});
