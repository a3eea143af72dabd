import { HARMS } from '../../rules/adversarial-rules.js';
import { SHARED_FILTERS, withoutSharedFilters } from '../../support/classbench.js';
import type { BenchOptions } from '../cases.js';
import { type BenchResult, runModule } from '../measure.js';

/** Seconds of a run, both matchers together. */
const RUN_SECONDS = 1;
const SEED = 1;
/** Of each set that is made to hurt. */
const HARMFUL_RULES = 10_000;

interface FilterCase {
  /** A file, or a name of corpus.ts. */
  readonly filters: string;
  readonly trace: string | null;
  readonly label: string;
  /** Kind and size of a standard set; `null` for others. */
  readonly standard: { readonly kind: string; readonly size: string } | null;
  /** Made to hurt. */
  readonly isHarmful: boolean;
}

/** The sizes that a set is compared at. */
const SMALL = '1k';
const LARGE = '10k';
/** Sets that are generated where the shared ones are not there. */
const GENERATED_SETS = [
  { size: SMALL, count: 1000 },
  { size: LARGE, count: 10_000 },
];

/**
 * A look-up in the compiled matcher against one in the linear one; one process a filter set. Of the standard sets also
 * how a look-up grows with the rules; and sets that are made to hurt are told what the slowest ordinary one has taken.
 */
export async function* classify(options: BenchOptions): AsyncIterable<BenchResult> {
  const seed = options.seed ?? SEED;
  const smallNs = new Map<string, number>();
  let ordinaryNs = 0;
  for (const { filters, trace, label, standard, isHarmful } of casesOf(options)) {
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
    yield { ...result, filters, ...fields, seed, ...(isHarmful && ordinaryNs > 0 ? { ordinaryNs } : {}) };
    if (standard?.size === SMALL) smallNs.set(standard.kind, value);
    if (standard?.size !== LARGE) continue;
    ordinaryNs = Math.max(ordinaryNs, value);
    const before = smallNs.get(standard.kind);
    if (before === undefined) continue;
    yield {
      name: 'classify',
      case: `from ${SMALL} to ${LARGE} rules, ${standard.kind}`,
      value: value / before,
      min: min / before,
      max: max / before,
      unit: 'times as long',
    };
  }
}

function casesOf({ filters, trace }: BenchOptions): FilterCase[] {
  if (filters !== null)
    return [ordinary({ filters, trace, label: filters.split('/').at(-1) ?? filters, standard: null })];
  const harms = HARMS.map(({ name }, harm) => ({
    filters: `harm-${harm}-${HARMFUL_RULES}`,
    trace: null,
    label: `made to hurt: ${name}`,
    standard: null,
    isHarmful: true,
  }));
  if (withoutSharedFilters === false) {
    const shared = SHARED_FILTERS.map((set) => {
      const [kind, size] = set.name.split('_');
      return ordinary({ ...set, label: set.name, standard: { kind, size } });
    });
    return [...shared, ...harms];
  }
  process.stderr.write(`bench: classify: ${withoutSharedFilters}; the filters are generated\n`);
  const generated = GENERATED_SETS.map(({ size, count }) =>
    ordinary({
      filters: `generated-${count}`,
      trace: null,
      label: `generated ${count}`,
      standard: { kind: 'generated', size },
    }),
  );
  return [...generated, ...harms];
}

function ordinary(set: Omit<FilterCase, 'isHarmful'>): FilterCase {
  return { ...set, isHarmful: false };
}
