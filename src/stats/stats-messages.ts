import type { RulesNotice, SeriesHistory } from './rule-series.js';

/** What main tells the stats thread. */
export type ToStats =
  /** A new table is about to be used. Answered with `rulesPrepared` or `rulesRefused`. */
  | { readonly kind: 'prepareRules'; readonly notice: RulesNotice }
  /** Every worker uses the table that was prepared. */
  | { readonly kind: 'rulesInUse'; readonly atMs: number }
  | { readonly kind: 'reloadFailed'; readonly atMs: number; readonly problems: readonly string[] }
  /** Which rules of a table can never match: found out some time after it has come into use. */
  | ({ readonly kind: 'rulesLinted' } & LintedTable)
  /** What became of a `reloadWanted`. */
  | { readonly kind: 'reloadAnswered'; readonly id: number; readonly outcome: ReloadOutcome }
  /** All dataplane threads have ended: one last pass, answered with `stopped`. */
  | { readonly kind: 'stop' };

/** What the linter has found out. */
export interface LintedTable {
  /** Of the table. */
  readonly generation: number;
  /** Places in it, from 0, of the rules that can never match. */
  readonly shadowed: readonly number[];
}

/** What the stats thread tells main. */
export type FromStats =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'rulesPrepared'; readonly history: SeriesHistory }
  | { readonly kind: 'rulesRefused'; readonly reason: string }
  /** A client asks for the rules to be loaded again. Answered with `reloadAnswered`. */
  | { readonly kind: 'reloadWanted'; readonly id: number }
  | { readonly kind: 'stopped'; readonly summary: StatsSummary };

/** What became of an attempt to load the rules again. */
export type ReloadOutcome =
  | { readonly kind: 'loaded'; readonly generation: number; readonly ruleCount: number }
  /** `isInvalid`: it is the file's fault. `problems`: one sentence each. */
  | { readonly kind: 'failed'; readonly isInvalid: boolean; readonly problems: readonly string[] }
  | { readonly kind: 'stopping' };

/** The accounting of a whole run, for the last line of the log. */
export interface StatsSummary {
  readonly received: number;
  readonly dropped: number;
  readonly enqueued: number;
  readonly processed: number;
  /** Packets that workers have taken with them when they died. */
  readonly lost: number;
  readonly inFlight: number;
  readonly holds: boolean;
  /** What does not add up, one sentence each. */
  readonly violations: readonly string[];
  /** Passes of the whole run, and those in which the identity did not hold. */
  readonly passes: number;
  readonly violatedPasses: number;
}
