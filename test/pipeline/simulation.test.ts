import t from 'tap';
import { Random } from '../protocol/random.js';
import { Simulation, type SimulationFigures } from './simulation.js';

t.setTimeout(120_000);

const SEEDS = 2000;

/** Runs one seed; a failure says how to see it again. */
async function run(seed: number): Promise<SimulationFigures> {
  const simulation = new Simulation(seed);
  try {
    return await simulation.run();
  } catch (error) {
    const trail = simulation.trail.slice(-30).join('\n  ');
    throw new Error(`again with SIMULATION_SEED=${seed}: ${error}\n  ${trail}`, { cause: error });
  }
}

t.test(
  'the identity holds at every step of a simulated pipeline, and every packet is counted once',
  async (t) => {
    const given = process.env.SIMULATION_SEED;
    const first = given === undefined ? Random.newSeed() : Number(given);
    const seeds = given === undefined ? SEEDS : 1;
    const sums = { steps: 0, passes: 0, received: 0, dropped: 0, reloads: 0 };
    const beganMs = performance.now();
    for (let i = 0; i < seeds; i++) {
      const figures = await run(first + i);
      for (const name of ['steps', 'passes', 'received', 'dropped', 'reloads'] as const)
        sums[name] += figures[name];
    }
    const seconds = (performance.now() - beganMs) / 1000;
    t.comment(
      `${seeds} seeds from ${first}: ${sums.steps} steps, ${sums.passes} passes, ${sums.received} frames, ` +
        `${sums.dropped} dropped, ${sums.reloads} reloads, ${seconds.toFixed(1)} s`,
    );
    t.ok(sums.passes > 0);
    if (given === undefined) t.ok(sums.dropped > 0 && sums.received > sums.dropped && sums.reloads > 0);
  },
);
