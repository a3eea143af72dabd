import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { DROP_REASONS } from '../../src/counters/catalogue.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Aggregator } from '../../src/stats/aggregator.js';
import { createEngine, rules, temporaryFolder, writeCapture } from '../support/engine-fixture.js';

const RULES = rules(`
default_action: count
rules:
  - { name: telnet, match: { protocol: tcp, dst_port: 23 }, action: drop }
  - { name: dns, match: { dst_port: 53 }, action: count }
`);

function aggregatorOf(engine: Engine): Aggregator {
  if (engine.aggregator === null) throw new Error('the engine has a stats thread');
  return engine.aggregator;
}

t.test('the identity holds at a thousand passes while a replay runs as fast as it can', async (t) => {
  const file = writeCapture(temporaryFolder(t), 50_000);
  for (const workerCount of [1, 3]) {
    const engine = createEngine({
      workerCount,
      ruleSet: RULES,
      source: { kind: 'pcap', files: [file], pace: { kind: 'max' }, loop: true },
    });
    await engine.start();
    const aggregator = aggregatorOf(engine);
    const { totals } = aggregator;
    let processed = 0;
    let moved = 0;
    for (let pass = 0; pass < 1000; pass++) {
      await aggregator.pass(engine.series.notice.slotCount);
      if (!totals.identity.holds) t.fail('pass', { violations: totals.identity.violations });
      if (totals.processed < processed)
        t.fail(`processed went back from ${processed} to ${totals.processed}`);
      if (totals.processed > processed) moved++;
      processed = totals.processed;
    }
    const summary = await engine.stop();
    t.equal(aggregator.violationCount, 0, `${workerCount} workers: no pass violated the identity`);
    t.ok(moved > 500, `${workerCount} workers: traffic went on meanwhile (${moved} passes saw more)`);
    t.same(summary.violations, []);
    t.equal(summary.inFlight, 0);
    t.equal(summary.received, summary.processed, 'a file loses nothing');
  }
});

t.test('a source that cannot wait drops, and every drop is counted', async (t) => {
  const limits = [
    { name: 'ring_full' as const, ringSlots: 64, poolBuffers: 4096 },
    { name: 'pool_exhausted' as const, ringSlots: 1024, poolBuffers: 64 },
  ];
  for (const { name, ...sizes } of limits) {
    const engine = createEngine({
      ...sizes,
      source: { kind: 'demo', packetsPerSecond: 5_000_000, seed: 1 },
      ruleSet: RULES,
    });
    await engine.start();
    const aggregator = aggregatorOf(engine);
    const { totals } = aggregator;
    const reason = DROP_REASONS.indexOf(name);
    for (let i = 0; i < 500 && totals.interfaces[0].dropped[reason] === 0; i++) {
      await sleep(10);
      await aggregator.pass(engine.series.notice.slotCount);
      t.ok(totals.identity.holds, { violations: totals.identity.violations });
    }
    const summary = await engine.stop();
    t.ok(totals.interfaces[0].dropped[reason] > 0, `${name} happened`);
    t.same(summary.violations, [], name);
    t.equal(summary.received, summary.enqueued + summary.dropped);
    t.equal(summary.enqueued, summary.processed);
  }
});

t.test('an engine that is stopped at any moment accounts for every packet', async (t) => {
  const file = writeCapture(temporaryFolder(t), 20_000);
  const seed = Date.now() % 100_000;
  t.comment(`seed ${seed}`);
  for (let round = 0; round < 15; round++) {
    const engine = createEngine({
      workerCount: 1 + (round % 3),
      ruleSet: RULES,
      source:
        round % 2 === 0
          ? { kind: 'demo', packetsPerSecond: 500_000, seed: round }
          : { kind: 'pcap', files: [file], pace: { kind: 'max' }, loop: true },
    });
    await engine.start();
    await sleep((seed * (round + 1) * 7919) % 120);
    const summary = await engine.stop();
    t.same(summary.violations, [], `round ${round}: ${summary.received} packets`);
    t.equal(summary.inFlight, 0);
  }
});
