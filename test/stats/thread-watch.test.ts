import t from 'tap';
import { createCounters, workerCountersShape } from '../../src/counters/counters-layout.js';
import {
  CONTROL_HEARTBEAT,
  CONTROL_RESTARTS,
  CONTROL_STATE,
  controlOf,
  createControl,
  STATE_DEAD,
  STATE_FINISHED,
  STATE_RUNNING,
} from '../../src/memory/control-layout.js';
import { createMainLoad, MainLoad } from '../../src/stats/main-load.js';
import { ThreadWatch } from '../../src/stats/thread-watch.js';
import { ClockStandIn } from './engine-stand-in.js';

const READING = { busySeconds: 1.5, heapBytes: 5_000_000, lagSeconds: 0.002, gcSeconds: 0.25 };
const counters = createCounters(workerCountersShape(1, 1));

/** rx, one worker and stats, all at work. */
function watched() {
  const control = createControl(3);
  const clock = new ClockStandIn();
  const [rx, worker] = [0, 1].map((thread) => controlOf(control, thread));
  for (const block of [rx, worker]) Atomics.store(block, CONTROL_STATE, STATE_RUNNING);
  const main = new MainLoad(createMainLoad());
  const watch = new ThreadWatch({ control, workerCounters: [counters] }, main, clock);
  return { rx, worker, main, clock, watch };
}

t.test('the age of a heartbeat is the time since the thread was last seen to move', async (t) => {
  const { rx, main, clock, watch } = watched();
  const ages = () =>
    Object.fromEntries(watch.read().map(({ thread, heartbeatAgeSeconds }) => [thread, heartbeatAgeSeconds]));
  clock.ms += 2000;
  t.same(ages(), { main: 2, rx: 2, worker0: 2, stats: 2 });
  rx[CONTROL_HEARTBEAT] += 1;
  main.set(READING);
  t.same(ages(), { main: 0, rx: 0, worker0: 2, stats: 2 });
  watch.beat();
  clock.ms += 500;
  t.same(ages(), { main: 0.5, rx: 0.5, worker0: 2.5, stats: 0.5 });
});

t.test('what is dead, not there yet, or stalled is no good, and said by name', async (t) => {
  const { rx, worker, main, clock, watch } = watched();
  t.equal(watch.problem(), null);
  Atomics.store(rx, CONTROL_STATE, STATE_FINISHED);
  t.equal(watch.problem(), null);
  Atomics.store(worker, CONTROL_STATE, STATE_DEAD);
  Atomics.add(worker, CONTROL_RESTARTS, 3);
  t.equal(watch.problem(), 'The worker0 thread has died and is not at work again yet.');
  t.equal(watch.read().find(({ thread }) => thread === 'worker0')?.restarts, 3);
  Atomics.store(worker, CONTROL_STATE, 0);
  t.equal(watch.problem(), 'The worker0 thread is not running.');
  Atomics.store(worker, CONTROL_STATE, STATE_RUNNING);
  clock.ms += 5000;
  t.equal(watch.problem(), null);
  clock.ms += 1;
  main.set(READING);
  rx[CONTROL_HEARTBEAT] += 1;
  watch.beat();
  t.equal(watch.problem(), 'The worker0 thread has not moved for 5 s.');
  worker[CONTROL_HEARTBEAT] += 1;
  t.equal(watch.problem(), null);
});

t.test('what main says of itself arrives whole', async (t) => {
  const memory = createMainLoad();
  const [main, reader] = [new MainLoad(memory), new MainLoad(memory)];
  t.same(reader.read(), { busySeconds: 0, heapBytes: 0, lagSeconds: 0, gcSeconds: 0 });
  main.set(READING);
  t.same(reader.read(), READING);
  t.equal(reader.readings, 1);
});
