import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { Supervisor } from '../../src/engine/supervisor.js';
import {
  CONTROL_RESTARTS,
  CONTROL_STATE,
  controlOf,
  createControl,
  STATE_DEAD,
} from '../../src/memory/control-layout.js';

const POLICY = { backoffMsMin: 2, backoffMsMax: 5, deathsMax: 4, windowMs: 1000 };
const ERROR = new Error('as the test wants it');

/** Two posts that are filled as soon as they may be, and a clock that the test moves. */
class SupervisorBench {
  readonly control = createControl(2);
  readonly pausesMs: number[] = [];
  readonly ends: string[] = [];
  nowMs = 0;
  refills = 0;
  readonly supervisor: Supervisor;

  constructor(policy: typeof POLICY | null) {
    this.supervisor = new Supervisor(policy, {
      control: this.control,
      clock: { nowMs: () => this.nowMs, unixMs: () => this.nowMs },
      onRestart: (_thread, _error, delayMs) => this.pausesMs.push(delayMs),
      onDeath: (thread) => this.ends.push(thread),
    });
  }

  die(threadIndex = 0): void {
    this.supervisor.noteDeath({ name: `t${threadIndex}`, threadIndex, refill: () => this.refills++ }, ERROR);
  }

  word(word: number, threadIndex = 0): number {
    return controlOf(this.control, threadIndex)[word];
  }
}

t.test('pauses double up to their limit, and after too many deaths that is the end', async (t) => {
  const bench = new SupervisorBench(POLICY);
  for (let death = 0; death < 4; death++) bench.die();
  t.equal(bench.word(CONTROL_STATE), STATE_DEAD);
  t.same(bench.pausesMs, [2, 4, 5, 5]);
  t.same(bench.ends, []);
  bench.die();
  t.same(bench.ends, ['t0']);
  await sleep(20);
  t.equal(bench.refills, 4);
  t.equal(bench.word(CONTROL_RESTARTS), 4);
});

t.test('deaths of long ago and of others do not count', async (t) => {
  const bench = new SupervisorBench(POLICY);
  for (let death = 0; death < 12; death++) {
    bench.die(death % 2);
    bench.nowMs += 300;
  }
  t.same(bench.ends, []);
  t.same(bench.pausesMs, [2, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4], 'two within the window each');
  bench.supervisor.stop();
});

t.test('without a policy the first death is the end, and a stop ends all replacing', async (t) => {
  const bench = new SupervisorBench(null);
  bench.die();
  t.same([bench.pausesMs, bench.ends], [[], ['t0']]);
  const stopped = new SupervisorBench(POLICY);
  stopped.die();
  stopped.supervisor.stop();
  stopped.die();
  await sleep(20);
  t.same([stopped.refills, stopped.ends], [0, []]);
  t.equal(stopped.word(CONTROL_STATE), STATE_DEAD);
});
