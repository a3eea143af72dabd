import { CompiledMatcher } from './compiled-matcher.js';
import { FewRulesMatcher } from './few-rules-matcher.js';
import type { Matcher } from './matcher.js';
import type { RuleTable, RuleTableMemory } from './rule-table.js';

/** The matcher that a table was laid out for. `table`: the view of that memory. */
export function createMatcher(memory: RuleTableMemory, table: RuleTable): Matcher {
  return memory.compiled === null ? new FewRulesMatcher(table) : new CompiledMatcher(memory.compiled);
}
