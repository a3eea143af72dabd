import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Scrape } from '../support/scrape.js';
import { eventually, startProgram, startUpe, UPE_MAIN } from '../support/upe-process.js';

const DEMO = { UPE_SOURCE: 'demo' };
/** The engine promises to stop within this time, milliseconds. */
const STOP_MS_MAX = 10_000;

/** What must add up in every scrape, also while packets are under way. */
function assertAccounted(t: Test, scrape: Scrape): void {
  const received = scrape.sum('upe_rx_packets_total');
  const dropped = scrape.sum('upe_rx_dropped_packets_total');
  const processed = scrape.sum('upe_worker_packets_total');
  const outcomes =
    scrape.sum('upe_rule_packets_total') +
    scrape.sum('upe_unmatched_packets_total') +
    scrape.sum('upe_malformed_packets_total') +
    scrape.sum('upe_unclassified_packets_total');
  t.equal(received, dropped + processed + scrape.value('upe_in_flight_packets'), 'received');
  t.equal(outcomes, processed, 'processed');
  t.equal(scrape.sum('upe_verdict_packets_total'), processed, 'verdicts');
  t.equal(scrape.value('upe_packet_latency_seconds_count'), processed, 'latencies');
  t.equal(scrape.value('upe_accounting_violations_total'), 0, 'violations');
}

t.test('counters rise with the traffic, never go down, and always add up', async (t) => {
  const upe = await startUpe(t, { ...DEMO, UPE_WORKERS: '2' });
  const first = await upe.scrape();
  let last = first;
  for (let i = 0; i < 20; i++) {
    // Scrapes within 100 ms of a pass may be answered with its numbers.
    await sleep(120);
    const next = await upe.scrape();
    assertAccounted(t, next);
    const fallen = [...last.growing()].filter(([series, value]) => next.value(series) < value);
    t.strictSame(fallen, [], `scrape ${i}`);
    last = next;
  }
  t.ok(last.growing().size > 100, 'there are counters to watch');
  for (const series of [
    'upe_rx_packets_total{interface="demo"}',
    'upe_rx_bytes_total{interface="demo"}',
    'upe_rule_packets_total{rule="https",action="count"}',
    'upe_rule_bytes_total{rule="https",action="count"}',
    'upe_rule_packets_total{rule="dns",action="count"}',
    'upe_unmatched_packets_total{action="count"}',
    'upe_worker_packets_total{worker="0"}',
    'upe_worker_packets_total{worker="1"}',
    'upe_thread_busy_seconds_total{thread="rx"}',
  ]) {
    t.ok(last.value(series) > first.value(series), `${series} rises`);
  }
  const matchAgeSeconds =
    Date.now() / 1000 - last.value('upe_rule_last_match_timestamp_seconds{rule="https"}');
  t.ok(matchAgeSeconds >= 0 && matchAgeSeconds < 5, `last match ${matchAgeSeconds} s ago`);
});

t.test('the rate of the demo traffic is the one that was asked for', async (t) => {
  const upe = await startUpe(t, { ...DEMO, UPE_DEMO_PPS: '2000' });
  const rx = 'upe_rx_packets_total{interface="demo"}';
  const beginMs = performance.now();
  const before = (await upe.scrape()).value(rx);
  await sleep(2000);
  const packets = (await upe.scrape()).value(rx) - before;
  const rate = packets / ((performance.now() - beginMs) / 1000);
  // The rate swings around its mean by design, as real traffic does.
  t.ok(rate > 800 && rate < 4000, `${rate} packets per second`);
});

t.test('rings keep to the pool that is given, and that is told', async (t) => {
  const warnings = async (env: Record<string, string>) => {
    const upe = await startUpe(t, { ...DEMO, UPE_WORKERS: '1', ...env });
    await upe.stop();
    return upe.program.log.filter(({ level }) => level === 40).map(({ msg }) => msg);
  };
  t.strictSame(await warnings({ UPE_POOL_BUFFERS: '5000' }), [
    'UPE_POOL_BUFFERS is 5000, and rings of 8192 slots need 8448: they have 4096, and a shorter stall of a worker ' +
      'loses packets; give that many, or set UPE_RING_SLOTS',
  ]);
  t.strictSame(await warnings({ UPE_POOL_BUFFERS: '20000' }), []);
  t.strictSame(await warnings({ UPE_POOL_BUFFERS: '5000', UPE_RING_SLOTS: '4096' }), []);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} ends it in order, with everything accounted for`, async (t) => {
    const upe = await startUpe(t, DEMO);
    await eventually('traffic', async () => (await upe.scrape()).sum('upe_rx_packets_total') > 1000);
    const beginMs = performance.now();
    const { exitCode, stderr } = await upe.stop(signal);
    t.ok(performance.now() - beginMs < STOP_MS_MAX);
    t.equal(exitCode, 0);
    t.equal(stderr, '');
    const last = upe.program.log.at(-1);
    t.match(last, {
      msg: 'stopped: every packet is accounted for',
      holds: true,
      violations: [],
      inFlight: 0,
      violatedPasses: 0,
    });
    const { received, enqueued, dropped, processed } = last as unknown as Record<string, number>;
    t.ok(received > 1000, `${received} packets`);
    t.equal(received, enqueued + dropped);
    t.equal(processed, enqueued);
  });
}

t.test('the same signal twice at once, as timeout(1) sends it, is one signal', async (t) => {
  const upe = await startUpe(t, DEMO);
  upe.program.signal('SIGTERM');
  const { exitCode } = await upe.stop('SIGTERM');
  t.equal(exitCode, 0);
  t.match(upe.program.log.at(-1), { msg: 'stopped: every packet is accounted for' });
});

t.test('a signal that comes while it starts ends it in order, too', async (t) => {
  const program = startProgram(t, process.execPath, [UPE_MAIN, 'run'], {
    env: { ...DEMO, UPE_HTTP_PORT: '0' },
  });
  // The stats thread listens before the source is opened.
  await program.waitForLog('Server listening');
  program.signal('SIGTERM');
  const { exitCode, stderr } = await program.ended;
  t.equal(exitCode, 0);
  t.equal(stderr, '');
  t.match(program.log.at(-1), { msg: 'stopped: every packet is accounted for', holds: true });
});
