import t from 'tap';
import { FIRST_UNMATCHED_SLOT } from '../../../src/counters/catalogue.js';
import { figureAt, figureText } from '../../../src/page/pass-figures.js';
import { Exposer } from '../../../src/stats/exposition.js';
import { lossesOf } from '../../../src/stats/landing/losses.js';
import { rulesOverview } from '../../../src/stats/landing/top-rules.js';
import { passEvent } from '../../../src/stats/live/pass-event.js';
import { Scrape } from '../../support/scrape.js';
import { EngineStandIn, TELNET_SLOT } from '../engine-stand-in.js';

function start(t: { teardown(clean: () => void): unknown }) {
  const engine = new EngineStandIn();
  t.teardown(() => engine.stop());
  const event = (notReadyBecause: string | null = null) => {
    const { state } = engine;
    const context = { notReadyBecause, intervalMs: 1000 };
    return passEvent(state, { ...context, rules: rulesOverview(state), losses: lossesOf(state) });
  };
  return { engine, event };
}

t.test('the figures of a pass are those of /metrics', async (t) => {
  const { engine, event } = start(t);
  engine.fillTraffic();
  await engine.pass();
  const { body } = await new Exposer(engine.state).render(false);
  const metrics = new Scrape(String(body));
  const pass = event();
  for (const [path, name, label] of [
    ['received.packets', 'upe_rx_packets_total', ''],
    ['dropped.ring_full', 'upe_rx_dropped_packets_total', 'reason="ring_full"'],
    ['dropped.pool_exhausted', 'upe_rx_dropped_packets_total', 'reason="pool_exhausted"'],
    ['lost_before.kernel_ring', 'upe_rx_kernel_dropped_packets_total', ''],
    ['lost_before.missed', 'upe_interface_receive_missed_packets_total', 'interface="eth0"'],
    ['send_failed', 'upe_tx_failed_packets_total', ''],
    ['sent.packets', 'upe_tx_packets_total', ''],
    ['workers.1.packets', 'upe_worker_packets_total', 'worker="1"'],
    ['workers.1.ring_used', 'upe_ring_used_slots', 'worker="1"'],
    ['worker_lost', 'upe_worker_lost_packets_total', ''],
    ['pool.free', 'upe_pool_free_buffers', ''],
    ['accounting.in_flight', 'upe_in_flight_packets', ''],
    ['accounting.malformed', 'upe_malformed_packets_total', ''],
    ['accounting.unclassified', 'upe_unclassified_packets_total', ''],
    ['accounting.unmatched', 'upe_unmatched_packets_total', ''],
    ['verdicts.drop.packets', 'upe_verdict_packets_total', 'verdict="drop"'],
    ['verdicts.forward.packets', 'upe_verdict_packets_total', 'verdict="forward"'],
    ['rules.total', 'upe_rules', ''],
  ] as const) {
    t.equal(figureAt(pass, path), metrics.sum(name, label), path);
  }
});

t.test(
  'what no rule of the table has counted is told by why, and with the rules is all that was processed',
  async (t) => {
    const { engine, event } = start(t);
    await engine.pass();
    t.strictSame(event().no_rule, [
      { kind: 'unmatched', action: 'count', packets: 0, packets_per_second: null, ratio: null },
    ]);
    engine.clock.ms += 2000;
    engine.fillTraffic();
    engine.dataplane.pass(0, FIRST_UNMATCHED_SLOT + 1, 3);
    await engine.pass();
    const { no_rule, accounting } = event();
    const { rates } = engine.aggregator;
    t.strictSame(
      no_rule.map(({ kind, action, packets }) => [kind, action, packets]),
      [
        ['retired', null, 5],
        ['unmatched', 'count', 6],
        ['unmatched', 'drop', 3],
        ['malformed', 'count', 1],
        ['unclassified', 'count', 7],
      ],
    );
    t.equal(no_rule[0].packets_per_second, null, 'nobody knows how fast rules count that have gone');
    t.equal(no_rule[2].packets_per_second, 1.5);
    t.equal(no_rule[1].packets_per_second, rates.slotPackets(FIRST_UNMATCHED_SLOT));
    const inTable = rulesOverview(engine.state).packets;
    t.equal(
      no_rule.reduce((sum, { packets }) => sum + packets, inTable),
      accounting.processed,
    );
    for (const { packets, ratio } of no_rule) t.equal(ratio, packets / accounting.processed);
  },
);

t.test('before there were two passes there are no rates', async (t) => {
  const { engine, event } = start(t);
  await engine.pass();
  const pass = event();
  t.equal(pass.received.packets_per_second, null);
  t.equal(pass.workers[0].busy_ratio, null);
  t.equal(pass.verdicts.count.ratio, null);
  t.equal(figureText(pass, 'received.packets_per_second', 'packetRate'), '–');
  t.equal(figureText(pass, 'no.such.figure', 'count'), '–');
  t.equal(figureText(pass, 'pool.free', 'count'), '4,000');
});

t.test('a worker is busy for the part of the time that it was at work', async (t) => {
  const { engine, event } = start(t);
  await engine.pass();
  engine.clock.ms += 2000;
  engine.dataplane.work(0, 3, 500);
  await engine.pass();
  t.strictSame(
    event().workers.map(({ busy_ratio }) => busy_ratio),
    [0.25, 0],
  );
});

t.test('the page is another one when more than figures has changed', async (t) => {
  const { engine, event } = start(t);
  engine.dataplane.pass(0, TELNET_SLOT, 1);
  await engine.pass();
  await engine.pass();
  const before = event().page;
  engine.dataplane.pass(0, TELNET_SLOT, 1);
  await engine.pass();
  t.equal(event().page, before, 'a figure is not');
  t.not(event('The rx thread is not running.').page, before, 'readiness');
  engine.dataplane.rx.drop(0, 'ring_full', 60);
  await engine.pass();
  const lost = event().page;
  t.not(lost, before, 'a loss of a new kind');
  engine.dataplane.rx.drop(0, 'ring_full', 60);
  await engine.pass();
  t.equal(event().page, lost, 'more of it');
  Object.assign(engine.state.reload, { successful: false, failure: { atMs: 1, problems: ['no'] } });
  t.not(event().page, lost, 'a reload that has failed');
});
