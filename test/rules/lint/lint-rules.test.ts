import t from 'tap';
import type { Finding } from '../../../src/rules/lint/findings.js';
import { lintRules, shadowedRules } from '../../../src/rules/lint/lint-rules.js';
import { Random } from '../../protocol/random.js';
import { type BareFinding, BruteForce } from './brute-force.js';
import { allPackets, INTERFACES, type SmallTable, smallTable } from './small-tables.js';

const TABLES = 4000;
const TIMEOUT_MS = 120_000;

function bare(finding: Finding): BareFinding {
  const { kind, rule } = finding;
  return kind === 'overlap' ? { kind, rule, earlier: finding.earlier } : { kind, rule };
}

/** What is wrong with the linter's report on a table; empty for nothing. */
function objections({ ruleSet, fields }: SmallTable, seen: Map<string, number>): unknown[] {
  const brute = new BruteForce(ruleSet, INTERFACES, allPackets(fields));
  const { findings, examples, interfaces } = lintRules(ruleSet, true);
  const found = findings.map(bare);
  const wanted = brute.findings();
  const wrong: unknown[] = [];
  if (JSON.stringify(found) !== JSON.stringify(wanted)) wrong.push({ found, wanted });
  for (const finding of findings) {
    seen.set(finding.kind, (seen.get(finding.kind) ?? 0) + 1);
    const objection = brute.objection(finding, interfaces);
    if (objection !== null) wrong.push({ finding: bare(finding), objection });
  }
  examples.forEach((example, rule) => {
    const first = example === null ? rule : brute.takersOfWitness(example, interfaces).indexOf(true);
    if (first !== rule) wrong.push({ rule, exampleIsTakenBy: first });
  });
  const unreached = [...ruleSet.rules.keys()].filter((rule) => !brute.isReached(rule));
  const shadowed = shadowedRules(ruleSet);
  if (shadowed.join() !== unreached.join()) wrong.push({ shadowed, unreached });
  return wrong;
}

t.test(
  'finds in small random tables what trying every packet finds, and nothing else',
  { timeout: TIMEOUT_MS },
  async (t) => {
    const seed = Random.newSeed();
    t.comment(`seed ${seed}`);
    const random = new Random(seed);
    const seen = new Map<string, number>();
    for (let i = 0; i < TABLES; i++) {
      const table = smallTable(random);
      const wrong = objections(table, seen);
      if (wrong.length > 0) {
        t.same(wrong, [], `table ${i} of seed ${seed}: ${JSON.stringify(table.ruleSet.rules, null, 1)}`);
        return;
      }
    }
    t.comment(`${TABLES} tables: ${JSON.stringify(Object.fromEntries(seen))}`);
    for (const kind of ['shadowed', 'contradiction', 'redundant', 'any_any', 'overlap'])
      t.ok((seen.get(kind) ?? 0) > 100, `the tables have had more than 100 findings of the kind ${kind}`);
    t.notOk(seen.has('undecided'), 'nothing was left undecided');
  },
);
