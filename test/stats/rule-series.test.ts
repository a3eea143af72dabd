import fc from 'fast-check';
import t from 'tap';
import {
  FIRST_RULE_SLOT,
  SLOT_BYTES,
  SLOT_CELLS,
  SLOT_LAST_MS,
  SLOT_PACKETS,
} from '../../src/counters/catalogue.js';
import { RuleCapacityError } from '../../src/errors.js';
import type { RuleSet } from '../../src/rules/rule.js';
import { type SlotPlan, SlotRegistry } from '../../src/rules/slot-registry.js';
import { type RuleCounts, RuleSeries } from '../../src/stats/rule-series.js';
import { rule, ruleSet } from '../rules/build-rules.js';
import { RELOAD_CAPACITY, randomPairs } from '../rules/random-reloads.js';
import { noticeOf } from './engine-stand-in.js';

/** A registry, its series and the cells that workers would count in. */
class Reloads {
  readonly slots = new Float64Array((FIRST_RULE_SLOT + RELOAD_CAPACITY) * SLOT_CELLS);
  readonly series: RuleSeries;
  private readonly registry = new SlotRegistry(RELOAD_CAPACITY);
  private set: RuleSet;
  private plan: SlotPlan;
  private generation = 1;

  constructor(set: RuleSet) {
    this.set = set;
    this.plan = this.registry.plan(set);
    this.registry.adopt(set, this.plan);
    this.series = new RuleSeries(noticeOf(set, this.plan, this.generation));
  }

  /** Series first, workers later: what `count` is told still goes to the old table until `swap`. */
  prepare(set: RuleSet): () => void {
    const plan = this.registry.plan(set);
    this.generation++;
    this.series.apply(noticeOf(set, plan, this.generation), this.slots);
    this.registry.adopt(set, plan);
    return () => {
      this.set = set;
      this.plan = plan;
    };
  }

  /** Counts packets of 100 bytes for the rule at a position of the table that the workers use. */
  count(position: number, packets: number, atMs: number): string {
    const cell = this.plan.slots[position] * SLOT_CELLS;
    this.slots[cell + SLOT_PACKETS] += packets;
    this.slots[cell + SLOT_BYTES] += packets * 100;
    this.slots[cell + SLOT_LAST_MS] = atMs;
    const { name, action } = this.set.rules[position];
    return `${name} ${action}`;
  }

  get ruleCount(): number {
    return this.set.rules.length;
  }
}

function seriesOf(reloads: Reloads): RuleCounts[] {
  return reloads.series.all(reloads.slots);
}

t.test('the table comes first, in its order, then the retired pairs, with what was counted', async (t) => {
  const reloads = new Reloads(ruleSet([rule('a'), rule('b', 'drop')]));
  reloads.count(0, 3, 1000);
  reloads.count(1, 5, 2000);
  reloads.prepare(ruleSet([rule('b', 'drop'), rule('c')]))();
  t.same(seriesOf(reloads), [
    { rule: 'b', action: 'drop', packets: 5, bytes: 500, lastMs: 2000 },
    { rule: 'c', action: 'count', packets: 0, bytes: 0, lastMs: 0 },
    { rule: 'a', action: 'count', packets: 3, bytes: 300, lastMs: 1000 },
  ]);
});

t.test('a reused slot starts at 0 and shows the last match of its new owner only', async (t) => {
  const reloads = new Reloads(
    ruleSet(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name) => rule(name))),
  );
  for (let i = 0; i < reloads.ruleCount; i++) reloads.count(i, 10 + i, 5000 + i);
  reloads.prepare(ruleSet([]))();
  reloads.prepare(ruleSet([rule('new')]))();
  t.same([reloads.series.foldedPackets, reloads.series.foldedBytes], [10, 1000], 'the oldest made room');
  t.same(seriesOf(reloads)[0], { rule: 'new', action: 'count', packets: 0, bytes: 0, lastMs: 0 });
  reloads.count(0, 1, 6000);
  t.same(seriesOf(reloads)[0], { rule: 'new', action: 'count', packets: 1, bytes: 100, lastMs: 6000 });
});

