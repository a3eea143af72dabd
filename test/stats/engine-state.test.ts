import t from 'tap';
import {
  FIRST_RULE_SLOT,
  FIRST_UNMATCHED_SLOT,
  malformedSlot,
  unclassifiedSlot,
} from '../../src/counters/catalogue.js';
import {
  malformedCounts,
  slotCounts,
  unclassifiedCounts,
  unmatchedCounts,
  verdictPackets,
} from '../../src/stats/engine-state.js';
import { rule, ruleSet } from '../rules/build-rules.js';
import { EngineStandIn, MIRROR_SLOT, noticeOf, OLD_SLOT, TELNET_SLOT } from './engine-stand-in.js';

function start(t: { teardown(clean: () => void): unknown }): EngineStandIn {
  const engine = new EngineStandIn();
  t.teardown(() => engine.stop());
  return engine;
}

t.test('outcomes are read from their own slots, zeros included', async (t) => {
  const engine = start(t);
  engine.dataplane.pass(0, malformedSlot('ipv6_fragment'), 2);
  engine.dataplane.pass(0, unclassifiedSlot('arp'), 3);
  engine.dataplane.pass(1, FIRST_UNMATCHED_SLOT + 2, 4);
  engine.dataplane.pass(1, FIRST_RULE_SLOT, 5);
  await engine.pass();
  const { totals } = engine.aggregator;
  const malformed = malformedCounts(totals);
  t.equal(malformed.length, 9);
  t.same(
    malformed.filter(({ packets }) => packets > 0),
    [{ reason: 'ipv6_fragment', packets: 2, bytes: 200 }],
  );
  const unclassified = unclassifiedCounts(totals);
  t.equal(unclassified.length, 8);
  t.same(
    unclassified.filter(({ packets }) => packets > 0),
    [{ kind: 'arp', packets: 3, bytes: 300 }],
  );
  t.same(unmatchedCounts(totals), [
    { action: 'count', packets: 0, bytes: 0 },
    { action: 'drop', packets: 0, bytes: 0 },
    { action: 'forward', packets: 4, bytes: 400 },
  ]);
  t.same(slotCounts(totals, FIRST_RULE_SLOT), { packets: 5, bytes: 500 });
});

t.test(
  'verdicts are those of rules, default action and frames that reach no rule; none is missing',
  async (t) => {
    const engine = start(t);
    const { dataplane } = engine;
    dataplane.pass(0, TELNET_SLOT, 1);
    dataplane.pass(1, MIRROR_SLOT, 2);
    dataplane.pass(0, OLD_SLOT, 4);
    dataplane.pass(1, FIRST_UNMATCHED_SLOT, 8);
    dataplane.pass(0, FIRST_UNMATCHED_SLOT + 1, 16);
    dataplane.pass(1, FIRST_UNMATCHED_SLOT + 2, 32);
    dataplane.pass(0, malformedSlot('ethernet_short'), 64);
    dataplane.pass(1, unclassifiedSlot('other'), 128);
    await engine.pass();
    t.same(verdictPackets(engine.state), [
      { verdict: 'count', packets: 4 + 8 + 64 + 128 },
      { verdict: 'drop', packets: 1 + 16 },
      { verdict: 'forward', packets: 2 + 32 },
    ]);
    t.equal(engine.aggregator.totals.processed, 255);
  },
);

for (const { unclassified, malformed, expected } of [
  { unclassified: 'forward', malformed: 'drop', expected: { count: 0, drop: 2, forward: 3 } },
  { unclassified: 'drop', malformed: 'forward', expected: { count: 0, drop: 3, forward: 2 } },
  { unclassified: 'drop', malformed: 'drop', expected: { count: 0, drop: 5, forward: 0 } },
  { unclassified: 'count', malformed: 'count', expected: { count: 5, drop: 0, forward: 0 } },
] as const) {
  t.test(`frames that reach no rule have a bridge's verdict: ${unclassified} and ${malformed}`, async (t) => {
    const engine = start(t);
    engine.dataplane.pass(0, malformedSlot('ipv4_version'), 2);
    engine.dataplane.pass(1, unclassifiedSlot('arp'), 3);
    await engine.pass();
    const verdicts = verdictPackets({ ...engine.state, unjudged: { unclassified, malformed } });
    t.same(Object.fromEntries(verdicts.map(({ verdict, packets }) => [verdict, packets])), expected);
  });
}

t.test('verdicts do not go back when a retired rule is folded', async (t) => {
  const engine = start(t);
  engine.dataplane.pass(0, OLD_SLOT, 5);
  engine.dataplane.pass(1, MIRROR_SLOT, 2);
  await engine.pass();
  const before = verdictPackets(engine.state);
  const { live, retired } = engine.series.notice;
  const plan = { slots: live.map(({ slot }) => slot), retired: [], folded: retired, slotCount: OLD_SLOT + 1 };
  const set = ruleSet(live.map((own) => rule(own.rule, own.action)));
  engine.series.apply(noticeOf(set, plan, 4), engine.aggregator.totals.slots);
  t.equal(engine.series.foldedPackets, 5);
  t.same(verdictPackets(engine.state), before);
});
