import { classify } from './classify/classify-case.js';
import { capture } from './live/capture-case.js';
import { forward } from './live/forward-case.js';
import { type BenchResult, ratioSpread, runModule, spread } from './measure.js';
import { pipeline } from './pipeline/pipeline-case.js';
import { stages } from './stages/stages-case.js';

export interface BenchOptions {
  /** Counted runs of a case; one more goes before them and is not counted, where they do not warm up themselves. */
  readonly runs: number;
  /** Length of one run; `null` for what suits the case. */
  readonly seconds: number | null;
  readonly rules: number;
  /** `null` for one, or ten thousand where several workers share them. */
  readonly flows: number | null;
  /** Threads of the pipeline that packets are dealt out to. */
  readonly workers: number;
  /** Packets of the capture that is replayed. */
  readonly packets: number;
  /** The compiled C yardstick, or `null`. */
  readonly yardstick: string | null;
  /** ClassBench files; `null` for what there is. */
  readonly filters: string | null;
  readonly trace: string | null;
  /** Of whatever is random; `null` for the case's own. */
  readonly seed: number | null;
  /** pipeline: with top talkers, and in turn without. */
  readonly talkers: boolean;
}

/** One result, or several as they come. */
export type BenchCase = (options: BenchOptions) => BenchResult | AsyncIterable<BenchResult>;

/** Rules of a reload or a scrape where none are given. */
const LARGE_TABLE_RULES = 10_000;
/** Of a run of `heap`, at least; and runs of it, each more than a minute. */
const HEAP_PACKETS = 50_000_000;
const HEAP_RUNS_MAX = 3;
/** Of a run of `ring`: long enough to see processors near to each other and far apart. */
const RING_RUN_SECONDS = 3;
/** Length of a run in memory, seconds. */
const RUN_SECONDS = 1;

/** Runs `measure` once to warm up and then `runs` times. */
function repeat(runs: number, measure: () => number): number[] {
  measure();
  return Array.from({ length: runs }, measure);
}

/** Values through a ring between two threads, in bursts of 32: UPE's ring and ringbuf.js in turn, many times a run. */
function ring({ runs, seconds }: BenchOptions): BenchResult {
  const own: number[] = [];
  const ratios: number[] = [];
  for (let run = 0; run < runs; run++) {
    const { millions, ratio } = runModule('./ring/ring-run.js', [seconds ?? RING_RUN_SECONDS]);
    own.push(millions);
    ratios.push(ratio);
  }
  return {
    name: 'ring',
    ...spread(own),
    unit: 'M indexes/s',
    burst: 32,
    peer: 'ringbuf.js',
    ...ratioSpread(ratios),
  };
}

/** Buffers taken and given back, in bursts of 32 on one thread. */
function pool({ runs, seconds }: BenchOptions): BenchResult {
  const values = repeat(runs, () => runModule('./pool-run.js', [seconds ?? RUN_SECONDS]).ns);
  return { name: 'pool', ...spread(values), unit: 'ns per alloc and free', burst: 32 };
}

/** Frames of the demo traffic through the parser. */
function parse({ runs, seconds }: BenchOptions): BenchResult {
  const values = repeat(runs, () => runModule('./parse-run.js', [seconds ?? RUN_SECONDS]).ns);
  return { name: 'parse', ...spread(values), unit: 'ns per frame', corpus: 'demo' };
}

/** A capture file of 64-byte frames, from the first read to the last count. */
function replay({ runs, packets }: BenchOptions): BenchResult {
  const values = repeat(runs, () => runModule('./replay-run.js', [packets]).mpps);
  return { name: 'replay', ...spread(values), unit: 'Mpps', packets };
}

/** From SIGHUP until every packet is judged by the new rules. */
function reload({ runs, rules }: BenchOptions): BenchResult {
  const count = rules > 1 ? rules : LARGE_TABLE_RULES;
  const { value, min, max, ...fields } = runModule('./reload/reload-run.js', [count, runs]);
  return { name: 'reload', value, min, max, unit: 'ms', rules: count, ...fields };
}

/** The lines of all rules, as text, when every number has changed since the last scrape. */
function scrape({ runs, rules }: BenchOptions): BenchResult {
  const count = rules > 1 ? rules : LARGE_TABLE_RULES;
  const { value, min, max, ratio, ...fields } = runModule('./scrape/scrape-run.js', [
    count,
    Math.max(runs, 5),
  ]);
  return { name: 'scrape', value, min, max, unit: 'ms', rules: count, peer: 'prom-client', ratio, ...fields };
}

/** What rx or a worker, whichever it is more of, holds more after so many packets. */
function heap({ runs }: BenchOptions): BenchResult {
  // No run for warming up: each waits until V8 has settled.
  const growths = Array.from(
    { length: Math.min(runs, HEAP_RUNS_MAX) },
    () => runModule('./heap-run.js', [HEAP_PACKETS]).growthBytes / 1024,
  );
  return { name: 'heap', ...spread(growths), unit: 'KiB more', packets: HEAP_PACKETS };
}

export const CASES: Readonly<Record<string, BenchCase>> = {
  pipeline,
  ring,
  pool,
  parse,
  stages,
  classify,
  reload,
  scrape,
  replay,
  heap,
  capture,
  forward,
};
