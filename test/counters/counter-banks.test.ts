import fc from 'fast-check';
import t from 'tap';
import { SLOT_CELLS, SLOT_LAST_MS, SLOT_PACKETS } from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import { CONTROL_COUNTERS_REQUESTED, CONTROL_STATE, STATE_STOPPED } from '../../src/memory/control-layout.js';
import { CountersModel, NOTHING } from './counters-model.js';
import { CountersStandIn, SHAPE, type Shown } from './counters-stand-in.js';

t.test('what is counted is visible only once it has been published', async (t) => {
  const counters = new CountersStandIn();
  counters.addTotal(1, 5);
  t.equal(counters.take(), false);
  counters.request();
  t.equal(counters.banks.isRequested(), true);
  t.equal(counters.take(), false, 'asked for, not answered');
  t.same(counters.shown(), NOTHING);
  counters.publish(7);
  t.equal(counters.banks.isRequested(), false);
  t.same(counters.shown(), NOTHING, 'published, not taken');
  t.equal(counters.take(), true);
  t.same(counters.shown(), { ...NOTHING, levels: [7, -7], totals: [0, 5, 0] });
  t.equal(counters.take(), false, 'there is nothing newer');
});

t.test('a publication is the state at its moment, whatever is counted before it is taken', async (t) => {
  const counters = new CountersStandIn();
  counters.countPacket(3, 100, 50);
  counters.request();
  counters.publish(1);
  counters.countPacket(3, 900, 60);
  counters.addTotal(0, 1);
  counters.take();
  t.same(counters.shown().slots.slice(3 * SLOT_CELLS), [1, 100, 50, 0]);
  t.same(counters.shown().totals, [0, 0, 0]);
  counters.request();
  counters.publish(2);
  counters.take();
  t.same(counters.shown().slots.slice(3 * SLOT_CELLS), [2, 1000, 60, 0]);
  t.same(counters.shown(), { ...counters.shown(), levels: [2, -2], totals: [1, 0, 0] });
});

t.test('a request is not made while one is owed', async (t) => {
  const counters = new CountersStandIn();
  counters.request();
  const asked = counters.control[CONTROL_COUNTERS_REQUESTED];
  counters.request();
  counters.request();
  t.equal(counters.control[CONTROL_COUNTERS_REQUESTED], asked);
  t.equal(counters.reader.isAnswered(), false);
  counters.publish(0);
  t.equal(counters.reader.isAnswered(), true);
  counters.request();
  t.equal(counters.control[CONTROL_COUNTERS_REQUESTED], asked + 1);
});

t.test('a late answer is taken late, and none of it is lost', async (t) => {
  const counters = new CountersStandIn();
  counters.addTotal(0, 1);
  counters.request();
  t.equal(counters.take(), false, 'too early');
  counters.addTotal(0, 10);
  counters.publish(1);
  counters.addTotal(0, 100);
  t.equal(counters.take(), true);
  t.equal(counters.shown().totals[0], 11);
  // Not taken at all before the next request: that takes it.
  counters.request();
  counters.publish(2);
  counters.addTotal(0, 1000);
  counters.request();
  t.equal(counters.shown().totals[0], 111);
  counters.publish(3);
  counters.take();
  t.equal(counters.shown().totals[0], 1111);
});

t.test('the last match is the later one of both banks, whichever is newer', async (t) => {
  const counters = new CountersStandIn();
  const lastMs = () => counters.shown().slots[SLOT_LAST_MS];
  const publish = () => {
    counters.request();
    counters.publish(0);
    counters.take();
  };
  counters.countPacket(0, 1, 500);
  publish();
  t.equal(lastMs(), 500);
  publish();
  t.equal(lastMs(), 500, 'the newer bank has seen no match');
  counters.countPacket(0, 1, 900);
  publish();
  counters.countPacket(0, 1, 700);
  publish();
  t.equal(lastMs(), 900, 'it never goes back, even where the clock has');
});

t.test('a thread that stops leaves all it has counted, asked or not', async (t) => {
  const counters = new CountersStandIn();
  counters.addTotal(2, 1);
  counters.request();
  counters.publish(1);
  counters.take();
  counters.addTotal(2, 10);
  counters.request();
  counters.addTotal(2, 100);
  counters.banks.setLevel(0, 42);
  counters.banks.setLevel(1, 43);
  counters.banks.close();
  t.equal(Atomics.load(counters.control, CONTROL_STATE), STATE_STOPPED);
  t.equal(counters.reader.isAnswered(), true, 'nobody waits for a thread that has ended');
  t.equal(counters.take(), true);
  t.same(counters.shown(), { ...NOTHING, levels: [42, 43], totals: [0, 0, 111] });
  t.equal(counters.take(), false);
  counters.request();
  t.equal(counters.take(), false, 'and there is nothing more to come');
  t.same(counters.shown().totals, [0, 0, 111]);
});

