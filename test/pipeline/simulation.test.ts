import t from 'tap';
import { DROP_REASONS } from '../../src/counters/catalogue.js';
import {
  CONTROL_GENERATION_IN_USE,
  CONTROL_HEARTBEAT,
  CONTROL_TABLE_GENERATION,
} from '../../src/memory/control-layout.js';
import { copyWords } from '../../src/ring/copy-words.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { RxLoop } from '../../src/source/rx-loop.js';
import { WorkerLoop } from '../../src/worker/worker-loop.js';
import { Random } from '../protocol/random.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { mutantOf } from '../support/interleaving/mutant.js';
import { mortalSubjects, type PipelineSubjects, PRODUCTION } from './simulated-threads.js';
import { Simulation, type SimulationFigures } from './simulation.js';

t.setTimeout(120_000);

const SEEDS = 2000;
/** The seed to run again, of a failure: no others are run then. */
const given = process.env.SIMULATION_SEED;

/** Of the seeds: threads die in one of so many. */
const MORTAL_EVERY = 4;
const mortal = await mortalSubjects(temporaryFolder(t));

const simulationOf = (seed: number) =>
  seed % MORTAL_EVERY === 0 ? new Simulation(seed, mortal, true) : new Simulation(seed);

/** Runs one seed; a failure says how to see it again. */
async function run(seed: number): Promise<SimulationFigures> {
  const simulation = simulationOf(seed);
  try {
    return await simulation.run();
  } catch (error) {
    const trail = simulation.trail.slice(-30).join('\n  ');
    throw new Error(`again with SIMULATION_SEED=${seed}: ${error}\n  ${trail}`, { cause: error });
  }
}

t.test(
  'at every step of a simulated pipeline the identity holds; every packet is counted once',
  async (t) => {
    const first = given === undefined ? Random.newSeed() : Number(given);
    const seeds = given === undefined ? SEEDS : 1;
    const sums = { steps: 0, passes: 0, received: 0, dropped: 0, reloads: 0, deaths: 0, lost: 0 };
    const beganMs = performance.now();
    for (let i = 0; i < seeds; i++) {
      const figures = await run(first + i);
      for (const name of ['steps', 'passes', 'received', 'dropped', 'reloads', 'deaths', 'lost'] as const)
        sums[name] += figures[name];
    }
    const seconds = (performance.now() - beganMs) / 1000;
    t.comment(
      `${seeds} seeds from ${first}: ${sums.steps} steps, ${sums.passes} passes, ${sums.received} frames, ` +
        `${sums.dropped} dropped, ${sums.reloads} reloads, ${sums.deaths} deaths, ${sums.lost} lost, ${seconds.toFixed(1)} s`,
    );
    t.ok(sums.passes > 0);
    if (given !== undefined) return;
    t.ok(sums.dropped > 0 && sums.received > sums.dropped && sums.reloads > 0);
    t.ok(sums.deaths > seeds / MORTAL_EVERY, `${sums.deaths} deaths`);
  },
);

t.test('a seed gives the same run again', async (t) => {
  for (let seed = 1; seed <= 20; seed++) {
    const runs = [simulationOf(seed), simulationOf(seed)];
    const figures = [await runs[0].run(), await runs[1].run()];
    t.same(figures[1], figures[0]);
    t.same(runs[1].trail, runs[0].trail, `seed ${seed}`);
  }
});

interface Defect {
  readonly what: string;
  readonly subjects: Partial<PipelineSubjects>;
  readonly found: RegExp;
}

const DROP_SCOPE = { RING_FULL: DROP_REASONS.indexOf('ring_full') };
const ATTEND_SCOPE = { CONTROL_HEARTBEAT, CONTROL_TABLE_GENERATION };

/** One statement left out, in one class. */
const DEFECTS: readonly Defect[] = [
  {
    what: 'a frame for a full ring is not counted as dropped',
    subjects: {
      Rx: mutantOf(RxLoop, [
        {
          method: 'dropStaged',
          replace:
            'this.counters.countDropped(pool.interfaceIndex(buffer), wireBytes, RING_FULL, buffer, worker);',
          by: '',
        },
      ]),
    },
    found: /of \d+ frames were received/,
  },
  {
    what: 'the buffer of a dropped frame is not given back',
    subjects: {
      Rx: mutantOf(RxLoop, [{ method: 'dropStaged', replace: 'cache.free(buffer);', by: '' }], DROP_SCOPE),
    },
    found: /buffers are not free/,
  },
  {
    what: 'a worker publishes its counters without its cursor',
    subjects: {
      Worker: mutantOf(
        WorkerLoop,
        [{ method: 'attend', replace: 'this.setLevels();', by: '' }],
        ATTEND_SCOPE,
      ),
    },
    found: /processed \+ lost and read cursor/,
  },
  {
    what: 'a worker says that it uses a table, and goes on with the old one',
    subjects: {
      Worker: mutantOf(
        WorkerLoop,
        [{ method: 'takeRules', replace: 'this.judge.useRules(judgement);', by: '' }],
        { CONTROL_GENERATION_IN_USE },
      ),
    },
    found: /packets and \d+ bytes, not/,
  },
  {
    what: 'the last index of a full hand is forgotten',
    subjects: {
      Consumer: mutantOf(
        RingConsumer,
        [{ method: 'pop', replace: 'return popped;', by: 'return popped === max ? popped - 1 : popped;' }],
        { copyWords },
      ),
    },
    found: /buffers are not free/,
  },
];

t.test('a defect is found within a hundred seeds', { skip: given !== undefined }, async (t) => {
  for (const { what, subjects, found } of DEFECTS) {
    const runAll = async () => {
      for (let seed = 1; seed <= 100; seed++)
        await new Simulation(seed, { ...PRODUCTION, ...subjects }).run();
    };
    await t.rejects(runAll(), { message: found }, what);
  }
});
