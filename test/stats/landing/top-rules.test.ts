import t from 'tap';
import { FIRST_RULE_SLOT, SLOT_CELLS, SLOT_PACKETS } from '../../../src/counters/catalogue.js';
import type { Aggregator } from '../../../src/stats/aggregator.js';
import type { EngineState } from '../../../src/stats/engine-state.js';
import { rulesOverview, TOP_RULES_MAX } from '../../../src/stats/landing/top-rules.js';
import { PassRates } from '../../../src/stats/pass-rates.js';
import { RuleSeries } from '../../../src/stats/rule-series.js';
import { createTotals } from '../../../src/stats/totals.js';
import { Random } from '../../protocol/random.js';
import { rule, ruleSet } from '../../rules/build-rules.js';
import { noticeOf } from '../engine-stand-in.js';

const seed = Number(process.env.TOP_RULES_SEED ?? Random.newSeed());
t.comment(`seed ${seed}: run again with TOP_RULES_SEED=${seed}`);
const random = new Random(seed);

/** As much of an engine as the overview looks at: rules whose packets are given. */
function stateOf(packets: readonly number[]): EngineState {
  const rules = packets.map((_, i) => rule(`rule-${i}`, i % 2 === 0 ? 'count' : 'drop'));
  const slots = packets.map((_, i) => FIRST_RULE_SLOT + i);
  const slotCount = FIRST_RULE_SLOT + packets.length;
  const series = new RuleSeries(noticeOf(ruleSet(rules), { slots, retired: [], folded: [], slotCount }, 1));
  const totals = createTotals(['eth0'], slotCount, 1);
  totals.slotsInUse = slotCount;
  const rates = new PassRates(totals);
  rates.note(0);
  packets.forEach((own, i) => {
    totals.slots[slots[i] * SLOT_CELLS + SLOT_PACKETS] = own;
  });
  rates.note(2000);
  const aggregator = { totals, rates } as unknown as Aggregator;
  return { series, aggregator } as EngineState;
}

/** The plain way. */
function sorted(packets: readonly number[]): string[] {
  const order = packets.map((own, i) => ({ name: `rule-${i}`, own }));
  order.sort((a, b) => b.own - a.own);
  return order.slice(0, TOP_RULES_MAX).map(({ name }) => name);
}

const namesOf = (state: EngineState) => rulesOverview(state).top.map((own) => own.rule);

t.test('the top is that of a stable sort', async (t) => {
  for (const count of [0, 1, 2, 19, 20, 21, 500]) {
    // Few different values: ties keep the order of the table.
    const packets = Array.from({ length: count }, () => random.below(30));
    t.same(namesOf(stateOf(packets)), sorted(packets), packets.join());
    const rising = Array.from({ length: count }, (_, i) => i);
    t.same(namesOf(stateOf(rising)), sorted(rising));
    t.same(namesOf(stateOf(rising.toReversed())), sorted(rising.toReversed()));
  }
});

t.test('the sums are over all rules', async (t) => {
  const overview = rulesOverview(stateOf([4, 0, 6, 8, ...Array.from({ length: 30 }, () => 10), 0]));
  t.equal(overview.packets, 318);
  t.equal(overview.unusedCount, 2);
  t.same(overview.perSecond, { count: 5 + 75, drop: 4 + 75, forward: 0 });
  t.equal(overview.retiredPackets, 0);
});

t.test('10,000 rules cost the stats thread little', async (t) => {
  const state = stateOf(Array.from({ length: 10_000 }, () => random.below(1e6)));
  const times = Array.from({ length: 51 }, () => {
    const beginMs = performance.now();
    rulesOverview(state);
    return performance.now() - beginMs;
  });
  const medianMs = times.toSorted((a, b) => a - b)[25];
  t.comment(`${medianMs.toFixed(2)} ms`);
  t.ok(medianMs < 20, `${medianMs} ms`);
});
