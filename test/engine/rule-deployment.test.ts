import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import t from 'tap';
import { RuleDeployment } from '../../src/engine/rule-deployment.js';
import { MonotonicClock } from '../../src/memory/clock.js';
import { CONTROL_GENERATION_IN_USE, controlOf, createControl } from '../../src/memory/control-layout.js';
import type { RuleTableMemory } from '../../src/rules/rule-table.js';
import { adversarialRules, HARMS } from '../rules/adversarial-rules.js';

/** More than one block: only such tables lie in memory that is used again. */
const RULES = 1100;
const SEEDS = [1, 2, 3, 4];
const LAG_MS = 50;

t.test('a table is written over when no worker reads it any more, and not before', async (t) => {
  const sets = SEEDS.map((seed) => adversarialRules(HARMS[0], RULES, seed));
  const control = createControl(2);
  const worker = controlOf(control, 1);
  const posted: RuleTableMemory[] = [];
  let refusal: Error | null = null;
  const deployment = new RuleDeployment(
    { ruleCapacity: 4 * RULES, interfaces: ['a', 'b'], problemsOf: () => [] },
    {
      clock: new MonotonicClock(),
      control,
      ports: [{ postMessage: (table: RuleTableMemory) => posted.push(table) } as unknown as MessagePort],
      prepareStats: async () => {
        if (refusal !== null) throw refusal;
      },
      setTargets: () => {},
      announceInUse: () => {},
    },
  );
  const memoryOf = (table: RuleTableMemory) => table.compiled!.buffer;
  const first = deployment.first(sets[0]).table;
  const words = Int32Array.from(new Int32Array(memoryOf(first)));
  const second = deployment.replace(sets[1]);
  const third = deployment.replace(sets[2]);
  await sleep(LAG_MS);
  t.equal(posted.length, 1, 'the worker has not taken the second table, so there is no third');
  t.strictSame(new Int32Array(memoryOf(first)), words, 'the first one is as it was');
  Atomics.store(worker, CONTROL_GENERATION_IN_USE, 2);
  await second;
  while (posted.length < 2) await sleep(1);
  t.equal(memoryOf(posted[1]), memoryOf(first), 'the third table lies where the first one was');
  Atomics.store(worker, CONTROL_GENERATION_IN_USE, 3);
  await third;
  refusal = new Error('no room');
  await t.rejects(deployment.replace(sets[3]), refusal);
  refusal = null;
  const fourth = deployment.replace(sets[3]);
  while (posted.length < 3) await sleep(1);
  t.equal(memoryOf(posted[2]), memoryOf(posted[0]), 'what a refused table has used is not lost');
  Atomics.store(worker, CONTROL_GENERATION_IN_USE, 4);
  t.equal(await fourth, 4);
});
