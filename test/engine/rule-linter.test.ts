import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { RuleLinter } from '../../src/engine/rule-linter.js';
import type { CreateThread } from '../../src/engine/thread.js';
import { packRules, unpackRules } from '../../src/rules/packed-rules.js';
import { rule, ruleSet } from '../rules/build-rules.js';
import { rules } from '../support/engine-fixture.js';
import { largeRuleFile } from '../support/large-rule-file.js';

t.setTimeout(60_000);
// The linter's thread keeps no process alive.
const alive = setInterval(() => {}, 1000);
t.teardown(() => clearInterval(alive));

/** A table whose last `count` rules can never match. */
function withShadowed(count: number) {
  return packRules(ruleSet(Array.from({ length: 1 + count }, (_, i) => rule(`r${i}`))));
}

/** A linter, what it has said, and the threads that it has had. */
function linterWith(createThread: CreateThread = (file, options) => new Worker(file, options)) {
  const said: unknown[] = [];
  const threads: Worker[] = [];
  let onSaid = () => {};
  const saidSomething = new Promise<void>((resolve) => {
    onSaid = resolve;
  });
  const say = (word: unknown) => {
    said.push(word);
    onSaid();
  };
  const linter = new RuleLinter({
    createThread: (file, options) => {
      const thread = createThread(file, { ...options, execArgv: [] });
      threads.push(thread);
      return thread;
    },
    onLinted: say,
    onWarning: say,
  });
  return { linter, said, saidSomething, threads };
}

t.test('names the rules that can never match, on a thread that ends then', async (t) => {
  const { linter, said, saidSomething, threads } = linterWith();
  linter.tableInUse(7, withShadowed(3));
  await saidSomething;
  t.strictSame(said, [{ generation: 7, shadowed: [1, 2, 3] }]);
  // It has said what it found, and only has to end: a busy machine may take its time over that.
  for (let waited = 0; waited < 50 && threads.some(({ threadId }) => threadId !== -1); waited++)
    await sleep(100);
  t.strictSame(
    threads.map(({ threadId }) => threadId),
    [-1],
    'the thread has ended by itself',
  );
  await linter.stop();
});

t.test('of tables that follow one another, only the last is looked at', async (t) => {
  const { linter, said, saidSomething, threads } = linterWith();
  for (let generation = 1; generation <= 20; generation++) {
    linter.tableInUse(generation, withShadowed(generation));
    await sleep(20);
  }
  await saidSomething;
  t.match(said, [{ generation: 20, shadowed: { length: 20 } }]);
  t.equal(threads.length, 1, 'threads');
  await linter.stop();
});

t.test('a table that comes while one is looked at ends that', async (t) => {
  const { linter, said, saidSomething, threads } = linterWith();
  const large = packRules(rules(largeRuleFile(16_384, 1)));
  linter.tableInUse(1, large);
  while (threads.length === 0) await sleep(10);
  linter.tableInUse(2, withShadowed(1));
  await saidSomething;
  t.strictSame(said, [{ generation: 2, shadowed: [1] }]);
  await linter.stop();
});

t.test('16,384 rules are counted, and main is not held up', async (t) => {
  const { linter, said, saidSomething } = linterWith();
  const packed = packRules(rules(largeRuleFile(16_384, 1)));
  const beganMs = performance.now();
  linter.tableInUse(1, packed);
  const handedOverMs = performance.now() - beganMs;
  t.ok(handedOverMs < 50, `handed over in ${handedOverMs.toFixed(1)} ms`);
  await saidSomething;
  t.comment(`known after ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
  t.match(said, [{ generation: 1, shadowed: Array }]);
  await linter.stop();
});

t.test('a thread that dies is a warning, and the next table is looked at all the same', async (t) => {
  let deaths = 0;
  const { linter, said, saidSomething } = linterWith((file, options) => {
    const isFirst = deaths++ === 0;
    return isFirst
      ? new Worker('throw new Error("as the test wants it")', { eval: true })
      : new Worker(file, options);
  });
  linter.tableInUse(1, withShadowed(1));
  await saidSomething;
  t.match(said, [/which rules can never match is not known, .* as the test wants it/]);
  linter.tableInUse(2, withShadowed(2));
  while (said.length === 1) await sleep(10);
  t.strictSame(said[1], { generation: 2, shadowed: [1, 2] });
  await linter.stop();
});

t.test('a linter that is stopped begins nothing, and leaves no thread', async (t) => {
  const { linter, said, threads } = linterWith();
  linter.tableInUse(1, withShadowed(1));
  await linter.stop();
  linter.tableInUse(2, withShadowed(2));
  await sleep(1500);
  t.strictSame([said, threads], [[], []]);
});

t.test('packed rules are the rules, and what they share they share again', async (t) => {
  const set = rules(`
sets: { lan: &lan [10.0.0.0/8, fd00::/8] }
rules:
  - { name: a, match: { src: *lan }, action: drop }
  - { name: b, match: { dst: *lan, dst_port: 80 }, action: count }
`);
  const again = unpackRules(packRules(set));
  t.strictSame(again, set);
  t.equal(again.rules[0].match.src, again.rules[1].match.dst, 'one list');
});
