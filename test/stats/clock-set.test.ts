import t from 'tap';
import { TELNET_SLOT } from './engine-stand-in.js';
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
