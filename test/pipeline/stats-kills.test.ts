import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Engine } from '../../src/engine/engine.js';
import { LOCAL_HTTP } from '../stats/server-stand-in.js';
import { createEngine, rules } from '../support/engine-fixture.js';
import { ask } from '../support/engine-http.js';
import { ENDLESS_RESTARTS, KillableThreads } from '../support/killable-threads.js';
import { Scrape } from '../support/scrape.js';

t.setTimeout(90_000);

const KILLS = 20;
/** On a machine that runs other tests beside; by itself it is back after half a second. */
const BACK_MS_MAX = 5000;
/** A second until the table has settled, and what a busy machine takes to start a thread. */
const SHADOWED_KNOWN_MS_MAX = 20_000;

/** A rule set that matches everything with one rule of that name. */
function only(name: string) {
  return rules(`{ default_action: count, rules: [{ name: ${name}, match: {}, action: count }] }`);
}

/** Scrapes as soon as somebody answers. */
async function scrape(port: number): Promise<Scrape> {
  return new Scrape((await ask(port, '/metrics')).text);
}

/** What has fallen from one scrape to the next, but for what belongs to the thread that was killed. */
function fallen(before: Scrape, now: Scrape): string[] {
  const after = now.growing();
  return [...before.growing()]
    .filter(([series]) => series.startsWith('upe_') && !series.includes('thread="stats"'))
    .filter(([series, value]) => !((after.get(series) ?? -1) >= value))
    .map(([series, value]) => `${series}: ${value}, then ${after.get(series)}`);
}

async function receivedBy(engine: Engine, port: number): Promise<number> {
  await engine.reload(only('d'));
  return (await scrape(port)).value('upe_rx_packets_total{interface="demo"}');
}

t.test('stats is killed twenty times: nobody else notices, and no count is lost', async (t) => {
  const threads = new KillableThreads();
  const engine = createEngine(
    {
      source: { kind: 'demo', packetsPerSecond: 50_000, seed: 1 },
      ruleSet: only('a'),
      ruleCapacity: 2,
      restarts: ENDLESS_RESTARTS,
      stats: { intervalMs: 100, http: LOCAL_HTTP, topTalkers: true },
    },
    { createThread: threads.create },
  );
  const port = await engine.start();
  // Of two slots: with the third rule the first one is folded.
  for (const name of ['b', 'c']) {
    await sleep(100);
    await engine.reload(only(name));
  }
  engine.noteReloadFailed(['as the test wants it']);
  let before = await scrape(port);
  const folded = before.value('upe_retired_rule_packets_total');
  t.ok(folded > 0, `${folded} packets of a rule that is no more`);
  const backMs: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    await threads.kill('stats');
    const beganMs = performance.now();
    const now = await scrape(port);
    backMs.push(performance.now() - beganMs);
    t.same(fallen(before, now), [], `kill ${kill}`);
    before = now;
  }
  backMs.sort((a, b) => a - b);
  t.comment(
    `back after ${backMs[KILLS >> 1].toFixed(0)} ms (median), ${backMs.at(-1)?.toFixed(0)} ms (longest)`,
  );
  t.ok(backMs.every((ms) => ms < BACK_MS_MAX));
  t.equal(before.value('upe_retired_rule_packets_total'), folded);
  t.equal(before.value('upe_thread_restarts_total{thread="stats"}'), KILLS);
  t.equal(before.value('upe_accounting_violations_total'), 0);
  t.equal(before.value('upe_config_last_reload_successful'), 0);
  t.equal(before.value('upe_rules_generation'), 3);
  t.ok((await receivedBy(engine, port)) > 0, 'rules are loaded as before');
  const last = await scrape(port);
  t.equal(last.value('upe_config_last_reload_successful'), 1);
  const summary = await engine.stop();
  t.same(summary.violations, []);
  t.equal(summary.lost, 0);
  t.ok(summary.passes > KILLS, `${summary.passes} passes of all of them`);
});

t.test('a reload that stats dies over is refused, and the next one is not', async (t) => {
  const threads = new KillableThreads();
  const engine = createEngine(
    {
      ruleSet: only('a'),
      restarts: ENDLESS_RESTARTS,
      stats: { intervalMs: 100, http: LOCAL_HTTP, topTalkers: true },
    },
    { createThread: threads.create },
  );
  const port = await engine.start();
  const killed = threads.kill('stats');
  await t.rejects(engine.reload(only('b')), {
    code: 'UPE_ENVIRONMENT',
    message: /the stats thread has died/,
  });
  await killed;
  await scrape(port);
  await engine.reload(only('b'));
  t.equal((await scrape(port)).value('upe_rules_generation'), 2);
  const summary = await engine.stop();
  t.same(summary.violations, []);
});

/** Scrapes until it is known how many rules can never match. */
async function shadowedRules(port: number): Promise<number> {
  const endMs = performance.now() + SHADOWED_KNOWN_MS_MAX;
  for (;;) {
    const shadowed = (await scrape(port)).value('upe_rules_shadowed');
    if (!Number.isNaN(shadowed) || performance.now() > endMs) return shadowed;
    await sleep(50);
  }
}

t.test('how many rules can never match outlives stats, and is known of the table in use alone', async (t) => {
  const threads = new KillableThreads();
  const ruleSet = rules(`rules:
  - { name: all, action: count }
  - { name: never, match: { dst_port: 80 }, action: drop }`);
  const engine = createEngine(
    { ruleSet, restarts: ENDLESS_RESTARTS, stats: { intervalMs: 100, http: LOCAL_HTTP, topTalkers: true } },
    { createThread: threads.create },
  );
  const port = await engine.start();
  t.ok(Number.isNaN((await scrape(port)).value('upe_rules_shadowed')), 'not known at once');
  t.equal(await shadowedRules(port), 1);
  await threads.kill('stats');
  t.equal((await scrape(port)).value('upe_rules_shadowed'), 1, 'the next stats thread knows it');
  await engine.reload(only('b'));
  t.ok(Number.isNaN((await scrape(port)).value('upe_rules_shadowed')), 'nothing is known of another table');
  t.equal(await shadowedRules(port), 0);
  t.same((await engine.stop()).violations, []);
});
