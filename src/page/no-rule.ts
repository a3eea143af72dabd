import type { NoRuleKind } from './events.js';

/** What the tables call packets that no rule of the table has counted. */
export const NO_RULE_NAMES: Readonly<Record<NoRuleKind, string>> = {
  retired: '(no longer in the table)',
  unmatched: '(no rule)',
  malformed: '(malformed)',
  unclassified: '(unclassified)',
};
