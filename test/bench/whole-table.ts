import { type BenchOptions, CASES } from './cases.js';

/** One row of the whole table, or several: a case and what it does not take from the command line. */
export interface TableEntry {
  readonly name: string;
  readonly options: Partial<BenchOptions>;
}

/** So many that hardly any packet's look-up is like the one before. */
const FLOWS = 10_000;

/** What `npm run bench` runs where no case is named: each figure that has a bar is among them. */
export const WHOLE_TABLE: readonly TableEntry[] = Object.keys(CASES).flatMap((name) =>
  name === 'pipeline' ? pipelines() : [{ name, options: {} }],
);

function pipelines(): TableEntry[] {
  const manyRules = [1000, 10_000].map((rules) => ({ rules, flows: FLOWS }));
  const manyWorkers = [2, 4].map((workers) => ({ workers }));
  return [{}, ...manyRules, ...manyWorkers, { talkers: true }].map((options) => ({
    name: 'pipeline',
    options,
  }));
}