t.test('a slot that is reused twice gives each owner its own share', async (t) => {
  const names = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
  const others = names.map((name) => rule(name));
  const reloads = new Reloads(ruleSet([rule('first'), ...others]));
  reloads.count(0, 10, 1000);
  reloads.prepare(ruleSet(others))();
  reloads.prepare(ruleSet([rule('second'), ...others]))();
  reloads.count(0, 4, 2000);
  reloads.prepare(ruleSet(others))();
  t.equal(reloads.series.foldedPackets, 10);
  reloads.prepare(ruleSet([rule('third'), ...others]))();
  t.equal(reloads.series.foldedPackets, 14);
  reloads.count(0, 1, 3000);
  t.same(seriesOf(reloads)[0], { rule: 'third', action: 'count', packets: 1, bytes: 100, lastMs: 3000 });
});

/** What every pair that has a series has counted, and what has been folded. */
class SeriesModel {
  readonly pairs = new Map<string, { packets: number; lastMs: number }>();
  folded = 0;
  counted = 0;

  count(pair: string, packets: number, lastMs: number): void {
    this.counted += packets;
    const own = this.pairs.get(pair) ?? { packets: 0, lastMs: 0 };
    this.pairs.set(pair, { packets: own.packets + packets, lastMs });
  }

  fold(pair: string): void {
    this.folded += this.pairs.get(pair)?.packets ?? 0;
    this.pairs.delete(pair);
  }
}

function checkSeries(reloads: Reloads, model: SeriesModel): void {
  let sum = reloads.series.foldedPackets;
  for (const { rule, action, packets, bytes, lastMs } of seriesOf(reloads)) {
    const expected = model.pairs.get(`${rule} ${action}`) ?? { packets: 0, lastMs: 0 };
    const actual = `${rule} ${action}: ${packets} packets, ${bytes} bytes, last ${lastMs}`;
    if (packets !== expected.packets || lastMs !== expected.lastMs || bytes !== packets * 100) {
      throw new Error(`${actual}; expected ${JSON.stringify(expected)}`);
    }
    sum += packets;
  }
  if (sum !== model.counted) throw new Error(`all series and the folded: ${sum}; counted ${model.counted}`);
  if (reloads.series.foldedPackets !== model.folded) {
    throw new Error(`folded ${reloads.series.foldedPackets}; expected ${model.folded}`);
  }
  if (reloads.series.foldedBytes !== model.folded * 100) {
    throw new Error(`folded ${reloads.series.foldedBytes} bytes; expected ${model.folded * 100}`);
  }
}

t.test('through any reloads nothing that was counted is lost, doubled or given to another', async (t) => {
  let folds = 0;
  const counts = fc.array(fc.record({ rule: fc.nat(), packets: fc.integer({ min: 1, max: 1000 }) }), {
    maxLength: 6,
  });
  const step = fc.record({ set: randomPairs, beforeSwap: counts, afterSwap: counts });
  const property = fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
    const reloads = new Reloads(ruleSet([]));
    const model = new SeriesModel();
    let nowMs = 1_700_000_000_000;
    const countAll = (all: (typeof steps)[number]['beforeSwap']) => {
      for (const { rule, packets } of all) {
        if (reloads.ruleCount === 0) return;
        nowMs++;
        model.count(reloads.count(rule % reloads.ruleCount, packets, nowMs), packets, nowMs);
      }
    };
    for (const { set, beforeSwap, afterSwap } of steps) {
      let swap = () => {};
      try {
        swap = reloads.prepare(set);
        for (const { rule, action } of reloads.series.notice.folded) model.fold(`${rule} ${action}`);
        folds += reloads.series.notice.folded.length;
      } catch (error) {
        if (!(error instanceof RuleCapacityError)) throw error;
      }
      checkSeries(reloads, model);
      countAll(beforeSwap);
      checkSeries(reloads, model);
      swap();
      countAll(afterSwap);
      checkSeries(reloads, model);
    }
  });
  fc.assert(property, { numRuns: 1000 });
  t.ok(folds > 100, `${folds} pairs were folded`);
});
