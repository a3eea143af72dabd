import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import type { EngineDeps } from '../../src/engine/engine.js';
import { createEngine, rules } from '../support/engine-fixture.js';
import { KillableThreads } from '../support/killable-threads.js';

t.setTimeout(60_000);

const RESTARTS = { backoffMsMin: 10, backoffMsMax: 1000, deathsMax: 5, windowMs: 60_000 };
const RULES = rules(
  '{ default_action: count, rules: [{ name: all, match: { ip_version: 4 }, action: count }] }',
);

/**
 * What a thread dies of, as a module that is loaded into it first: the loop never returns to its event loop, so
 * what it calls has to do it.
 */
const CAUSES = [
  {
    thread: 'worker0',
    name: 'an error that nobody catches',
    code: `const { load } = Atomics; let calls = 0;
      Atomics.load = (...of) => { if (++calls > 20_000) throw new Error('in the midst of it'); return load(...of); };`,
    resourceLimits: {},
    error: /in the midst of it/,
  },
  {
    thread: 'worker0',
    name: 'a heap that is full',
    code: `const { load } = Atomics; let calls = 0; const hoard = [];
      Atomics.load = (...of) => { if (++calls > 20_000) for (;;) hoard.push(new Array(1000).fill({}));
      return load(...of); };`,
    resourceLimits: { maxOldGenerationSizeMb: 32 },
    error: /memory limit/,
  },
  {
    thread: 'worker0',
    name: 'an error, having just given back its hand',
    // The pool of the warm-up is a small one.
    code: `const { store } = Atomics; let calls = 0;
      Atomics.store = (words, word, value) => {
        store(words, word, value);
        if (words.length > 4000 && ++calls > 100) throw new Error('having given');
        return value; };`,
    resourceLimits: {},
    error: /having given/,
  },
  {
    thread: 'rx',
    name: 'an error with the lock of the pool in hand',
    code: `const { compareExchange } = Atomics; let calls = 0;
      Atomics.compareExchange = (words, word, free, token) => {
        const was = compareExchange(words, word, free, token);
        if (token !== 0 && was === free && words.length > 4000 && ++calls > 1) throw new Error('with the lock');
        return was; };`,
    resourceLimits: {},
    error: /with the lock/,
  },
];

for (const { thread, name, code, resourceLimits, error } of CAUSES) {
  t.test(`${thread} dies of ${name}`, async (t) => {
    let isFirst = true;
    const createThread: EngineDeps['createThread'] = (file, options) => {
      const isDoomed = options.name === thread && isFirst;
      if (isDoomed) isFirst = false;
      const doom = ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
      return new Worker(
        file,
        isDoomed ? { ...options, resourceLimits, execArgv: doom } : { ...options, execArgv: [] },
      );
    };
    const errors: Error[] = [];
    const engine = createEngine(
      {
        ruleSet: RULES,
        restarts: RESTARTS,
        source: { kind: 'demo', packetsPerSecond: 200_000, seed: 1 },
      },
      { createThread, onRestart: (_thread, own) => errors.push(own) },
    );
    await engine.start();
    for (let i = 0; i < 2000 && errors.length === 0; i++) await sleep(5);
    const { aggregator } = engine;
    await aggregator?.pass(engine.series.notice.slotCount);
    const before = aggregator?.totals.processed ?? 0;
    // How soon is the kills' test to say (endurance/worker-kills), which runs alone.
    for (let i = 0; i < 1000 && (aggregator?.totals.processed ?? 0) < before + 20_000; i++) {
      await sleep(10);
      await aggregator?.pass(engine.series.notice.slotCount);
    }
    t.ok((aggregator?.totals.processed ?? 0) >= before + 20_000, 'its successor works');
    const summary = await engine.stop();
    t.match(errors, [{ message: error }]);
    t.equal(errors.length, 1);
    t.same(summary.violations, []);
    t.equal(aggregator?.violationCount, 0);
    t.ok(summary.lost <= 1, `${summary.lost} lost`);
  });
}

t.test('a worker that dies again and again ends the engine, with its books in order', async (t) => {
  const threads = new KillableThreads();
  const ends: string[] = [];
  let restarts = 0;
  const engine = createEngine(
    {
      ruleSet: RULES,
      restarts: { ...RESTARTS, deathsMax: 2 },
      source: { kind: 'demo', packetsPerSecond: 200_000, seed: 1 },
    },
    {
      createThread: threads.create,
      onRestart: () => restarts++,
      onDeath: (thread) => ends.push(thread),
    },
  );
  await engine.start();
  for (let i = 0; i < 400 && ends.length === 0; i++) {
    await threads.kill('worker0');
    await sleep(25);
  }
  t.same([ends, restarts], [['worker0'], 2]);
  await sleep(50);
  const summary = await engine.stop();
  t.same(summary.violations, [], 'what waited in its ring is lost, counted and given back');
  t.equal(summary.inFlight, 0);
  t.ok(summary.lost > 0, `${summary.lost} lost`);
});

t.test('a worker that is dead when rules are loaded begins with the new ones', async (t) => {
  const threads = new KillableThreads();
  const engine = createEngine(
    { ruleSet: RULES, workerCount: 2, restarts: { ...RESTARTS, backoffMsMin: 100 } },
    { createThread: threads.create },
  );
  await engine.start();
  await threads.kill('worker1');
  t.equal(await engine.reload(rules('{ default_action: drop, rules: [] }')), 2);
  await threads.kill('worker0');
  t.equal(await engine.reload(RULES), 3);
  const summary = await engine.stop();
  t.same(summary.violations, []);
});
