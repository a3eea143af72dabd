import t from 'tap';
import { lintRules } from '../../../src/rules/lint/lint-rules.js';
import type { Action, RuleSet } from '../../../src/rules/rule.js';
import { Random } from '../../protocol/random.js';
import { StopWatch } from '../../support/stop-watch.js';
import { adversarialRules, HARMS } from '../adversarial-rules.js';
import { MATCH_ALL, rule, ruleSet } from '../build-rules.js';

t.setTimeout(240_000);

const RULES = 10_000;
/** What a table of 10,000 rules may take, seconds. */
const SECONDS_MAX = 10;

function countsOf({ findings }: ReturnType<typeof lintRules>): { [kind: string]: number } {
  const counts: { [kind: string]: number } = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function withActions(set: RuleSet, random: Random): RuleSet {
  const rules = set.rules.map((own) => ({ ...own, action: random.pick(['drop', 'forward'] as const) }));
  return { ...set, rules };
}

for (const harm of HARMS) {
  t.test(`${harm.name}: ${RULES} rules are done with in ${SECONDS_MAX} s`, async (t) => {
    const set = withActions(adversarialRules(harm, RULES, 1), new Random(1));
    const watch = new StopWatch();
    const report = lintRules(set, false);
    const seconds = watch.seconds();
    t.comment(`${seconds.toFixed(2)} s: ${JSON.stringify(countsOf(report))}`);
    t.ok(seconds < SECONDS_MAX, `${seconds.toFixed(2)} s`);
    // Nothing is passed over in silence: what is not reached is shadowed, or not decided.
    const told = report.findings.filter(
      (finding) =>
        finding.kind === 'shadowed' ||
        finding.kind === 'contradiction' ||
        (finding.kind === 'undecided' && finding.question === 'shadowed'),
    );
    const reached = report.examples.filter((example) => example !== null);
    t.equal(reached.length + told.length, RULES, 'every rule is reached, shadowed or undecided');
  });
}

/** Rules of which each takes one value of a field, and one behind them that only all of them together cover. */
function coveredBySeveral(action: Action) {
  const parts = Array.from({ length: 64 }, (_, i) =>
    rule(`dscp-${i}`, 'drop', { match: { ...MATCH_ALL, dscps: [i] } }),
  );
  return ruleSet([...parts, rule('last', action)], 'forward');
}

t.test('what the budget does not decide is told, rule by rule', async (t) => {
  const undecided = (steps: number, action: Action) =>
    lintRules(coveredBySeveral(action), false, steps).findings.filter(({ kind }) => kind === 'undecided');
  t.strictSame(undecided(100_000, 'drop'), [], 'enough steps');
  const last = { kind: 'undecided', rule: 64, question: 'shadowed' } as const;
  t.strictSame(undecided(65, 'drop').at(-1), last, 'a step for each rule');
  t.ok(undecided(65, 'drop').length < 65, 'what takes no search is decided all the same');
  t.strictSame(undecided(65, 'drop'), undecided(65, 'drop'), 'the same at every time');
});

t.test('a rule that several cover together is told with all of them', async (t) => {
  const [finding] = lintRules(coveredBySeveral('count'), false).findings.filter(
    ({ rule: own }) => own === 64,
  );
  t.match(finding, { kind: 'contradiction', coveredBy: Array.from({ length: 64 }, (_, i) => i) });
});
