import t from 'tap';
import { BARS, barOf, judged } from './bars.js';
import { CASES } from './cases.js';
import type { BenchResult } from './measure.js';
import { WHOLE_TABLE } from './whole-table.js';

/** A result of that name; `min` and `max` are of no account. */
function result(name: string, value: number, fields: Partial<BenchResult> = {}): BenchResult {
  return { name, value, unit: 'units', min: value, max: value, ...fields };
}

const yardstick = (rules: number, ratio: number) =>
  result('pipeline', 1, { rules, ratio, peer: 'pipeline.c' });
const classified = (name: string, value: number, fields: Partial<BenchResult> = {}) =>
  result('classify', value, {
    case: name,
    ratio: 100,
    peer: 'linear',
    compileMs: 150,
    memoryBytes: 16 * 2 ** 20,
    ...fields,
  });

interface Limit {
  readonly what: string;
  readonly holds: BenchResult;
  readonly misses: BenchResult;
}

/** Where the ratio alone counts. */
const ratios = (
  what: string,
  name: string,
  fields: Partial<BenchResult>,
  holds: number,
  misses: number,
): Limit => ({
  what,
  holds: result(name, 1, { ...fields, ratio: holds }),
  misses: result(name, 1, { ...fields, ratio: misses }),
});

/** Each bar at its limit, and beyond it. */
const LIMITS: readonly Limit[] = [
  { what: 'C with one rule', holds: yardstick(1, 1), misses: yardstick(1, 0.99) },
  { what: 'C with 1,000 rules', holds: yardstick(1000, 20), misses: yardstick(1000, 19) },
  { what: 'C with 10,000 rules', holds: yardstick(10_000, 100), misses: yardstick(10_000, 99) },
  {
    what: 'the linear matcher at 1k',
    holds: classified('fw1_1k', 500, { ratio: 30 }),
    misses: classified('fw1_1k', 5, { ratio: 29 }),
  },
  {
    what: 'the linear matcher at 10k',
    holds: classified('acl1_10k', 150, { ratio: 60 }),
    misses: classified('acl1_10k', 150, { ratio: 59 }),
  },
  {
    what: 'nanoseconds, acl and ipc',
    holds: classified('ipc1_10k', 150),
    misses: classified('ipc1_10k', 151),
  },
  { what: 'nanoseconds, fw', holds: classified('fw1_10k', 200), misses: classified('fw1_10k', 201) },
  {
    what: 'compile time',
    holds: classified('fw1_10k', 90),
    misses: classified('fw1_10k', 90, { compileMs: 151 }),
  },
  {
    what: 'memory',
    holds: classified('fw1_10k', 90),
    misses: classified('fw1_10k', 90, { memoryBytes: 16 * 2 ** 20 + 1 }),
  },
  {
    what: 'made to hurt',
    holds: classified('made to hurt: wildcards', 166, { ordinaryNs: 83 }),
    misses: classified('made to hurt: wildcards', 167, { ordinaryNs: 83 }),
  },
  {
    what: 'from 1k to 10k',
    holds: classified('from 1k to 10k rules, ipc1', 3),
    misses: classified('from 1k to 10k rules, ipc1', 3.01),
  },
  ratios('ring', 'ring', { peer: 'ringbuf.js' }, 1.3, 1.29),
  {
    what: 'scrape, milliseconds',
    holds: result('scrape', 20, { rules: 10_000, ratio: 10 }),
    misses: result('scrape', 20.1, { rules: 10_000, ratio: 10 }),
  },
  {
    what: 'scrape, times prom-client',
    holds: result('scrape', 5, { rules: 10_000, ratio: 10 }),
    misses: result('scrape', 5, { rules: 10_000, ratio: 9.9 }),
  },
  {
    what: 'replay',
    holds: result('replay', 3, { packets: 1_000_000 }),
    misses: result('replay', 2.99, { packets: 1_000_000 }),
  },
  { what: 'heap', holds: result('heap', 48), misses: result('heap', 49) },
  ratios('top talkers', 'pipeline', { peer: 'off' }, 0.97, 0.96),
  ratios('capture, full rate', 'capture', { case: 'full rate' }, 1, 0.99),
  ratios('capture, tcpdump', 'capture', { case: 'CPU time', peer: 'tcpdump' }, 0.25, 0.24),
  ratios('capture, raw-socket', 'capture', { case: 'CPU time', peer: 'raw-socket source' }, 4, 3.9),
  {
    what: 'capture, idle',
    holds: result('capture', 2, { case: 'idle' }),
    misses: result('capture', 2.1, { case: 'idle' }),
  },
  {
    what: 'bridge, ping',
    holds: result('forward', 340, { case: 'ping median', added: 300 }),
    misses: result('forward', 341, { case: 'ping median', added: 301 }),
  },
  ratios('capture, non-drop rate', 'capture', { case: 'non-drop rate' }, 1, 0.99),
  ratios('bridge', 'forward', { case: 'iperf3' }, 0.5, 0.49),
];

t.test('a bar holds at its limit and not beyond it', async (t) => {
  for (const { what, holds, misses } of LIMITS) {
    const [atLimit, beyond] = [judged(holds), judged(misses)];
    t.equal(atLimit.holds, true, `${what}: ${atLimit.bar} holds for ${atLimit.value} and ${atLimit.ratio}`);
    t.equal(
      beyond.holds,
      false,
      `${what}: ${beyond.bar} does not hold for ${beyond.value} and ${beyond.ratio}`,
    );
  }
});

t.test('no bar is without such a limit', async (t) => {
  const tried = new Set(LIMITS.map(({ holds }) => barOf(holds)));
  for (const bar of BARS) t.ok(tried.has(bar), `${bar.name}: ${bar.text}`);
});

t.test('a figure without a bar, or without the peer that it is against, is reported as it is', async (t) => {
  for (const plain of [result('pool', 4), result('pipeline', 30, { rules: 1 })]) {
    t.strictSame(judged(plain), plain);
  }
});

t.test('rules made to hurt miss their bar where no ordinary set was measured before them', async (t) => {
  t.equal(judged(classified('made to hurt: wildcards', 10)).holds, false);
});

t.test(
  'the whole table runs every case, and pipeline with each number of rules that has a bar',
  async (t) => {
    t.strictSame([...new Set(WHOLE_TABLE.map(({ name }) => name))], Object.keys(CASES));
    const rules = WHOLE_TABLE.filter(({ name }) => name === 'pipeline').map(
      ({ options }) => options.rules ?? 1,
    );
    t.strictSame([...new Set(rules)], [1, 1000, 10_000]);
    t.ok(
      WHOLE_TABLE.some(({ options }) => options.talkers),
      'top talkers are among them',
    );
  },
);
