import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { Poller } from '../../src/kernel/poller.js';
import { createWakeEvent, signalWake } from '../../src/kernel/wake-event.js';

/** Far longer than any wake-up takes, milliseconds. */
const LONG_MS = 10_000;

/** Node.js has it in a field of its own, and no way to ask for it. */
function descriptorOf(socket: Socket): number {
  const states = Object.getOwnPropertySymbols(socket).map((key) => Reflect.get(socket, key));
  return states.find((state) => state?.handle !== undefined).handle.fd;
}

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

t.test('an error of a socket ends a wait, is told, and is taken', async (t) => {
  const wakeFd = createWakeEvent();
  const socket = createSocket('udp4');
  t.teardown(() => {
    closeSync(wakeFd);
    socket.close();
  });
  // Nobody listens at port 1: what is sent there comes back as an error of the socket.
  socket.connect(1, '127.0.0.1');
  await once(socket, 'connect');
  const poller = new Poller([descriptorOf(socket)], wakeFd);
  t.equal(poller.wait(0), false, 'there is none yet');
  socket.send('x', () => undefined);
  t.equal(poller.wait(LONG_MS), true);
  t.equal(poller.wait(30), false);
  signalWake(wakeFd);
  t.equal(poller.wait(LONG_MS), false, 'a wake-up is none');
});
