import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { LOCAL_HTTP } from '../stats/server-stand-in.js';
import { createEngine, rules } from '../support/engine-fixture.js';
import { ask } from '../support/engine-http.js';
import { ENDLESS_RESTARTS, KillableThreads } from '../support/killable-threads.js';
import { Scrape } from '../support/scrape.js';

t.setTimeout(60_000);

const READY_MS_MAX = 10_000;

for (const thread of ['rx', 'worker0']) {
  t.test(`while ${thread} is dead its users are told, and see its return`, async (t) => {
    const threads = new KillableThreads();
    const engine = createEngine(
      {
        source: { kind: 'demo', packetsPerSecond: 50_000, seed: 1 },
        ruleSet: rules('{ default_action: count, rules: [] }'),
        restarts: { ...ENDLESS_RESTARTS, backoffMsMin: 1500, backoffMsMax: 1500 },
        stats: { intervalMs: 100, http: LOCAL_HTTP, topTalkers: true },
      },
      { createThread: threads.create },
    );
    const port = await engine.start();
    const scrape = async () => new Scrape((await ask(port, '/metrics')).text);
    const readyAfterMs = async () => {
      const beganMs = performance.now();
      while ((await ask(port, '/-/ready')).status !== 200 && performance.now() - beganMs < READY_MS_MAX) {
        await sleep(20);
      }
      return performance.now() - beganMs;
    };
    t.ok((await readyAfterMs()) < READY_MS_MAX, 'ready at first');
    const restarts = `upe_thread_restarts_total{thread="${thread}"}`;
    t.equal((await scrape()).value(restarts), 0);
    await threads.kill(thread);
    await sleep(50);
    const notReady = await ask(port, '/-/ready');
    t.same(notReady, { status: 503, text: `The ${thread} thread has died and is not at work again yet.\n` });
    const dead = await scrape();
    t.ok((await readyAfterMs()) < READY_MS_MAX, 'ready again');
    await sleep(500);
    const alive = await scrape();
    t.equal(alive.value(restarts), 1);
    const packets = 'upe_rx_packets_total{interface="demo"}';
    t.ok(alive.value(packets) > dead.value(packets), 'packets are counted again');
    t.equal(alive.value('upe_accounting_violations_total'), 0);
    t.same((await engine.stop()).violations, []);
  });
}
