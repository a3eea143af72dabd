import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { RuleTableSizeError } from '../../src/errors.js';
import { buildRuleTable } from '../../src/rules/build-rule-table.js';
import { compileMatcher } from '../../src/rules/compile/compile-matcher.js';
import { CompiledMatcher } from '../../src/rules/compiled-matcher.js';
import { placeCompiled } from '../../src/rules/compiled-memory.js';
import { LinearMatcher } from '../../src/rules/linear-matcher.js';
import { NO_MATCH } from '../../src/rules/matcher.js';
import type { RuleSet } from '../../src/rules/rule.js';
import { RuleTable } from '../../src/rules/rule-table.js';
import { Random } from '../protocol/random.js';
import { adversarialRules, HARMS, mixedPacket } from './adversarial-rules.js';
import { MATCH_ALL, rule, ruleSet } from './build-rules.js';
import type { MatcherReading } from './matcher-reading-thread.js';

/** Sizes on both sides of a word and of a block, and one of several blocks. */
const SIZES = [33, 1023, 1025, 3000];
const PACKETS = 400;
const INTERFACES = ['eth0'];

/** tap has its own word with the threads of a test: that one is passed over. */
async function answerOf(thread: Worker): Promise<number[]> {
  for (;;) {
    const [message] = await once(thread, 'message');
    if (message.positions !== undefined) return message.positions;
  }
}

function linearOf(set: RuleSet): LinearMatcher {
  const slots = set.rules.map((_, position) => position);
  return new LinearMatcher(new RuleTable(buildRuleTable(set, slots, INTERFACES, 1, null)));
}

/** The positions of packets that are the same for the same set and seed. */
function positionsOf(matcher: CompiledMatcher | LinearMatcher, set: RuleSet, seed: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: PACKETS }, () => matcher.match(mixedPacket(set, random)));
}

const seed = Number(process.env.TEST_SEED ?? Random.newSeed());
t.comment(`seed ${seed}`);
for (const harm of HARMS) {
  t.test(`rules made to hurt, ${harm.name}: the position is that of the linear matcher`, async (t) => {
    let matched = 0;
    for (const size of SIZES) {
      const set = adversarialRules(harm, size, seed);
      const compiled = new CompiledMatcher(placeCompiled(compileMatcher(set, INTERFACES)));
      const positions = positionsOf(compiled, set, seed);
      t.strictSame(positions, positionsOf(linearOf(set), set, seed), `${size} rules`);
      matched += positions.filter((position) => position !== NO_MATCH).length;
    }
    t.ok(matched > 0, `${matched} packets matched a rule`);
  });
}

t.test('a table that is compiled once is read by two threads alike', async (t) => {
  const harm = HARMS.findIndex(({ name }) => name.startsWith('nested prefixes'));
  const set = adversarialRules(HARMS[harm], 3000, seed);
  const memory = placeCompiled(compileMatcher(set, INTERFACES));
  const workerData: MatcherReading = { memory, harm, ruleCount: 3000, packetCount: PACKETS, seed };
  const file = new URL('./matcher-reading-thread.js', import.meta.url);
  const answers = await Promise.all([0, 1].map(() => answerOf(new Worker(file, { workerData }))));
  const expected = positionsOf(linearOf(set), set, seed);
  t.strictSame(answers, [expected, expected]);
});

t.test(
  '40,000 rules, more blocks than a word has bits: the position is that of the linear matcher',
  async (t) => {
    for (const harm of HARMS.filter(
      ({ name }) => name === 'shared sources' || name === 'a twelfth of the ports',
    )) {
      const set = adversarialRules(harm, 40_000, seed);
      const compiled = new CompiledMatcher(placeCompiled(compileMatcher(set, INTERFACES)));
      t.strictSame(positionsOf(compiled, set, seed), positionsOf(linearOf(set), set, seed), harm.name);
    }
  },
);

t.test('equal rules are compiled to equal words', async (t) => {
  const words = () => new Int32Array(compileMatcher(adversarialRules(HARMS[0], 1500, seed), INTERFACES));
  t.strictSame(words(), words());
});

t.test('a table that would be too large is refused, and says what to do', async (t) => {
  // Every rule begins and ends at another port, and every row differs from the next in blocks of its own.
  const rules = Array.from({ length: 400_000 }, (_, i) =>
    rule(`r${i}`, 'count', {
      match: { ...MATCH_ALL, src: [{ version: 4, words: [Math.imul(i, 0x9e3779b1)], bits: 32 }] },
    }),
  );
  t.throws(() => compileMatcher(ruleSet(rules), INTERFACES), RuleTableSizeError);
  t.throws(() => compileMatcher(ruleSet(rules), INTERFACES), { message: /use fewer rules/ });
});
