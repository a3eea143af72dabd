import { availableParallelism } from 'node:os';
import type { BenchOptions } from '../cases.js';
import { type BenchResult, median, ratioSpread, runJson, spread } from '../measure.js';
import { StoppedPipeline } from './stopped-pipeline.js';

/** UPE's own turns in a run together; and one turn, UPE's as well as its peer's. */
const RUN_SECONDS = 1;
const TURN_SECONDS = 0.25;
/** So many that each worker has its share. */
const MANY_FLOWS = 10_000;

/** Whether the yardstick is a peer: it has one worker, and knows no talkers. */
export function hasYardstick({ workers, talkers }: BenchOptions): boolean {
  return workers === 1 && !talkers;
}

/**
 * Producer thread to worker threads, the yardstick's work: parse, match, count, rewrite, free. With a peer both take
 * turns of a quarter of a second, UPE first: a host moves a virtual machine's processors near to
 * each other and far apart every few seconds, and the rate changes by two or three with that.
 */
export async function* pipeline(options: BenchOptions): AsyncIterable<BenchResult> {
  const { rules, workers, talkers } = options;
  const seconds = options.seconds ?? RUN_SECONDS;
  const flows = options.flows ?? (workers === 1 && !talkers ? 1 : MANY_FLOWS);
  const yardstick = hasYardstick(options) ? options.yardstick : null;
  const shape = [rules, flows, workers];
  const rates: number[] = [];
  const ratios: number[] = [];
  for (let run = 0; run < options.runs; run++) {
    const started: StoppedPipeline[] = [];
    try {
      for (const withTalkers of talkers ? [1, 0] : [0]) {
        started.push(await StoppedPipeline.start([...shape, withTalkers]));
      }
      const [own, without] = started;
      const turns: number[] = [];
      for (let turn = 0; turn * TURN_SECONDS < seconds; turn++) {
        const mpps = await own.takeTurn(TURN_SECONDS);
        turns.push(mpps);
        if (without !== undefined) ratios.push(mpps / (await without.takeTurn(TURN_SECONDS)));
        if (yardstick !== null) ratios.push(mpps / yardstickRate(yardstick, rules, flows));
      }
      for (const pipeline of started) await pipeline.end();
      rates.push(median(turns));
    } finally {
      for (const pipeline of started) pipeline.dispose();
    }
  }
  const processors = availableParallelism();
  const threads = 1 + workers;
  const label = [
    ...(talkers ? ['top talkers on'] : []),
    ...(rules > 1 ? [`${rules} rules`] : []),
    ...(flows > 1 ? [`${flows} flows`] : []),
    ...(threads > processors ? [`${threads} threads on ${processors} CPUs`] : []),
  ];
  yield {
    name: 'pipeline',
    ...(label.length === 0 ? {} : { case: label.join(', ') }),
    ...spread(rates),
    unit: 'Mpps',
    rules,
    flows,
    workers,
    processors,
    ...(ratios.length === 0 ? {} : { peer: talkers ? 'off' : 'pipeline.c', ...ratioSpread(ratios) }),
  };
}

/** @returns packets per second, millions: those that it prints have too few digits where rules are many. */
function yardstickRate(yardstick: string, rules: number, flows: number): number {
  const { packets, seconds } = runJson(yardstick, [TURN_SECONDS, rules, flows]);
  return packets / seconds / 1e6;
}
