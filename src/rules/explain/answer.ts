import type { AnomalyKind } from '../../counters/catalogue.js';
import { MATCH_FIELDS, type MatchField } from '../match-fields.js';
import type { Action } from '../rule.js';
import { fieldOfCriterion, fieldText } from './criterion-text.js';
import {
  type ExplainableTable,
  type Explanation,
  explain,
  obstacleOf,
  type RuleExplanation,
} from './explanation.js';
import type { JudgedFrame } from './judged-frame.js';
import { isLaterFragment, type KnownPacket } from './known-packet.js';

/** What happens to a packet, and through which rule; `rule` is `null` where no rule matches. */
export interface PossibleVerdict {
  readonly rule: string | null;
  readonly action: Action;
  readonly out_interface: string | null;
  /** The field that would have to be known; `null` where this is what remains. */
  readonly if_field: MatchField | null;
}

/** What the engine does with the packet. */
export type Verdict =
  | {
      readonly kind: 'rule';
      readonly rule: string;
      /** Of the rule in the table, from 1. */
      readonly position: number;
      readonly action: Action;
      readonly out_interface: string | null;
    }
  | { readonly kind: 'unmatched'; readonly action: Action }
  /** No rule judges such a frame. */
  | { readonly kind: 'malformed' | 'unclassified'; readonly reason: string; readonly action: Action }
  /** What is known does not decide; `action`: what all that is possible agree on, or `null`. */
  | {
      readonly kind: 'cannot_tell';
      readonly action: Action | null;
      /** In the order of the rules; the last one is what remains when none of the others comes true. */
      readonly possible: readonly PossibleVerdict[];
      /** How many of them are not listed, because there would be too many. */
      readonly possible_omitted: number;
    };

/** One rule's line of the answer. */
export interface RuleLine {
  /** In the table, from 1. */
  readonly position: number;
  readonly rule: string;
  readonly action: Action;
  readonly out_interface: string | null;
  readonly result: RuleExplanation['result'];
  /** The first field that does not hold or is not known, what the packet has there, what the rule wants. */
  readonly field: MatchField | null;
  readonly has: string | null;
  readonly wants: string | null;
  /** An earlier rule has taken the packet. */
  readonly after_match: boolean;
}

/** The answer to what becomes of a packet: a contract, of `upe explain --json` and of the HTTP API. */
export interface Answer {
  /** The packet's fields: a text for each that is known, `null` for what it has not; `null` for an unjudged frame. */
  readonly packet: { readonly [Field in MatchField]?: string | null } | null;
  readonly anomalies: readonly AnomalyKind[];
  readonly verdict: Verdict;
  /** What one should know of such packets, a sentence each. */
  readonly notes: readonly string[];
  readonly rules: readonly RuleLine[];
  /** Rules that are not listed, because there would be too many. */
  readonly rules_omitted: number;
}

/** What is to be answered. */
export interface AnswerScope {
  /** Whether the rules behind the match are tried as well. */
  readonly all: boolean;
  /** Rules to list at most. */
  readonly limit: number;
}

/** What becomes of frames that no rule judges. */
export interface UnjudgedFates {
  readonly unclassified: Action;
  readonly malformed: Action;
}

/** The answer for a frame, or for a packet of which some fields are known. */
export function answerFor(
  table: ExplainableTable,
  frame: JudgedFrame,
  fates: UnjudgedFates,
  { all, limit }: AnswerScope,
): Answer {
  if (frame.kind !== 'packet') {
    const { kind, reason } = frame;
    const note =
      kind === 'malformed'
        ? 'The frame contradicts itself, so no rule judges it.'
        : 'The frame holds no whole IP header, so no rule judges it.';
    const verdict = { kind, reason, action: fates[kind] };
    return { packet: null, anomalies: [], verdict, notes: [note], rules: [], rules_omitted: 0 };
  }
  const { packet, anomalies } = frame;
  const explanation = explain(table, packet, all);
  const rules = listed(explanation.rules, limit);
  return {
    packet: packetFields(packet, table.interfaces),
    anomalies,
    verdict: verdictOf(explanation, limit),
    notes: notesOn(packet, anomalies),
    rules: rules.map((own) => lineOf(own, table, packet)),
    rules_omitted: explanation.rules.length - rules.length,
  };
}

