import t from 'tap';
import { SpaceSaving } from '../../../src/stats/talkers/space-saving.js';
import { Random } from '../../protocol/random.js';

const SEED = Number(process.env.TEST_SEED ?? Random.newSeed());
t.comment(`TEST_SEED=${SEED}`);

/** Exact counts beside a summary. */
class Bench {
  readonly summary: SpaceSaving;
  readonly exact = new Map<number, { amount: number; variance: number; other: number }>();
  total = 0;
  private readonly words = new Int32Array(8);

  /** @param hash chosen so that many keys may share one. */
  constructor(
    limit: number,
    private readonly hash: (key: number) => number,
  ) {
    this.summary = new SpaceSaving(limit, 3);
  }

  add(key: number, amount: number): void {
    this.words.set([key, ~key, 7], 2);
    this.summary.add(this.words, 2, this.hash(key), amount, amount / 2, 3 * amount);
    const own = this.exact.get(key) ?? { amount: 0, variance: 0, other: 0 };
    own.amount += amount;
    own.variance += amount / 2;
    own.other += 3 * amount;
    this.exact.set(key, own);
    this.total += amount;
  }

  find(key: number): number {
    this.words.set([key, ~key, 7], 2);
    return this.summary.find(this.words, 2, this.hash(key));
  }

  /** What does not hold. */
  problems(): string[] {
    const { summary, exact, total } = this;
    const found: string[] = [];
    let sum = 0;
    for (let entry = 0; entry < summary.size; entry++) {
      const key = summary.keys[entry * 3];
      if (this.find(key) !== entry) found.push(`key ${key} is not found at its entry`);
      const counted = summary.counts[entry] - summary.inherited[entry];
      const own = exact.get(key)!;
      if (own.amount < counted) found.push(`${key}: ${own.amount} is below ${counted}`);
      if (own.amount > summary.counts[entry])
        found.push(`${key}: ${own.amount} is above ${summary.counts[entry]}`);
      // What goes along with an amount is of the same time.
      if (summary.variances[entry] !== counted / 2) found.push(`${key}: variance`);
      if (summary.others[entry] !== 3 * counted) found.push(`${key}: other measure`);
      sum += summary.counts[entry];
    }
    if (sum !== total) found.push(`the entries have ${sum}, the stream ${total}`);
    if (summary.unlistedMax > total / summary.limit)
      found.push(`unlisted ${summary.unlistedMax} of ${total}`);
    for (const [key, { amount }] of exact) {
      if (amount > summary.unlistedMax && this.find(key) < 0)
        found.push(`${key} with ${amount} has no entry`);
    }
    return found;
  }
}

const STREAMS: Readonly<Record<string, (random: Random, i: number) => number>> = {
  few: (random) => random.below(10),
  'as many as entries': (random) => random.below(32),
  uniform: (random) => random.below(1000),
  Zipf: (random) => Math.floor(1000 ** random.fraction()),
  'each once': (_, i) => i,
  'in turn': (_, i) => i % 100,
  'a heavy one behind many': (_, i) => (i > 1500 ? 7_000_000 : i),
};
const HASHES: Readonly<Record<string, (key: number) => number>> = {
  'good hashes': (key) => Math.imul(key, 0x9e3779b1),
  'few hashes': (key) => key & 3,
  'one hash': () => -1,
};

for (const [name, keyOf] of Object.entries(STREAMS)) {
  t.test(`bounds hold always: ${name}`, (t) => {
    for (const [hashes, hash] of Object.entries(HASHES)) {
      for (const limit of [1, 2, 16, 17, 32, 100]) {
        const random = new Random(SEED + limit);
        const bench = new Bench(limit, hash);
        for (let i = 0; i < 3000; i++) {
          bench.add(keyOf(random, i), random.below(3) === 0 ? 2 + 2 * random.below(1000) : 2);
          if (i % 97 === 0 || i > 2990) {
            const problems = bench.problems();
            if (problems.length > 0)
              t.fail(`${hashes}, limit ${limit}, ${i}`, { problems: problems.slice(0, 5) });
          }
        }
        t.ok(bench.summary.size <= limit);
      }
    }
    t.end();
  });
}

t.test('with no more keys than entries it is exact', (t) => {
  const bench = new Bench(64, HASHES['good hashes']);
  const random = new Random(SEED);
  for (let i = 0; i < 5000; i++) bench.add(random.below(63), 2);
  t.equal(bench.summary.unlistedMax, 0);
  for (const [key, { amount }] of bench.exact) {
    const entry = bench.find(key);
    t.equal(bench.summary.counts[entry], amount);
    t.equal(bench.summary.inherited[entry], 0);
  }
  t.end();
});

t.test('cleared it knows nothing, and begins anew', (t) => {
  const bench = new Bench(32, HASHES['good hashes']);
  for (let i = 0; i < 500; i++) bench.add(i, 2);
  bench.summary.clear();
  bench.exact.clear();
  bench.total = 0;
  t.equal(bench.summary.size, 0);
  t.equal(bench.summary.unlistedMax, 0);
  t.equal(bench.find(499), -1);
  for (let i = 0; i < 500; i++) bench.add(i % 50, 2);
  t.strictSame(bench.problems(), []);
  t.end();
});
