import { parseArgs } from 'node:util';
import { judged } from './bars.js';
import { type BenchOptions, CASES } from './cases.js';
import type { BenchResult } from './measure.js';
import { hasYardstick } from './pipeline/pipeline-case.js';
import { compileYardstick } from './pipeline/yardstick.js';
import { type TableEntry, WHOLE_TABLE } from './whole-table.js';

const USAGE = `usage: npm run bench -- [NAME] [options]

  NAME                one of ${Object.keys(CASES).join(', ')};
                      where none is given all of them, and pipeline with more rules and workers as well: half an hour;
                      capture and forward need root, and make network namespaces
  --json              one JSON object a line instead of a table
  --runs N            counted runs of each case (5; heap at most 3), and one more to warm up where it does not itself
  --seconds N         length of a run (1; ring 3, without its peer; other cases take what suits them)
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

/** What became of the bars. */
class Tally {
  private barCount = 0;
  private readonly missed: string[] = [];
  private readonly notRun: string[] = [];

  note(result: BenchResult): void {
    if (result.holds === undefined) return;
    this.barCount++;
    if (!result.holds) this.missed.push(labelOf(result));
  }

  noteNotRun(name: string): void {
    this.notRun.push(name);
  }

  /** One line; empty where nothing had a bar. */
  summary(): string {
    const held = `${this.barCount - this.missed.length} of ${this.barCount} bars hold`;
    const parts = [
      ...(this.barCount > 0 ? [held] : []),
      ...(this.missed.length > 0 ? [`missed: ${this.missed.join('; ')}`] : []),
      ...(this.notRun.length > 0 ? [`not run: ${this.notRun.join(', ')}`] : []),
    ];
    return parts.length === 0 ? '' : `${parts.join('; ')}\n`;
  }
}

/** Runs entry after entry, and prints each result as it comes. */
async function run(entries: readonly TableEntry[], options: BenchOptions, isJson: boolean): Promise<Tally> {
  const tally = new Tally();
  for (const { name, options: own } of entries) {
    try {
      const results = CASES[name]({ ...options, ...own });
      for await (const measured of Symbol.asyncIterator in results ? results : [results]) {
        const result = judged(measured);
        process.stdout.write(`${isJson ? JSON.stringify(result) : tableLine(result)}\n`);
        tally.note(result);
      }
    } catch (error) {
      // Of the whole table the rest is worth having.
      if (entries !== WHOLE_TABLE) throw error;
      process.stderr.write(`bench: ${name}: ${textOf(error)}\n`);
      tally.noteNotRun(name);
      process.exitCode = 2;
    }
  }
  return tally;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
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
  const options: BenchOptions = {
    runs: positive(values.runs, 'runs'),
    seconds: values.seconds === undefined ? null : positive(values.seconds, 'seconds'),
    rules: positive(values.rules, 'rules'),
    flows: values.flows === undefined ? null : positive(values.flows, 'flows'),
    workers: count(values.workers, 'workers', WORKERS_MAX),
    packets: positive(values.packets, 'packets'),
    yardstick: values.yardstick ?? null,
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
  const wantsYardstick =
    options.yardstick === null &&
    entries.some(({ name, options: own }) => name === 'pipeline' && hasYardstick({ ...options, ...own }));
  const yardstick = wantsYardstick ? compileYardstick() : null;
  try {
    const path = yardstick?.path ?? options.yardstick;
    const tally = await run(entries, { ...options, yardstick: path }, values.json);
    if (!values.json) process.stdout.write(tally.summary());
  } finally {
    yardstick?.dispose();
  }
} catch (error) {
  process.stderr.write(`bench: ${textOf(error)}\n`);
  process.exitCode = 2;
}
