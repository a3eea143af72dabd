import type { Condition } from './condition.js';

/**
 * Rules of another firewall, in the form that both importers make: what they match is said in conditions,
 * and what becomes of the packet in verdicts.
 */
export type Verdict =
  | { readonly kind: 'accept' | 'drop' | 'continue' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string };

/** One outcome of a rule. */
export interface Branch {
  readonly when: readonly Condition[];
  readonly verdict: Verdict;
}

export interface ForeignRule {
  /** Where it stands: `inet/filter/input handle 17`. */
  readonly place: string;
  /** The rule in its firewall's words, on one line. */
  readonly text: string;
  /** A name from its comment, or null. */
  readonly comment: string | null;
  /** A name from its place, for a rule without a comment. */
  readonly placeName: string;
  /** The first that holds decides. Where `unsaid` is given, these hold for all its packets and for others too. */
  readonly branches: readonly Branch[];
  /** Packets that it does not match, whatever its branches say. */
  readonly except: readonly Condition[];
  /** Why it cannot be said, or null. */
  readonly unsaid: string | null;
  /** Whether it counts packets, where it decides nothing. */
  readonly counts: boolean;
  /** Whether it neither decides, counts nor changes packets, whatever it matches: it is not missed. */
  readonly isIdle: boolean;
  /** What it does besides, that a rule of UPE does not do. */
  readonly notes: readonly string[];
}

export interface ForeignChain {
  readonly name: string;
  readonly rules: readonly ForeignRule[];
}

/** A base chain with all that it can reach. */
export interface ForeignTable {
  /** What was read: `nftables`, `iptables`. */
  readonly firewall: string;
  /** `inet/filter/input`. */
  readonly place: string;
  readonly base: ForeignChain;
  readonly chains: ReadonlyMap<string, ForeignChain>;
  readonly policy: 'accept' | 'drop';
  /** The one IP version that it sees, or null. */
  readonly version: 4 | 6 | null;
  /** What holds for the whole import, a sentence each. */
  readonly remarks: readonly string[];
  /** Sets that have a name there, by their values. */
  readonly setNames: ReadonlyMap<unknown, string>;
}
