import type { BenchOptions } from '../cases.js';
import { type BenchResult, median, runModule, spread } from '../measure.js';

/** Length of one run, seconds. */
const RUN_SECONDS = 0.5;
const RULES = [1, 1000, 10_000];
const MANY_FLOWS = 10_000;
const WORKERS = [1, 2, 4, 8];
/** Lanes: what changes along the way of a packet is one of these at a time. */
const LANES: readonly LaneOptions[] = [
  { rules: 1, flows: 1, frameBytes: 64 },
  { rules: 1, flows: MANY_FLOWS, frameBytes: 64 },
  { rules: 1000, flows: MANY_FLOWS, frameBytes: 64 },
  { rules: 10_000, flows: MANY_FLOWS, frameBytes: 64 },
  { rules: 1, flows: MANY_FLOWS, frameBytes: 512 },
  { rules: 1, flows: MANY_FLOWS, frameBytes: 1500 },
];

interface LaneOptions {
  readonly rules: number;
  readonly flows: number;
  readonly frameBytes: number;
}

/**
 * What a packet costs at each stage, measured by loops of their own on one thread; and from that how many
 * packets per second one rx thread and so many workers come to, each on a processor of its own, at the most:
 * what cores wait for each other's cache lines is not in it.
 */
export async function* stages(options: BenchOptions): AsyncIterable<BenchResult> {
  const seconds = options.seconds ?? RUN_SECONDS;
  const repeated = <Run>(measure: () => Run): Run[] =>
    Array.from({ length: options.runs + 1 }, measure).slice(1);
  const stage = (what: string, ns: readonly number[], fields: object = {}): BenchResult => ({
    name: 'stages',
    case: what,
    ...spread(ns),
    unit: 'ns per packet',
    ...fields,
  });
  const step = (what: string, module: string, ...args: readonly (string | number)[]) =>
    stage(
      what,
      repeated(() => runModule(module, [seconds, ...args]).ns),
    );
  yield step('pool', './pool-run.js');
  yield step('ring', './stages/step-run.js', 'ring');
  yield step('parse', './parse-run.js');
  for (const rules of RULES) {
    yield { ...step(`match, ${rules} rules`, './stages/step-run.js', 'match', rules), rules };
  }
  for (const { rules, flows, frameBytes } of LANES) {
    const lane = (workers: number) =>
      runModule('./stages/lane-run.js', [seconds, rules, flows, frameBytes, workers]);
    // In turn, because a machine has slow minutes.
    const runs = repeated(() => ({ alone: lane(1), dealing: lane(2) }));
    const rx = runs.map(({ alone }) => alone.rxNs);
    const dealing = runs.map(({ dealing }) => dealing.rxNs);
    const worker = runs.map(({ alone }) => alone.workerNs);
    const fields = { rules, flows, frameBytes };
    const where = `${rules} rules, ${flows} flows, ${frameBytes} B`;
    yield stage(`rx for one worker, ${where}`, rx, fields);
    yield stage(`rx for several, ${where}`, dealing, fields);
    yield stage(`worker, ${where}`, worker, fields);
    for (const workers of WORKERS) {
      const rxNs = median(workers === 1 ? rx : dealing);
      yield estimate(workers, where, Math.max(rxNs, median(worker) / workers), fields);
    }
  }
}

/** One rx thread feeds the workers: `ns` a packet is what the slower side takes. */
function estimate(workers: number, where: string, ns: number, fields: object): BenchResult {
  const value = 1000 / ns;
  return {
    name: 'stages',
    case: `at most, ${workers} workers, ${where}`,
    value,
    min: value,
    max: value,
    unit: 'Mpps',
    workers,
    ...fields,
  };
}
