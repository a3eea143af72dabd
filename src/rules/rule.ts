/**
 * The rule model: what a rule file says, checked and normalised, before it becomes a table that
 * workers can read. Plain objects; nothing here is on the hot path.
 */

/** What happens to a packet that a rule matches. The order is the order of the metrics' cells. */
export const ACTIONS = ['count', 'drop', 'forward'] as const;
export type Action = (typeof ACTIONS)[number];

/** An address block of either family. */
export interface Prefix {
  readonly version: 4 | 6;
  /** The network address as signed 32-bit words, most significant first: one for IPv4, four for IPv6. */
  readonly words: readonly number[];
  /** Prefix length in bits: 0-32 or 0-128. */
  readonly bits: number;
}

/** Ports from `low` to `high`, both included. */
export interface PortRange {
  readonly low: number;
  readonly high: number;
}

/** TCP flags that must be set and that must be clear, as bits of the header's flag byte. */
export interface TcpFlagsMatch {
  readonly set: number;
  readonly clear: number;
}

/**
 * The fields of a rule after everything implied is spelled out: ports without a protocol have become
 * tcp, udp and sctp; tcp_flags tcp; icmp_type icmp and icmpv6. `null` means any.
 */
export interface RuleMatch {
  /** The one IP version that the rule can match, given or implied by its addresses; `null`: both. */
  readonly ipVersion: 4 | 6 | null;
  /** IP protocol numbers, ascending, without repetition. */
  readonly protocols: readonly number[] | null;
  readonly src: readonly Prefix[] | null;
  readonly dst: readonly Prefix[] | null;
  /** Ascending, merged where they touch or overlap. */
  readonly srcPorts: readonly PortRange[] | null;
  readonly dstPorts: readonly PortRange[] | null;
  readonly tcpFlags: TcpFlagsMatch | null;
  /** ICMP or ICMPv6 types, ascending. */
  readonly icmpTypes: readonly number[] | null;
  /** DSCP values 0-63, ascending. */
  readonly dscps: readonly number[] | null;
  readonly fragment: boolean | null;
  /** VLAN ids of the outermost tag, ascending. */
  readonly vlans: readonly number[] | null;
  readonly inInterfaces: readonly string[] | null;
}

export interface Rule {
  /** `[A-Za-z0-9_.-]{1,64}`, unique in its file: the Prometheus label. */
  readonly name: string;
  readonly description: string;
  /** Lower wins; equal ones keep the file's order. 0 where the file gives none. */
  readonly priority: number;
  readonly action: Action;
  /** Interface that a forward rule names; `null`: the other port of the bridge, or no forward rule. */
  readonly outInterface: string | null;
  readonly match: RuleMatch;
  /** The match as the file writes it, on one line, at most 200 characters; empty when it matches all. */
  readonly matchText: string;
  /** Where the rule begins in its file, from 1. */
  readonly line: number;
}

/** A whole rule file, rules already in matching order. */
export interface RuleSet {
  /** The file it came from, as the user named it. */
  readonly file: string;
  /** SHA-256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
  /** What happens to a packet that no rule matches. */
  readonly defaultAction: Action;
  /** True when the file says `default_action` itself (a bridge insists on it). */
  readonly defaultActionGiven: boolean;
  /** Sorted by priority, then position in the file: the first that matches wins. */
  readonly rules: readonly Rule[];
}
