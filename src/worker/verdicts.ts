import * as catalogue from '../counters/catalogue.js';
import * as layout from '../memory/layout.js';
import { NO_MATCH } from '../rules/matcher.js';
import { ACTIONS } from '../rules/rule.js';
import type { RuleTable } from '../rules/rule-table.js';
import * as transmitterModule from '../tx/transmitter.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { FIRST_UNMATCHED_SLOT } = catalogue;
const { INDEX_MASK } = layout;
const { OTHER_PORT } = transmitterModule;

const DROP = ACTIONS.indexOf('drop');
const FORWARD = ACTIONS.indexOf('forward');

/*
 * A verdict is two words: the outcome slot above a bit that says whether the packet leaves, and the interface that it
 * leaves by. All that a packet needs to know of its rule lies in one place, worked out once for each table.
 *
 *   | slot and leaves bit | out interface |   of no rule, then of rule 0, of rule 1, ...
 */
const VERDICT_WORDS = 2;
/** Set in the first word where the packet leaves. */
export const VERDICT_LEAVES = 1;
/** The outcome slot is above so many bits of the first word. */
export const VERDICT_SLOT_SHIFT = 1;
/** Offset of the word with the position of an interface, or `OTHER_PORT`. */
export const VERDICT_OUT_INTERFACE = 1;

/** What leaves although no rule says forward: nothing when watching, most of it through a bridge. */
export interface Passage {
  /** Packets that a rule only counts, and those that none matches. */
  readonly counted: boolean;
  readonly unclassified: boolean;
  readonly malformed: boolean;
}

/** First word of a verdict. `position`: of the rule that matched, or `NO_MATCH`, which is one below the first. */
export function verdictWord(position: number): number {
  return Math.imul(position + 1, VERDICT_WORDS) & INDEX_MASK;
}

/** The verdicts of a table, that of no match first. */
export function verdictsOf(table: RuleTable, passage: Passage): Int32Array {
  const { ruleCount } = table;
  const verdicts = new Int32Array((1 + ruleCount) * VERDICT_WORDS);
  const put = (position: number, slot: number, action: number, outInterface: number) => {
    const leaves = action === FORWARD || (passage.counted && action !== DROP);
    const word = verdictWord(position);
    verdicts[word] = (slot << VERDICT_SLOT_SHIFT) | (leaves ? VERDICT_LEAVES : 0);
    verdicts[word + VERDICT_OUT_INTERFACE] = outInterface;
  };
  const { defaultAction } = table;
  put(NO_MATCH, FIRST_UNMATCHED_SLOT + defaultAction, defaultAction, OTHER_PORT);
  for (let position = 0; position < ruleCount; position++) {
    put(position, table.slot(position), table.action(position), table.outInterface(position));
  }
  return verdicts;
}
