import { parseArgs } from 'node:util';
import { judged } from './bars.js';
import { type BenchOptions, CASES } from './cases.js';
import type { BenchResult } from './measure.js';
import { WHOLE_TABLE } from './whole-table.js';
import { compileYardstick } from './yardstick.js';

const USAGE = `usage: npm run bench -- [NAME] [options]

  NAME                one of ${Object.keys(CASES).join(', ')};
                      where none is given all of them, and pipeline with more rules and workers as well: half an hour;
                      capture and forward need root, and make network namespaces
  --json              one JSON object a line instead of a table
  --runs N            counted runs of each case, one more to warm up (5)
  --seconds N         length of a run (1; capture and forward take what suits them)
  --rules N           pipeline: rules in the table, of which the last one matches (1)
                      reload, scrape: rules of the table (10000)
  --flows N           pipeline: flows, up to 60000 (1; 10000 with several workers)
  --workers N         pipeline: threads that packets are dealt out to (1); the yardstick has one
  --talkers           pipeline: with top talkers, and without them in turn (10000 flows)
  --packets N         replay: packets of the capture (1000000)
  --yardstick PATH    pipeline: the compiled C yardstick, run alternately (the shared one, where cc compiles it)
  --filters FILE      classify: a ClassBench filter file (the six shared ones, or generated ones)
  --trace FILE        classify: a ClassBench trace of it (without one, headers are made from the filters)
  --seed N            classify: seed of what is made (1)
`;

const WORKERS_MAX = 64;
const NAME_COLUMNS = 56;
const PEER_COLUMNS = 28;

function positive(text: string, flag: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${flag} must be a number above 0, not ${text}`);
  return value;
}

function count(text: string, flag: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new Error(`--${flag} must be a whole number from 1 to ${most}, not ${text}`);
  }
  return value;
}

function labelOf({ name, case: what, packets_per_second: rate }: BenchResult): string {
  return [name, ...(what === undefined ? [] : [what]), ...(rate === undefined ? [] : [`${rate}/s`])].join(
    ', ',
  );
}

function summary(barCount: number, missed: readonly string[]): string {
  const held = `${barCount - missed.length} of ${barCount} bars hold`;
  return missed.length === 0 ? held : `${held}; missed: ${missed.join('; ')}`;
}

function tableLine(result: BenchResult): string {
  const { value, unit, min, max, peer, ratio, bar, holds } = result;
  const digits = (number: number) => number.toFixed(number < 10 ? 2 : 1);
  const against = peer === undefined || ratio === undefined ? '' : `${digits(ratio)} times ${peer}`;
  return [
    labelOf(result).padEnd(NAME_COLUMNS),
    digits(value).padStart(8),
    unit.padEnd(24),
    `${digits(min)} to ${digits(max)}`.padEnd(18),
    against.padEnd(PEER_COLUMNS),
    bar === undefined ? '' : `${holds === true ? 'holds' : 'MISSED'}: ${bar}`,
  ]
    .join('  ')
    .trimEnd();
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string' },
      rules: { type: 'string', default: '1' },
      flows: { type: 'string' },
      workers: { type: 'string', default: '1' },
      packets: { type: 'string', default: '1000000' },
      yardstick: { type: 'string' },
      filters: { type: 'string' },
      trace: { type: 'string' },
      seed: { type: 'string' },
      talkers: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  for (const name of positionals) {
    if (!Object.hasOwn(CASES, name)) {
      throw new Error(`there is no benchmark ${name}: ${Object.keys(CASES).join(', ')}`);
    }
  }
  const entries = positionals.length > 0 ? positionals.map((name) => ({ name, options: {} })) : WHOLE_TABLE;
  const wantsYardstick = entries.some(({ name }) => name === 'pipeline') && !values.talkers;
  const yardstick = wantsYardstick && values.yardstick === undefined ? compileYardstick() : null;
  const options: BenchOptions = {
    runs: positive(values.runs, 'runs'),
    seconds: values.seconds === undefined ? null : positive(values.seconds, 'seconds'),
    rules: positive(values.rules, 'rules'),
    flows: values.flows === undefined ? null : positive(values.flows, 'flows'),
    workers: count(values.workers, 'workers', WORKERS_MAX),
    packets: positive(values.packets, 'packets'),
    yardstick: values.yardstick ?? yardstick?.path ?? null,
    filters: values.filters ?? null,
    trace: values.trace ?? null,
    seed: values.seed === undefined ? null : positive(values.seed, 'seed'),
    talkers: values.talkers,
  };
  if (!values.json) {
    const heading = [
      'case'.padEnd(NAME_COLUMNS),
      'median'.padStart(8),
      'unit'.padEnd(24),
      'min to max'.padEnd(18),
      'against'.padEnd(PEER_COLUMNS),
      'bar',
    ];
    process.stdout.write(`${heading.join('  ')}\n`);
  }
  const missed: string[] = [];
  let barCount = 0;
  try {
    for (const { name, options: own } of entries) {
      const results = CASES[name]({ ...options, ...own });
      for await (const measured of Symbol.asyncIterator in results ? results : [results]) {
        const result = judged(measured);
        process.stdout.write(`${values.json ? JSON.stringify(result) : tableLine(result)}\n`);
        if (result.holds === undefined) continue;
        barCount++;
        if (!result.holds) missed.push(labelOf(result));
      }
    }
  } finally {
    yardstick?.dispose();
  }
  if (!values.json && barCount > 0) process.stdout.write(`${summary(barCount, missed)}\n`);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
}