t.test('a publication that was not taken before the thread stopped is not counted twice', async (t) => {
  const counters = new CountersStandIn();
  counters.addTotal(0, 1);
  counters.request();
  counters.publish(1);
  counters.addTotal(0, 10);
  counters.banks.setLevel(0, 2);
  counters.banks.close();
  t.equal(counters.take(), true);
  t.same([counters.shown().levels[0], counters.shown().totals[0]], [2, 11]);
});

t.test('slots behind the slot count are left alone, and read once it has grown', async (t) => {
  const counters = new CountersStandIn();
  counters.countPacket(0, 100, 1);
  counters.reader.request(1);
  counters.publish(0);
  counters.reader.take(1);
  t.equal(counters.shown().slots[SLOT_PACKETS], 1);
  for (let round = 1; round <= 3; round++) {
    counters.countPacket(2, 10, round);
    counters.reader.request(3);
    counters.publish(0);
    counters.reader.take(3);
    t.same(counters.shown().slots.slice(2 * SLOT_CELLS, 3 * SLOT_CELLS), [round, 10 * round, round, 0]);
    t.equal(counters.shown().slots[SLOT_PACKETS], 1);
  }
});

t.test('the numbers of requests may wrap', async (t) => {
  for (const before of [2 ** 31 - 1, -1, 0]) {
    const counters = new CountersStandIn();
    // As after `before` requests, all answered and taken.
    counters.control.fill(before, CONTROL_COUNTERS_REQUESTED, CONTROL_COUNTERS_REQUESTED + 1);
    counters.banks.publish();
    counters.take();
    const banks = new CounterBanks(counters.memory, counters.control);
    for (let round = 1; round <= 3; round++) {
      banks.cells[banks.totals]++;
      counters.request();
      t.equal(banks.isRequested(), true);
      banks.publish();
      t.equal(counters.take(), true);
      t.equal(counters.shown().totals[0], round, `${round} after ${before}`);
    }
  }
});

type Step =
  | { readonly do: 'add'; readonly total: number; readonly value: number }
  | { readonly do: 'count'; readonly slot: number; readonly bytes: number }
  | { readonly do: 'request' | 'publish' | 'take' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    total: fc.nat({ max: SHAPE.totalCount - 1 }),
    value: fc.integer({ min: 1, max: 1000 }),
  }),
  fc.record({
    do: fc.constant('count' as const),
    slot: fc.nat({ max: SHAPE.slotCount - 1 }),
    bytes: fc.integer({ min: 0, max: 1514 }),
  }),
  fc.constantFrom<Step>({ do: 'request' }, { do: 'publish' }, { do: 'take' }),
);

/** Does one step to both; throws where the reader says otherwise than the model. */
function doStep(step: Step, at: number, counters: CountersStandIn, model: CountersModel): void {
  switch (step.do) {
    case 'add':
      counters.addTotal(step.total, step.value);
      model.addTotal(step.total, step.value);
      return;
    case 'count':
      counters.countPacket(step.slot, step.bytes, at);
      model.countPacket(step.slot, step.bytes, at);
      return;
    case 'request':
      counters.request();
      model.request();
      return;
    case 'publish':
      counters.publish(at);
      model.publish(at);
      return;
    case 'take': {
      const isNewer = counters.take();
      if (isNewer !== model.take()) throw new Error(`step ${at}: take returns ${isNewer}`);
    }
  }
}

function checkShown(what: string, shown: Shown, expected: Shown, before: Shown): void {
  if (JSON.stringify(shown) !== JSON.stringify(expected)) {
    throw new Error(`${what}: ${JSON.stringify(shown)}; expected ${JSON.stringify(expected)}`);
  }
  const wentBack = (values: readonly number[], earlier: readonly number[]) =>
    values.some((value, i) => value < earlier[i]);
  if (wentBack(shown.totals, before.totals) || wentBack(shown.slots, before.slots)) {
    throw new Error(`${what}: ${JSON.stringify(shown)} after ${JSON.stringify(before)}`);
  }
}

t.test('in any order of events the reader shows whole publications and never an older one', async (t) => {
  let publications = 0;
  const property = fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => {
    const counters = new CountersStandIn();
    const model = new CountersModel();
    let before = NOTHING;
    steps.forEach((step, at) => {
      doStep(step, 1 + at, counters, model);
      const shown = counters.shown();
      checkShown(`step ${at}, ${step.do}`, shown, model.shown, before);
      if (shown.levels[0] !== before.levels[0]) publications++;
      before = shown;
    });
    const last = 1 + steps.length;
    counters.banks.setLevel(0, last);
    counters.banks.setLevel(1, -last);
    counters.banks.close();
    model.close(last);
    counters.take();
    model.take();
    checkShown('closed', counters.shown(), model.shown, before);
    counters.request();
    counters.take();
    checkShown('closed, asked again', counters.shown(), model.shown, before);
  });
  fc.assert(property, { numRuns: 1000 });
  t.ok(publications > 1000, `${publications} publications were seen`);
});
