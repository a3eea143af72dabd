import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { Poller } from '../../src/kernel/poller.js';
import { createWakeEvent, signalWake } from '../../src/kernel/wake-event.js';

/** Far longer than any wake-up takes, milliseconds. */
const LONG_MS = 10_000;

function timeMs(action: () => void): number {
  const beganMs = performance.now();
  action();
  return performance.now() - beganMs;
}

t.test('a wait ends when it is woken, and the next one is a wait again', async (t) => {
  const wakeFd = createWakeEvent();
  t.teardown(() => closeSync(wakeFd));
  const poller = new Poller([], wakeFd);
  signalWake(wakeFd);
  signalWake(wakeFd);
  t.ok(timeMs(() => poller.wait(LONG_MS)) < LONG_MS / 2);
  t.ok(timeMs(() => poller.wait(30)) >= 25, 'both signals have been taken');
});

t.test('a wait is ended by another thread', async (t) => {
  const wakeFd = createWakeEvent();
  t.teardown(() => closeSync(wakeFd));
  const module = JSON.stringify(new URL('../../src/kernel/wake-event.js', import.meta.url).href);
  const code = `import(${module}).then(({ signalWake }) => setTimeout(() => signalWake(${wakeFd}), 100));`;
  const thread = new Worker(code, { eval: true });
  t.teardown(() => thread.terminate());
  await sleep(1);
  t.ok(timeMs(() => new Poller([], wakeFd).wait(LONG_MS)) < LONG_MS / 2);
});
