import t from 'tap';
import { Exposer } from '../../src/stats/exposition.js';
import { rendered } from '../support/rendered.js';
import { Scrape } from '../support/scrape.js';
import { EngineStandIn, TELNET_SLOT } from './engine-stand-in.js';

/** What can be counted exactly: 28 years at ten million packets a second. */
const EXACT_MAX = 2 ** 53;
const MORE = 7;

for (const [name, packets] of [
  ['just below 2^31', 2 ** 31 - 3],
  ['just below 2^32', 2 ** 32 - 3],
  ['just above 2^32', 2 ** 32 + 1],
  ['a multiple of 2^32', 2 ** 40],
  ['just below 2^53', EXACT_MAX - 3 - MORE],
] as const) {
  t.test(`counts ${name} are exact, and the identity holds over them`, async (t) => {
    const engine = new EngineStandIn();
    t.teardown(() => engine.stop());
    const { dataplane, aggregator } = engine;
    const exposer = new Exposer(engine.state);
    const expectTexts = async (count: number) => {
      t.equal(await engine.pass(), true);
      t.same(aggregator.totals.identity.violations, []);
      t.equal(aggregator.totals.inFlight, 0);
      for (const openMetrics of [false, true]) {
        const { text } = await rendered(exposer, openMetrics);
        for (const series of [
          'upe_rx_packets_total{interface="eth0"}',
          'upe_rx_bytes_total{interface="eth0"}',
          'upe_worker_packets_total{worker="0"}',
          'upe_rule_packets_total{rule="block-telnet",action="drop"}',
          'upe_rule_bytes_total{rule="block-telnet",action="drop"}',
        ]) {
          t.match(text, `\n${series} ${BigInt(count)}\n`, `${series}, every digit`);
        }
        t.equal(new Scrape(text).value('upe_accounting_violations_total'), 0);
      }
    };
    dataplane.resume(0, TELNET_SLOT, packets);
    await expectTexts(packets);
    for (let i = 1; i <= MORE; i++) {
      // One at a time, so that both banks come by the limit.
      dataplane.resume(0, TELNET_SLOT, 1);
      await expectTexts(packets + i);
    }
    dataplane.rx.forget(0);
    await engine.pass();
    t.equal(aggregator.totals.identity.violations.length, 1, 'a single packet is still missed');
  });
}
