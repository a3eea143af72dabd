import type { RuleSet } from '../rule.js';
import type { Sector } from './sector.js';

/** A packet that shows something: a point of a sector. */
export interface Witness {
  readonly sector: Sector;
  readonly point: Int32Array;
}

/** What a rule could not be told about within the budget. */
export type Question = 'shadowed' | 'contradiction' | 'redundant';

/** What the linter finds; rules by their position in the table. */
export type Finding =
  /**
   * No packet has the rule as its first match. `coveredBy`: the one earlier rule that takes all its packets, or several
   * that do together, none of which can be spared where they are 16 at most; none where no packet can be as it asks. All
   * of them do the same as the rule, where it is not undecided whether there are such.
   */
  | { readonly kind: 'shadowed'; readonly rule: number; readonly coveredBy: readonly number[] }
  /**
   * No packet has the rule as its first match, and of some of its packets every earlier rule that takes them makes
   * something else: of this one `taker`, which is the first.
   */
  | {
      readonly kind: 'contradiction';
      readonly rule: number;
      readonly coveredBy: readonly number[];
      readonly packet: Witness;
      readonly taker: number;
    }
  /**
   * Without it, all its packets would meet the same action: through the later rules `instead`, each of which would get
   * some that no earlier rule takes, and, where `byDefault`, the default action.
   */
  | {
      readonly kind: 'redundant';
      readonly rule: number;
      readonly instead: readonly number[];
      readonly byDefault: boolean;
    }
  /** It takes every packet, and is not the last. */
  | { readonly kind: 'any_any'; readonly rule: number }
  /** An earlier rule and this one share packets and disagree about them, and each has others of its own. */
  | { readonly kind: 'overlap'; readonly rule: number; readonly earlier: number; readonly packet: Witness }
  /** Not known: finding it out would take too long. */
  | { readonly kind: 'undecided'; readonly rule: number; readonly question: Question };

export type FindingKind = Finding['kind'];

/** What the linter has to say of a table. */
export interface LintReport {
  readonly ruleSet: RuleSet;
  /** The interfaces that rules name: the positions that the packets of witnesses have. */
  readonly interfaces: readonly string[];
  /** In the order of the rules; overlaps last. */
  readonly findings: readonly Finding[];
  /** Overlaps that are not among the findings, because there would be too many. */
  readonly overlapsOmitted: number;
  /** By position: a packet that has the rule as its first match; `null` where there is none, or none is known. */
  readonly examples: readonly (Witness | null)[];
}
