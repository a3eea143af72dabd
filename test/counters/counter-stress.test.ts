import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { CounterReader } from '../../src/counters/counter-reader.js';
import { createCounters } from '../../src/counters/counters-layout.js';
import { COMMAND_STOP, CONTROL_COMMAND, controlOf, createControl } from '../../src/memory/control-layout.js';
import type { CountingData } from './counting-thread.js';

const SNAPSHOTS = 2000;
/** Far more than an answer takes on a machine that is busy with other things. */
const ANSWER_MS_MAX = 5000;

function awaitAnswer(reader: CounterReader): void {
  const endMs = performance.now() + ANSWER_MS_MAX;
  while (!reader.isAnswered()) {
    if (performance.now() > endMs) throw new Error(`no answer within ${ANSWER_MS_MAX} ms`);
  }
}

t.test('two thousand snapshots of a thread that counts at full speed all add up', async (t) => {
  const memory = createCounters({ levelCount: 1, totalCount: 1, slotCount: 1 });
  const control = createControl(1);
  const data: CountingData = { memory, control };
  const worker = new Worker(new URL('./counting-thread.js', import.meta.url), { workerData: data });
  t.teardown(() => worker.terminate());
  await once(worker, 'online');
  const sum = once(worker, 'message').then(([message]) => message as number);
  const reader = new CounterReader(memory, controlOf(control, 0));
  const wrong: string[] = [];
  let before = -1;
  let grown = 0;
  const check = () => {
    const { levels, totals, slots } = reader;
    if (totals[0] !== slots[0] || levels[0] !== totals[0] + slots[0] || totals[0] < before) {
      wrong.push(`${totals[0]} and ${slots[0]}, sum ${levels[0]}, before ${before}`);
    }
    if (totals[0] > before) grown++;
    before = totals[0];
  };
  for (let i = 0; i < SNAPSHOTS; i++) {
    reader.request(1);
    awaitAnswer(reader);
    if (!reader.take(1)) wrong.push('answered, and nothing to take');
    check();
  }
  t.same(wrong, []);
  t.equal(grown, SNAPSHOTS, 'every snapshot is newer than the one before');
  Atomics.store(controlOf(control, 0), CONTROL_COMMAND, COMMAND_STOP);
  const counted = await sum;
  t.equal(reader.take(1), true);
  check();
  t.same(wrong, []);
  t.equal(reader.levels[0], counted, "the last words are the thread's own");
});
