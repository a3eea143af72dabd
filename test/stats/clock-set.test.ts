import t from 'tap';
import { OLD_SLOT, TELNET_SLOT } from './engine-stand-in.js';
import { ServerStandIn } from './server-stand-in.js';

const HOUR_MS = 3_600_000;

for (const { what, byMs } of [
  { what: 'forward', byMs: HOUR_MS },
  { what: 'back', byMs: -HOUR_MS },
]) {
  t.test(`the clock is set ${what} by an hour`, async (t) => {
    const standIn = new ServerStandIn();
    t.teardown(() => standIn.stop());
    const { engine } = standIn;
    const { clock, dataplane, aggregator } = engine;
    await standIn.start();
    const get = async (path: string) => {
      const response = await fetch(standIn.url + path);
      return { status: response.status, text: await response.text() };
    };
    const pass = async (packets: number) => {
      clock.ms += 1000;
      dataplane.pass(0, TELNET_SLOT, packets);
      await engine.pass();
    };
    await pass(1000);
    await pass(1000);
    clock.setByMs = byMs;
    t.equal((await get('/-/healthy')).status, 200, 'healthy before the next pass');
    await pass(1000);
    t.equal(aggregator.rates.packets(0), 1000, 'the rate is what it was');
    t.equal(aggregator.rates.slotPackets(TELNET_SLOT), 1000);
    t.equal(aggregator.totals.atMs, clock.unixMs(), 'the pass has the new time');
    t.same(aggregator.totals.identity.violations, []);
    clock.ms += 101;
    dataplane.pass(0, TELNET_SLOT, 1);
    const passes = standIn.passes;
    t.match((await get('/metrics')).text, '\nupe_rx_packets_total{interface="eth0"} 3001\n');
    t.equal(standIn.passes, passes + 1, 'a scrape that finds old numbers has them renewed');
    clock.ms += 3000;
    t.equal((await get('/-/healthy')).status, 503, 'and a pass that does not come is missed');
  });
}

t.test('the clock is set forward, and a scrape comes before the next pass', async (t) => {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  await standIn.start();
  await standIn.engine.pass();
  standIn.engine.clock.setByMs = HOUR_MS;
  await (await fetch(`${standIn.url}/metrics`)).text();
  t.equal(standIn.passes, 0, 'the numbers are as young as they were');
});

t.test(
  'the clock is set back: the last match stays at the latest time until the clock has caught up',
  async (t) => {
    const { engine } = new ServerStandIn();
    t.teardown(() => engine.stop());
    const { clock, dataplane, series, aggregator } = engine;
    const lastMs = () => series.counts(series.notice.live[0], aggregator.totals.slots).lastMs;
    const match = async (worker: number) => {
      dataplane.workers[worker].process(TELNET_SLOT, 100, clock.unixMs());
      await engine.pass();
      return lastMs();
    };
    t.equal(await engine.pass().then(lastMs), 0, 'never');
    await match(0);
    const latestMs = await match(1);
    t.equal(latestMs, clock.unixMs());
    clock.setByMs = -HOUR_MS;
    t.equal(await match(0), latestMs, 'what another worker saw by the old clock stays');
    clock.ms += HOUR_MS + 1000;
    t.equal(await match(0), clock.unixMs(), 'the clock has caught up');
  },
);

t.test('the clock is set back: a rule in a slot that had another one has matched once it has', async (t) => {
  const { engine } = new ServerStandIn();
  t.teardown(() => engine.stop());
  const { clock, dataplane, series, aggregator } = engine;
  const latestMs = clock.unixMs();
  dataplane.workers[0].process(OLD_SLOT, 100, latestMs);
  await engine.pass();
  const [old] = series.notice.retired;
  series.apply({ ...series.notice, retired: [], folded: [old] }, aggregator.totals.slots);
  const successor = { ...old, rule: 'successor' };
  clock.setByMs = -HOUR_MS;
  t.equal(series.counts(successor, aggregator.totals.slots).lastMs, 0, 'never');
  dataplane.workers[0].process(OLD_SLOT, 100, clock.unixMs());
  await engine.pass();
  t.match(series.counts(successor, aggregator.totals.slots), { packets: 1, lastMs: latestMs });
});