/** What a frame of another link is found to be when it is taken for Ethernet: its bytes make no EtherType. */
const NOT_ETHERNET: readonly string[] = ['llc', 'other'];

/**
 * The answer for a frame that was taken for Ethernet because nobody has said otherwise, with a note where that may be
 * the mistake.
 *
 * @param flag by which one says what a frame begins with.
 */
export function withLinkNote(answer: Answer, flag: string): Answer {
  const { verdict } = answer;
  if (verdict.kind !== 'unclassified' || !NOT_ETHERNET.includes(verdict.reason)) return answer;
  const note = `It was taken for Ethernet; if it begins with something else, say so with ${flag}: 113 or 276 is Linux cooked, as of the interface any.`;
  return { ...answer, notes: [...answer.notes, note] };
}

/** What is known of a packet, field by field. */
export function packetFields(packet: KnownPacket, interfaces: readonly string[]): Answer['packet'] {
  const fields: { [Field in MatchField]?: string | null } = {};
  for (const field of MATCH_FIELDS) {
    const text = fieldText(packet, field, interfaces);
    if (text !== undefined) fields[field] = text;
  }
  return fields;
}

function verdictOf({ deciding, defaultAction }: Explanation, limit: number): Verdict {
  const possible = deciding.map((own): PossibleVerdict => {
    if (own === null) return { rule: null, action: defaultAction, out_interface: null, if_field: null };
    const { rule, action, outInterface, criterion } = own;
    const if_field = criterion === null ? null : fieldOfCriterion(criterion);
    return { rule, action, out_interface: outInterface, if_field };
  });
  const [first] = possible;
  if (possible.length > 1) {
    const agree = possible.every(
      (own) => own.action === first.action && own.out_interface === first.out_interface,
    );
    const omitted = Math.max(possible.length - limit, 0);
    const listed = omitted === 0 ? possible : [...possible.slice(0, limit - 1), ...possible.slice(-1)];
    return {
      kind: 'cannot_tell',
      action: agree ? first.action : null,
      possible: listed,
      possible_omitted: omitted,
    };
  }
  const [matched] = deciding;
  if (matched === null) return { kind: 'unmatched', action: defaultAction };
  const { rule, position, action, outInterface } = matched;
  return { kind: 'rule', rule, position: position + 1, action, out_interface: outInterface };
}

/** The rules that matter before all others: those that match or may. In the table's order. */
function listed(rules: readonly RuleExplanation[], limit: number): readonly RuleExplanation[] {
  if (rules.length <= limit) return rules;
  const matter = rules.filter(({ result }) => result !== 'no_match').slice(0, limit);
  let left = limit - matter.length;
  const kept = new Set(matter);
  return rules.filter((own) => kept.has(own) || (own.result === 'no_match' && left-- > 0));
}

function lineOf(own: RuleExplanation, table: ExplainableTable, packet: KnownPacket): RuleLine {
  const obstacle = own.criterion === null ? null : obstacleOf(table, packet, own.criterion);
  return {
    position: own.position + 1,
    rule: own.rule,
    action: own.action,
    out_interface: own.outInterface,
    result: own.result,
    field: obstacle?.field ?? null,
    has: obstacle?.has ?? null,
    wants: obstacle?.wants ?? null,
    after_match: own.isBehindMatch,
  };
}

function notesOn(packet: KnownPacket, anomalies: readonly AnomalyKind[]): string[] {
  const notes: string[] = [];
  if (isLaterFragment(packet)) {
    notes.push(
      'A fragment without a transport header: no rule that names a port, tcp_flags or icmp_type matches it.',
    );
  } else if (packet.isFragment === 1 && packet.srcPort >= 0) {
    notes.push(
      'A first fragment: it is judged by its ports. The ones after it have none, and may meet other rules.',
    );
  }
  if (anomalies.includes('oversize')) notes.push('Longer than a packet buffer: its beginning is judged.');
  return notes;
}
