import { availableParallelism } from 'node:os';
import type { BenchOptions } from '../cases.js';
import { type BenchResult, median, runJson, spread } from '../measure.js';
import { StoppedPipeline } from './stopped-pipeline.js';

/** Of a run, in turns; and of a turn, of both that are compared. */
const RUN_SECONDS = 1;
const TURN_SECONDS = 0.25;
/** So many that each worker has its share. */
const MANY_FLOWS = 10_000;

/**
 * Producer thread to worker threads, the yardstick's work: parse, match, count, rewrite, free. With a peer both take
 * turns of a quarter of a second, of which one follows the other: a host moves a virtual machine's processors near to
 * each other and far apart every few seconds, and the rate changes by two or three with that.
 */
export async function* pipeline(options: BenchOptions): AsyncIterable<BenchResult> {
  const { rules, workers, talkers } = options;
  const seconds = options.seconds ?? RUN_SECONDS;
  const flows = options.flows ?? (workers === 1 && !talkers ? 1 : MANY_FLOWS);
  // The yardstick has one worker: it is no peer of several.
  const yardstick = workers === 1 && !talkers ? options.yardstick : null;
  const shape = [rules, flows, workers];
  const rates: number[] = [];
  const ratios: number[] = [];
  for (let run = 0; run < options.runs; run++) {
    const own = await StoppedPipeline.start([...shape, talkers ? 1 : 0]);
    const without = talkers ? await StoppedPipeline.start([...shape, 0]) : null;
    const turns: number[] = [];
    for (let turn = 0; turn * TURN_SECONDS < seconds; turn++) {
      const mpps = await own.takeTurn(TURN_SECONDS);
      turns.push(mpps);
      if (without !== null) ratios.push(mpps / (await without.takeTurn(TURN_SECONDS)));
      if (yardstick !== null) ratios.push(mpps / runJson(yardstick, [TURN_SECONDS, rules, flows]).mpps);
    }
    await own.end();
    await without?.end();
    rates.push(median(turns));
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

function ratioSpread(ratios: readonly number[]): Pick<BenchResult, 'ratio' | 'ratioMin' | 'ratioMax'> {
  return { ratio: median(ratios), ratioMin: Math.min(...ratios), ratioMax: Math.max(...ratios) };
}
