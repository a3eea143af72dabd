import t from 'tap';
import type { Packet } from '../../../src/protocol/packet.js';
import { buildRuleTable } from '../../../src/rules/build-rule-table.js';
import { LinearMatcher } from '../../../src/rules/linear-matcher.js';
import type { Finding } from '../../../src/rules/lint/findings.js';
import { lintRules } from '../../../src/rules/lint/lint-rules.js';
import { NO_MATCH } from '../../../src/rules/matcher.js';
import type { RuleSet } from '../../../src/rules/rule.js';
import { RuleTable } from '../../../src/rules/rule-table.js';
import { Random } from '../../protocol/random.js';
import { readFilters, SHARED_FILTERS, withoutSharedFilters } from '../../support/classbench.js';
import { StopWatch } from '../../support/stop-watch.js';
import { mixedPacket } from '../adversarial-rules.js';
import { ruleSet } from '../build-rules.js';
import { packetOf } from './brute-force.js';

t.setTimeout(180_000);

/** What a table of 10,000 rules may take, seconds. */
const SECONDS_MAX = 10;
/** Rules of each kind of finding, and rules that are reached, to try packets with; packets for each. */
const RULES_TRIED = 300;
const PACKETS_TRIED = 30;

const seed = Random.newSeed();
t.comment(`seed ${seed}`);

/** The filters with actions, because ClassBench has none. */
function withActions(set: RuleSet, random: Random): RuleSet {
  const rules = set.rules.map((own) => ({ ...own, action: random.pick(['drop', 'forward'] as const) }));
  return { ...set, rules, defaultAction: 'drop' };
}

function matcherOf(set: RuleSet): LinearMatcher {
  const slots = [...set.rules.keys()];
  return new LinearMatcher(new RuleTable(buildRuleTable(set, slots, [], 1, null)));
}

/** Rules whose table is built once for all questions. */
const BLOCK_RULES = 256;

/** What takes packets behind a rule. A table of all that is behind it, for each rule, would take most of the time. */
class RulesBehind {
  private readonly blocks: readonly LinearMatcher[];

  constructor(private readonly set: RuleSet) {
    const count = Math.ceil(set.rules.length / BLOCK_RULES);
    this.blocks = Array.from({ length: count }, (_, block) =>
      this.matcherOf(block * BLOCK_RULES, (block + 1) * BLOCK_RULES),
    );
  }

  /** Returns what tells the position of the first rule behind the given one that takes a packet, or `NO_MATCH`. */
  behind(rule: number): (packet: Packet) => number {
    const first = rule + 1;
    const whole = Math.ceil(first / BLOCK_RULES);
    const rest = this.matcherOf(first, whole * BLOCK_RULES);
    return (packet) => {
      const near = rest.match(packet);
      if (near !== NO_MATCH) return first + near;
      for (let block = whole; block < this.blocks.length; block++) {
        const position = this.blocks[block].match(packet);
        if (position !== NO_MATCH) return block * BLOCK_RULES + position;
      }
      return NO_MATCH;
    };
  }

  private matcherOf(begin: number, end: number): LinearMatcher {
    return matcherOf({ ...this.set, rules: this.set.rules.slice(begin, end) });
  }
}

/** Packets that a rule takes, were there no other. */
function packetsOf(set: RuleSet, rule: number, random: Random): Packet[] {
  const alone = ruleSet([set.rules[rule]]);
  return Array.from({ length: PACKETS_TRIED }, () => mixedPacket(alone, random));
}

/** So many of them, at random, where there are more. */
function sample<T>(all: readonly T[], random: Random): readonly T[] {
  return all.length <= RULES_TRIED ? all : Array.from({ length: RULES_TRIED }, () => random.pick(all));
}

/** What packets say against the linter: a sentence for each that it has not expected. */
function objections(set: RuleSet, findings: readonly Finding[], random: Random): string[] {
  const all = matcherOf(set);
  const found: string[] = [];
  const unreached = findings.filter(({ kind }) => kind === 'shadowed' || kind === 'contradiction');
  for (const { rule } of sample(unreached, random)) {
    for (const packet of packetsOf(set, rule, random))
      if (all.match(packet) === rule) found.push(`rule ${rule} is shadowed and takes a packet`);
  }
  for (const finding of findings) {
    if (finding.kind !== 'contradiction') continue;
    const packet = packetOf(finding.packet);
    if (all.match(packet) !== finding.taker)
      found.push(`the packet of rule ${finding.rule} has another taker`);
    if (matcherOf({ ...set, rules: [set.rules[finding.rule]] }).match(packet) === NO_MATCH)
      found.push(`the packet of rule ${finding.rule} is none of it`);
    const same = set.rules
      .slice(0, finding.rule)
      .filter(({ action }) => action === set.rules[finding.rule].action);
    if (matcherOf({ ...set, rules: same }).match(packet) !== NO_MATCH)
      found.push(`the packet of rule ${finding.rule} is taken by one that does the same`);
  }
  const redundant = findings.filter(({ kind }) => kind === 'redundant');
  const rulesBehind = new RulesBehind(set);
  for (const { rule } of sample(redundant, random)) {
    const behind = rulesBehind.behind(rule);
    for (const packet of packetsOf(set, rule, random)) {
      if (all.match(packet) !== rule) continue;
      const next = behind(packet);
      const action = next === NO_MATCH ? set.defaultAction : set.rules[next].action;
      if (action !== set.rules[rule].action)
        found.push(`rule ${rule} is redundant and decides over a packet`);
    }
  }
  return found;
}

for (const { name, filters } of SHARED_FILTERS) {
  t.test(
    `${name}: ${SECONDS_MAX} s suffice, and packets agree`,
    { skip: withoutSharedFilters },
    async (t) => {
      const random = new Random(seed);
      const set = withActions(readFilters(filters), random);
      const watch = new StopWatch();
      const { findings, examples } = lintRules(set, false);
      const seconds = watch.seconds();
      const counts = new Map<string, number>();
      for (const { kind } of findings) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      t.comment(
        `${set.rules.length} rules, ${seconds.toFixed(2)} s: ${JSON.stringify(Object.fromEntries(counts))}`,
      );
      t.ok(seconds < SECONDS_MAX, `${seconds.toFixed(2)} s`);
      t.notOk(counts.has('undecided'), 'nothing is left undecided');
      t.ok(findings.length > 0, 'there is something to find');
      t.strictSame(objections(set, findings, random), []);
      const all = matcherOf(set);
      const reached = [...examples.entries()].filter(([, example]) => example !== null);
      const unreached = findings.filter(({ kind }) => kind === 'shadowed' || kind === 'contradiction').length;
      t.equal(reached.length + unreached, set.rules.length, 'every other rule has an example');
      const wrong = sample(reached, random).filter(
        ([rule, example]) => all.match(packetOf(example!)) !== rule,
      );
      t.strictSame(
        wrong.map(([rule]) => rule),
        [],
        'the example of a rule is taken by it',
      );
    },
  );
}
