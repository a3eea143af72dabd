import { HARMS } from '../../rules/adversarial-rules.js';
import { SHARED_FILTERS, withoutSharedFilters } from '../../support/classbench.js';
import type { BenchOptions } from '../cases.js';
import { type BenchResult, runModule } from '../measure.js';

/** Seconds of a run, both matchers together. */
const RUN_SECONDS = 1;
const SEED = 1;
/** Rules of the generated sets, where the shared ones are not there. */
const GENERATED_RULES = [1000, 10_000];
/** Of each set that is made to hurt. */
const HARMFUL_RULES = 10_000;

interface FilterCase {
  /** A file, or a name of corpus.ts. */
  readonly filters: string;
  readonly trace: string | null;
  readonly label: string;
}

/** A look-up in the compiled matcher against one in the linear one; one process a filter set. */
export async function* classify(options: BenchOptions): AsyncIterable<BenchResult> {
  const seed = options.seed ?? SEED;
  for (const { filters, trace, label } of casesOf(options)) {
    const files = trace === null ? [filters] : [filters, trace];
    const run = runModule('./classify/classify-run.js', [
      options.seconds ?? RUN_SECONDS,
      options.runs,
      seed,
      ...files,
    ]);
    const { value, min, max, ratio, ...fields } = run;
    const result = {
      name: 'classify',
      case: label,
      value,
      min,
      max,
      unit: 'ns per look-up',
      peer: 'linear',
      ratio,
    };
    yield { ...result, filters, ...fields, seed };
  }
}

function casesOf({ filters, trace }: BenchOptions): FilterCase[] {
  if (filters !== null) return [{ filters, trace, label: filters.split('/').at(-1) ?? filters }];
  const harms = HARMS.map(({ name }, harm) => ({
    filters: `harm-${harm}-${HARMFUL_RULES}`,
    trace: null,
    label: `made to hurt: ${name}`,
  }));
  if (withoutSharedFilters === false)
    return [...SHARED_FILTERS.map((set) => ({ ...set, label: set.name })), ...harms];
  process.stderr.write(`bench: classify: ${withoutSharedFilters}; the filters are generated\n`);
  const generated = GENERATED_RULES.map((count) => ({
    filters: `generated-${count}`,
    trace: null,
    label: `generated ${count}`,
  }));
  return [...generated, ...harms];
}
