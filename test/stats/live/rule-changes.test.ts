import t from 'tap';
import { FIRST_RULE_SLOT, SLOT_BYTES, SLOT_CELLS, SLOT_PACKETS } from '../../../src/counters/catalogue.js';
import { RuleCounts } from '../../../src/page/rule-counts.js';
import type { Aggregator } from '../../../src/stats/aggregator.js';
import type { EngineState } from '../../../src/stats/engine-state.js';
import { RuleChanges } from '../../../src/stats/live/rule-changes.js';
import { RuleSeries } from '../../../src/stats/rule-series.js';
import { createTotals } from '../../../src/stats/totals.js';
import { Random } from '../../protocol/random.js';
import { rule, ruleSet } from '../../rules/build-rules.js';
import { noticeOf } from '../engine-stand-in.js';

const seed = Number(process.env.TEST_SEED ?? Random.newSeed());
t.comment(`seed ${seed}: run again with TEST_SEED=${seed}`);

/** As much of an engine as the changes look at: rules, and packets that the test gives them. */
function start(ruleCount: number) {
  const rules = Array.from({ length: ruleCount }, (_, i) => rule(`rule-${i}`, 'count'));
  const slotCount = FIRST_RULE_SLOT + ruleCount;
  const slots = rules.map((_, i) => slotCount - 1 - i);
  const notice = noticeOf(ruleSet(rules), { slots, retired: [], folded: [], slotCount }, 1);
  const totals = createTotals(['eth0'], slotCount, 1);
  const state = {
    rulesInUse: notice,
    series: new RuleSeries(notice),
    aggregator: { totals } as unknown as Aggregator,
  } as unknown as EngineState;
  const give = (position: number, packets: number, bytes: number) => {
    const cell = slots[position] * SLOT_CELLS;
    totals.slots[cell + SLOT_PACKETS] += packets;
    totals.slots[cell + SLOT_BYTES] += bytes;
  };
  return { state, totals, give };
}

t.test('what is told adds up to what is there, whoever begins to listen when', async (t) => {
  const random = new Random(seed);
  const ruleCount = 300;
  const { state, totals, give } = start(ruleCount);
  const changes = new RuleChanges(state);
  changes.begin();
  const listeners: RuleCounts[] = [];
  for (let pass = 0; pass < 200; pass++) {
    totals.atMs += 1000;
    for (let i = random.below(20); i > 0; i--) {
      const packets = 1 + random.below(1000);
      give(random.below(ruleCount), packets, packets * (60 + random.below(1400)));
    }
    const { counts } = changes.next();
    for (const listener of listeners) listener.apply(counts);
    if (pass % 50 === 0) {
      const listener = new RuleCounts();
      listener.begin(changes.table);
      listener.apply(changes.whole());
      listeners.push(listener);
    }
  }
  t.equal(listeners.length, 4);
  for (const { packets, bytes } of listeners) {
    for (let position = 0; position < ruleCount; position++) {
      const { live } = state.rulesInUse;
      if (packets[position] !== state.series.packets(live[position], totals.slots))
        t.fail(`packets of ${position}`);
      if (bytes[position] !== state.series.bytes(live[position], totals.slots))
        t.fail(`bytes of ${position}`);
    }
  }
});

t.test('ten thousand rules that all count every second are little to tell, and little to take', async (t) => {
  const random = new Random(seed);
  const ruleCount = 10_000;
  const { state, totals, give } = start(ruleCount);
  const changes = new RuleChanges(state);
  const counts = new RuleCounts();
  changes.begin();
  counts.begin(changes.table);
  counts.apply(changes.whole());
  const telling: number[] = [];
  const taking: number[] = [];
  let bytes = 0;
  for (let pass = 0; pass < 30; pass++) {
    totals.atMs += 1000;
    // 100 packets a rule and second on average: a million.
    for (let position = 0; position < ruleCount; position++) {
      const packets = 1 + random.below(200);
      give(position, packets, packets * (60 + random.below(1400)));
    }
    const startMs = performance.now();
    const text = JSON.stringify(changes.next().counts);
    const toldMs = performance.now();
    counts.apply(JSON.parse(text));
    taking.push(performance.now() - toldMs);
    telling.push(toldMs - startMs);
    bytes = Math.max(bytes, text.length);
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
  t.comment(
    `${bytes} bytes a second; ${median(telling).toFixed(1)} ms to tell, ${median(taking).toFixed(1)} ms to take`,
  );
  t.ok(bytes < 128 * 1024, `${bytes} bytes`);
  t.ok(median(telling) < 50, 'to tell');
  t.ok(median(taking) < 50, 'to take');
});
