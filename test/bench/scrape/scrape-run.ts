import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Counter, Gauge, Registry } from 'prom-client';
import {
  FIRST_RULE_SLOT,
  SLOT_BYTES,
  SLOT_CELLS,
  SLOT_LAST_MS,
  SLOT_PACKETS,
} from '../../../src/counters/catalogue.js';
import { ACTIONS } from '../../../src/rules/rule.js';
import type { EngineState } from '../../../src/stats/engine-state.js';
import { RuleExposition } from '../../../src/stats/rule-exposition.js';
import { RULE_FAMILIES } from '../../../src/stats/rule-families.js';
import { RuleSeries } from '../../../src/stats/rule-series.js';
import { median } from '../measure.js';

/**
 * `scrape-run.js RULES RUNS`: the text of all families with a line for each rule, by UPE and by prom-client's own
 * metrics() of metrics that hold the same numbers, in turn. Before each of UPE's all numbers have changed. The
 * texts are compared before anything is timed.
 */
const [rules, runs] = process.argv.slice(2).map(Number);
const series = new RuleSeries({
  generation: 1,
  sha256: '0'.repeat(64),
  defaultAction: 'count',
  live: Array.from({ length: rules }, (_, i) => ({
    slot: FIRST_RULE_SLOT + i,
    rule: `rule-${i}`,
    action: ACTIONS[i % ACTIONS.length],
    priority: 0,
    matchText: `src: 10.${i >> 8}.${i & 255}.0/24, dst_port: ${1 + i}`,
    outInterface: null,
    inTableSinceMs: 1_700_000_000_000,
  })),
  retired: [],
  folded: [],
  slotCount: FIRST_RULE_SLOT + rules,
  // A scrape reads no table.
  table: new SharedArrayBuffer(0),
});
const slots = new Float64Array((FIRST_RULE_SLOT + rules) * SLOT_CELLS);
const state = { series, aggregator: { totals: { slots } } } as unknown as EngineState;
const exposition = new RuleExposition(state);
const registry = new Registry();
const metrics = RULE_FAMILIES.map(({ name, help, type, labels }) => {
  const labelNames = Object.keys(labels(series)[0]);
  const configuration = { name, help, labelNames, registers: [registry] };
  return type === 'counter' ? new Counter(configuration) : new Gauge(configuration);
});

/** Other numbers for all rules, of the size that a busy day makes. */
function move(round: number): void {
  for (let i = 0; i < rules; i++) {
    const cell = (FIRST_RULE_SLOT + i) * SLOT_CELLS;
    slots[cell + SLOT_PACKETS] += 1_000_003 + i + round;
    slots[cell + SLOT_BYTES] += 700_000_021 + 61 * i + round;
    slots[cell + SLOT_LAST_MS] = 1_700_000_000_123 + 1000 * round + i;
  }
}

function fillPeer(): void {
  RULE_FAMILIES.forEach((family, i) => {
    metrics[i].reset();
    const labels = family.labels(series);
    family.entries(series).forEach((entry, at) => {
      metrics[i].inc(labels[at], family.value(series, entry, slots));
    });
  });
}

move(0);
fillPeer();
if (`${exposition.render(false)}\n` !== (await registry.metrics())) throw new Error('the texts differ');

const ownMs: number[] = [];
const peerMs: number[] = [];
let body: Buffer = Buffer.alloc(0);
for (let run = 0; run <= runs; run++) {
  move(run);
  let beganMs = performance.now();
  body = exposition.render(false);
  const own = performance.now() - beganMs;
  beganMs = performance.now();
  Buffer.from(await registry.metrics());
  const peer = performance.now() - beganMs;
  if (run === 0) continue;
  ownMs.push(own);
  peerMs.push(peer);
}
const beganMs = performance.now();
const zipped = await promisify(gzip)(body, { level: 1 });
const gzipMs = performance.now() - beganMs;
process.stdout.write(
  `${JSON.stringify({
    ...{ value: median(ownMs), min: Math.min(...ownMs), max: Math.max(...ownMs) },
    ...{ peerMs: median(peerMs), ratio: median(peerMs.map((peer, run) => peer / ownMs[run])) },
    ...{ series: rules * RULE_FAMILIES.length, bytes: body.length, gzipBytes: zipped.length, gzipMs },
  })}\n`,
);
