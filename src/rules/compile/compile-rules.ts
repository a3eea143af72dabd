import type { RuleSet } from '../rule.js';
import { compileMatcher } from './compile-matcher.js';

/** Up to so many rules the linear matcher is as fast as the compiled one, or faster. */
export const LINEAR_RULES_MAX = 8;

/**
 * Compiles the rules of a table, where that makes it faster.
 *
 * @param interfaces labels of the source's interfaces; a rule that names another one never matches.
 * @returns the memory of matcher-layout.ts, or `null` for a table that is best tried rule by rule.
 * @throws RuleTableSizeError where it would be too large.
 */
export function compileRules(ruleSet: RuleSet, interfaces: readonly string[]): SharedArrayBuffer | null {
  return ruleSet.rules.length <= LINEAR_RULES_MAX ? null : compileMatcher(ruleSet, interfaces);
}
