import type { MatchField } from '../match-fields.js';
import type { Action } from '../rule.js';
import { ACTIONS } from '../rule.js';
import { CRITERION_END, type RuleTable } from '../rule-table.js';
import { type Criterion, criterionAnswer } from './criterion-answer.js';
import { absenceText, fieldOfCriterion, fieldText, wantedText } from './criterion-text.js';
import type { KnownPacket } from './known-packet.js';

/** A rule as it is named to people; in the order of the table. */
export interface NamedRule {
  readonly rule: string;
  readonly action: Action;
  readonly outInterface: string | null;
}

/** A rule table with what people call its parts. */
export interface ExplainableTable {
  readonly table: RuleTable;
  readonly rules: readonly NamedRule[];
  /** The labels that the table's interface numbers stand for. */
  readonly interfaces: readonly string[];
}

/** The criterion that a rule fails by, or that is open. */
export interface Obstacle {
  readonly field: MatchField;
  /** What the packet has there. */
  readonly has: string;
  readonly wants: string;
}

/** What became of the packet at one rule. */
export interface RuleExplanation extends NamedRule {
  /** In the table, from 0. */
  readonly position: number;
  /** `cannot_tell`: nothing that is known speaks against it, and not all that it asks for is known. */
  readonly result: 'match' | 'no_match' | 'cannot_tell';
  /**
   * The first criterion that does not hold, or else the first that is open, in the order in which the engine looks
   * at them; `null` for a match.
   */
  readonly criterion: Criterion | null;
  /** It stands behind a rule that matches for certain, and only had its turn because all rules were asked for. */
  readonly isBehindMatch: boolean;
}

/** How a packet fares in a rule table. */
export interface Explanation {
  /** Each rule in order, to the first that matches for certain; to the end where all were asked for. */
  readonly rules: readonly RuleExplanation[];
  /**
   * The rules that decide: the one that matches, and before it those that may; without a match, `null` at the end
   * for the default action.
   */
  readonly deciding: readonly (RuleExplanation | null)[];
  readonly defaultAction: Action;
}

/**
 * Tries rule after rule, as `LinearMatcher` does, and notes why each does not match.
 *
 * @param all goes on behind the match: what would match without it.
 */
export function explain({ table, rules }: ExplainableTable, packet: KnownPacket, all: boolean): Explanation {
  const explained: RuleExplanation[] = [];
  const deciding: (RuleExplanation | null)[] = [];
  let isBehindMatch = false;
  for (let position = 0; position < table.ruleCount && (all || !isBehindMatch); position++) {
    const found = firstObstacle(table, position, packet);
    const { rule, action, outInterface } = rules[position];
    const own: RuleExplanation = {
      rule,
      action,
      outInterface,
      position,
      result: found === null ? 'match' : found.isOpen ? 'cannot_tell' : 'no_match',
      criterion: found?.criterion ?? null,
      isBehindMatch,
    };
    explained.push(own);
    if (!isBehindMatch && own.result !== 'no_match') deciding.push(own);
    if (own.result === 'match') isBehindMatch = true;
  }
  if (!isBehindMatch) deciding.push(null);
  return { rules: explained, deciding, defaultAction: ACTIONS[table.defaultAction] };
}

/** The first criterion that fails; if none does, the first that is open; `null` when all hold. */
function firstObstacle(
  table: RuleTable,
  position: number,
  packet: KnownPacket,
): { readonly criterion: Criterion; readonly isOpen: boolean } | null {
  const { words } = table;
  let open: Criterion | null = null;
  for (let word = table.criteria(position); words[word] !== CRITERION_END; ) {
    const first = word + 2;
    const criterion = { kind: words[word], first, end: first + words[word + 1] };
    const answer = criterionAnswer(words, criterion, packet);
    if (answer === 'no') return { criterion, isOpen: false };
    if (answer === 'open') open ??= criterion;
    word = criterion.end;
  }
  return open === null ? null : { criterion: open, isOpen: true };
}

/** What a rule fails by, or waits for, in words. */
export function obstacleOf(
  { table, interfaces }: ExplainableTable,
  packet: KnownPacket,
  criterion: Criterion,
): Obstacle {
  const field = fieldOfCriterion(criterion);
  const text = fieldText(packet, field, interfaces);
  const has = text === undefined ? 'not known' : (text ?? absenceText(packet, field));
  return { field, has, wants: wantedText(table.words, criterion, interfaces) };
}
