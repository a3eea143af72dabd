import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Engine } from '../../src/engine/engine.js';
import { createEngine, rules } from '../support/engine-fixture.js';
import { ENDLESS_RESTARTS, KillableThreads } from '../support/killable-threads.js';

t.setTimeout(60_000);

const KILLS = 20;
/** On a machine that runs other tests beside; endurance/rx-kills runs alone, and is strict. */
const BACK_MS_MAX = 5000;
const RULES = rules(
  '{ default_action: count, rules: [{ name: all, match: { ip_version: 4 }, action: count }] }',
);
const DEMO = { kind: 'demo', packetsPerSecond: 200_000, seed: 1 } as const;

async function received(engine: Engine): Promise<number> {
  await engine.aggregator?.pass(engine.series.notice.slotCount);
  return engine.aggregator?.totals.received ?? 0;
}

t.test('an rx thread that dies under load is replaced, and every frame is accounted for', async (t) => {
  const threads = new KillableThreads();
  const engine = createEngine(
    { ruleSet: RULES, workerCount: 2, restarts: ENDLESS_RESTARTS, source: DEMO },
    { createThread: threads.create },
  );
  await engine.start();
  let slowestMs = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(20 + 7 * kill);
    const before = await received(engine);
    await threads.kill('rx');
    const diedMs = performance.now();
    let now = await received(engine);
    t.ok(now >= before, `counters go on: ${now} after ${before}`);
    for (const dead = now; now <= dead; now = await received(engine)) {
      if (performance.now() - diedMs > BACK_MS_MAX) break;
      await sleep(5);
    }
    slowestMs = Math.max(slowestMs, performance.now() - diedMs);
  }
  t.ok(slowestMs < BACK_MS_MAX, `back within ${Math.round(slowestMs)} ms`);
  t.comment(`${KILLS} rx kills: back within ${Math.round(slowestMs)} ms each`);
  const summary = await engine.stop();
  t.same(summary.violations, []);
  t.equal(engine.aggregator?.violationCount, 0);
  t.equal(summary.lost, 0);
});

t.test(
  'an engine that stops while rx is dead has its books in order, and its rules can be loaded',
  async (t) => {
    const threads = new KillableThreads();
    const engine = createEngine(
      {
        ruleSet: RULES,
        workerCount: 2,
        restarts: { ...ENDLESS_RESTARTS, backoffMsMin: 5000, backoffMsMax: 5000 },
        source: DEMO,
      },
      { createThread: threads.create },
    );
    await engine.start();
    await sleep(100);
    await threads.kill('rx');
    t.equal(await engine.reload(rules('{ default_action: drop, rules: [] }')), 2);
    const summary = await engine.stop();
    t.same(summary.violations, []);
    t.equal(summary.inFlight, 0);
    t.ok(summary.received > 0, `${summary.received} received`);
  },
);

t.test('an rx thread that dies again and again ends the engine', async (t) => {
  const threads = new KillableThreads();
  const ends: string[] = [];
  let restarts = 0;
  const engine = createEngine(
    { ruleSet: RULES, restarts: { ...ENDLESS_RESTARTS, deathsMax: 2, windowMs: 60_000 }, source: DEMO },
    { createThread: threads.create, onRestart: () => restarts++, onDeath: (thread) => ends.push(thread) },
  );
  await engine.start();
  for (let i = 0; i < 400 && ends.length === 0; i++) {
    await threads.kill('rx');
    await sleep(25);
  }
  t.same([ends, restarts], [['rx'], 2]);
  t.same((await engine.stop()).violations, []);
});
