import type { Action, Rule, RuleMatch, RuleSet } from '../../src/rules/rule.js';
import { parseRuleFile } from '../../src/rules/rule-file.js';

export const MATCH_ALL: RuleMatch = {
  ipVersion: null,
  protocols: null,
  src: null,
  dst: null,
  srcPorts: null,
  dstPorts: null,
  tcpFlags: null,
  icmpTypes: null,
  dscps: null,
  fragment: null,
  vlans: null,
  inInterfaces: null,
};

/** A rule that matches every packet, but for what the test says. */
export function rule(name: string, action: Action = 'count', own: Partial<Rule> = {}): Rule {
  return {
    name,
    description: '',
    priority: 0,
    action,
    outInterface: null,
    match: MATCH_ALL,
    matchText: '',
    line: 1,
    ...own,
  };
}

/** A rule set of these rules, in this order. */
export function ruleSet(rules: readonly Rule[], defaultAction: Action = 'count'): RuleSet {
  return { file: 'test.yaml', sha256: 'a'.repeat(64), defaultAction, defaultActionGiven: true, rules };
}

/** A rule set of one counting rule, its match as the rule file writes it: `{ dst_port: 23 }`. */
export function ruleSetOf(match: string): RuleSet {
  const text = `rules:\n  - name: only\n    match: ${match}\n    action: count\n`;
  return parseRuleFile(new TextEncoder().encode(text), 'test.yaml');
}
