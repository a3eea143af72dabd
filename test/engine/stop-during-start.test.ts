import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import type { CreateThread } from '../../src/engine/thread.js';
import {
  COMMAND_HOLD,
  COMMAND_RUN,
  COMMAND_STOP,
  CONTROL_COMMAND,
  controlOf,
} from '../../src/memory/control-layout.js';
import { RX_INDEX } from '../../src/memory/pool-layout.js';
import { createEngine } from '../support/engine-fixture.js';

/** rx as it is when it is scheduled late: the first order that it sees is the one to stop, so it opens nothing. */
const RX_THAT_ONLY_STOPS = `
  const { workerData: { control, command, stop } } = require('node:worker_threads');
  while (Atomics.load(control, command) !== stop) Atomics.wait(control, command, Atomics.load(control, command), 20);
`;

t.test('told to stop before rx has opened its source, a start ends without a failure', async (t) => {
  const createThread: CreateThread = (file, options) => {
    if (options.name !== 'rx') return new Worker(file, options);
    const workerData = { control, command: CONTROL_COMMAND, stop: COMMAND_STOP };
    return new Worker(RX_THAT_ONLY_STOPS, { ...options, eval: true, workerData });
  };
  const engine = createEngine({}, { createThread });
  const control = controlOf(engine.memory.control, RX_INDEX);
  const start = engine.start();
  const outcome = start.then(
    (port) => `port ${port}`,
    (error: Error) => error.message,
  );
  const sawHold = Atomics.load(control, CONTROL_COMMAND) === COMMAND_HOLD;
  let hasFailed = false;
  start.catch(() => {
    hasFailed = true;
  });
  while (!hasFailed && Atomics.load(control, CONTROL_COMMAND) !== COMMAND_RUN) await sleep(1);
  const { violations } = await engine.stop();
  t.ok(sawHold, 'rx is held while the others begin');
  t.equal(await outcome, 'port 0');
  t.same(violations, []);
});
