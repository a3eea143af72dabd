import type { RuleSet } from '../rule.js';
import type { Finding, LintReport, Witness } from './findings.js';
import { overlapsOf } from './overlaps.js';
import { TABLE_STEPS, TableLinter } from './table-linter.js';

/**
 * Looks for rules that say something else than they seem to: beyond what makes a rule file invalid.
 *
 * What packets there are is what the parser can find in a frame, on any interface. Of a table of 10,000 rules the
 * answer takes seconds; what it would take too long to find out is a finding as well.
 *
 * @param withOverlaps partial overlaps too: large tables have many.
 * @param steps how much to spend on the search.
 */
export function lintRules(ruleSet: RuleSet, withOverlaps: boolean, steps = TABLE_STEPS): LintReport {
  const linter = new TableLinter(ruleSet, steps);
  const findings: Finding[] = [];
  const examples: (Witness | null)[] = [];
  const unreached = new Set<number>();
  for (const rule of ruleSet.rules.keys()) {
    linter.turnTo(rule);
    const reach = linter.reach();
    examples.push(reach.kind === 'reached' ? reach.packet : null);
    if (linter.takesAll && rule < ruleSet.rules.length - 1) findings.push({ kind: 'any_any', rule });
    if (reach.kind === 'undecided') {
      findings.push(linter.undecided('shadowed'));
    } else if (reach.kind === 'reached') {
      const finding = linter.redundancy(reach.packet);
      if (finding !== null) findings.push(finding);
    } else {
      unreached.add(rule);
      const finding = linter.shadowing(reach.coveredBy);
      if (finding.kind === 'undecided') findings.push({ kind: 'shadowed', rule, coveredBy: reach.coveredBy });
      findings.push(finding);
    }
  }
  const overlaps = withOverlaps
    ? overlapsOf(ruleSet.rules, linter.sectors, (rule) => unreached.has(rule))
    : { findings: [], omitted: 0 };
  return {
    ruleSet,
    interfaces: linter.interfaces,
    findings: [...findings, ...overlaps.findings],
    overlapsOmitted: overlaps.omitted,
    examples,
  };
}

/** Places of the rules that can never match, ascending, as far as that is decided: what a running engine shows. */
export function shadowedRules(ruleSet: RuleSet): number[] {
  const linter = new TableLinter(ruleSet, TABLE_STEPS);
  const shadowed: number[] = [];
  for (const rule of ruleSet.rules.keys()) {
    linter.turnTo(rule);
    if (linter.reach().kind === 'shadowed') shadowed.push(rule);
  }
  return shadowed;
}
