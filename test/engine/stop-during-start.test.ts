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
import { LOCAL_HTTP } from '../stats/server-stand-in.js';
import { createEngine } from '../support/engine-fixture.js';

/** A thread as it is when it is scheduled late: the first order that it sees is the one to stop, and it is never ready. */
const LATE = {
  /** rx and the workers, which look at their control block. */
  ordered: `
    const { workerData: { orders, command, stop } } = require('node:worker_threads');
    while (Atomics.load(orders, command) !== stop) Atomics.wait(orders, command, Atomics.load(orders, command), 20);`,
  /** stats, which is sent messages. */
  told: `
    require('node:worker_threads').parentPort.on('message', ({ kind }) => {
      if (kind === 'stop') process.exit(0);
    });`,
};

for (const { thread, threadIndex, code } of [
  { thread: 'rx', threadIndex: RX_INDEX, code: LATE.ordered },
  { thread: 'worker0', threadIndex: 1, code: LATE.ordered },
  { thread: 'stats', threadIndex: 2, code: LATE.told },
]) {
  t.test(`told to stop before ${thread} is ready, a start ends without a failure`, async (t) => {
    const createThread: CreateThread = (file, options) => {
      if (options.name !== thread) return new Worker(file, options);
      const orders = controlOf(engine.memory.control, threadIndex);
      const workerData = { ...options.workerData, orders, command: CONTROL_COMMAND, stop: COMMAND_STOP };
      return new Worker(code, { ...options, eval: true, workerData });
    };
    const engine = createEngine(
      { stats: { intervalMs: 100, http: LOCAL_HTTP, topTalkers: false } },
      { createThread },
    );
    const orders = controlOf(engine.memory.control, RX_INDEX);
    let outcome = '';
    const start = engine.start().then(
      (port) => {
        outcome = `port ${port}`;
      },
      (error: Error) => {
        outcome = error.message;
      },
    );
    t.equal(Atomics.load(orders, CONTROL_COMMAND), COMMAND_HOLD, 'rx is held while the others begin');
    if (thread === 'rx') {
      while (outcome === '' && Atomics.load(orders, CONTROL_COMMAND) !== COMMAND_RUN) await sleep(1);
    } else {
      // Long enough for the others to be ready.
      await sleep(500);
    }
    t.equal(outcome, '', 'it waits for the thread');
    const { violations } = await engine.stop();
    await start;
    t.equal(outcome, 'port 0');
    t.same(violations, []);
  });
}
