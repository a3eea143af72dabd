import { CACHE_LINE_WORDS, WORD_BYTES } from '../memory/layout.js';
import { compileRules } from './compile/compile-rules.js';
import { ACTIONS, type PortRange, type Prefix, type Rule, type RuleMatch, type RuleSet } from './rule.js';

/*
 * A rule table as workers read it: int32 words in a SharedArrayBuffer, written once by whoever builds
 * it and never again. A reload builds another one.
 * The empty lines keep malloc's other blocks away: a neighbour that some thread writes would take the
 * line of a small table from every worker, again and again.
 *
 *   | (empty line) | rule count, default action | rule 0 | rule 1 | ... | criteria of rule 0 | of rule 1 | ... | (empty line) |
 *
 *   rule       slot, action, out interface, word of its first criterion
 *   criterion  kind, how many values, the values; all criteria of a rule must hold; CRITERION_END ends it
 */
const HEADER_RULE_COUNT = CACHE_LINE_WORDS;
const HEADER_DEFAULT_ACTION = HEADER_RULE_COUNT + 1;
const HEADER_WORDS = HEADER_DEFAULT_ACTION + 1;

/** Words of a rule, from the first one of its row. */
const RULE_SLOT = 0;
const RULE_ACTION = 1;
const RULE_OUT_INTERFACE = 2;
const RULE_CRITERIA = 3;
const RULE_WORDS = 4;

export const CRITERION_END = 0;
/** Values: the version. */
export const CRITERION_IP_VERSION = 1;
/** Values: any of the numbers. */
export const CRITERION_PROTOCOL = 2;
/** Values: pairs of address and mask. */
export const CRITERION_SRC_IPV4 = 3;
export const CRITERION_DST_IPV4 = 4;
/** Values: four address words and four mask words each. */
export const CRITERION_SRC_IPV6 = 5;
export const CRITERION_DST_IPV6 = 6;
/** Values: pairs of lowest and highest port. */
export const CRITERION_SRC_PORT = 7;
export const CRITERION_DST_PORT = 8;
/** Values: the flags that must be set, the flags that must be clear. */
export const CRITERION_TCP_FLAGS = 9;
/** Values: any of the numbers. */
export const CRITERION_ICMP_TYPE = 10;
export const CRITERION_DSCP = 11;
/** Values: 1 or 0. */
export const CRITERION_FRAGMENT = 12;
/** Values: any of the numbers. */
export const CRITERION_VLAN = 13;
export const CRITERION_IN_INTERFACE = 14;
/** Values: first the word count of the IPv4 list, then that list, then the IPv6 list. */
export const CRITERION_SRC_MIXED = 15;
export const CRITERION_DST_MIXED = 16;

/** A table as it is handed to workers. */
export interface RuleTableMemory {
  /** Counts up with every table that goes into use. */
  readonly generation: number;
  readonly buffer: SharedArrayBuffer;
  /** The same rules compiled, of matcher-layout.ts; `null` where trying one after the other is as fast. */
  readonly compiled: SharedArrayBuffer | null;
}

/** A worker's view of one generation of the rules. */
export class RuleTable {
  readonly generation: number;
  readonly words: Int32Array;
  readonly ruleCount: number;
  /** Position in `ACTIONS` of what happens to a packet that no rule matches. */
  readonly defaultAction: number;

  constructor(memory: RuleTableMemory) {
    this.generation = memory.generation;
    this.words = new Int32Array(memory.buffer);
    this.ruleCount = this.words[HEADER_RULE_COUNT];
    this.defaultAction = this.words[HEADER_DEFAULT_ACTION];
  }

  /** First word of a rule's row. `position`: 0 to `ruleCount` - 1. */
  private row(position: number): number {
    return HEADER_WORDS + position * RULE_WORDS;
  }

  /** The outcome slot that a rule's packets are counted in. `position`: 0 to `ruleCount` - 1. */
  slot(position: number): number {
    return this.words[this.row(position) + RULE_SLOT];
  }

  /** Position in `ACTIONS`. */
  action(position: number): number {
    return this.words[this.row(position) + RULE_ACTION];
  }

  /** Index of the interface that a forward rule names, or -1. */
  outInterface(position: number): number {
    return this.words[this.row(position) + RULE_OUT_INTERFACE];
  }

  /** Word of a rule's first criterion. */
  criteria(position: number): number {
    return this.words[this.row(position) + RULE_CRITERIA];
  }
}

/**
 * Lays a rule set out as a table.
 *
 * @param slots the outcome slot of each rule, in the set's order.
 * @param interfaces labels of the source's interfaces; a rule that names another one never matches.
 * @param generation number of the new table.
 * @param compiled the same rules from `compileRules`, where another thread has done that already.
 * @throws RuleTableSizeError where the compiled rules would be too large.
 */
export function buildRuleTable(
  ruleSet: RuleSet,
  slots: readonly number[],
  interfaces: readonly string[],
  generation: number,
  compiled: SharedArrayBuffer | null = compileRules(ruleSet, interfaces),
): RuleTableMemory {
  const rules: number[] = [];
  const criteria: number[] = [];
  const criteriaWord = HEADER_WORDS + ruleSet.rules.length * RULE_WORDS;
  ruleSet.rules.forEach((rule, position) => {
    rules.push(
      slots[position],
      ACTIONS.indexOf(rule.action),
      outInterfaceIndex(rule, interfaces),
      criteriaWord + criteria.length,
    );
    appendCriteria(criteria, rule.match, interfaces);
  });
  const words = [ruleSet.rules.length, ACTIONS.indexOf(ruleSet.defaultAction)];
  const buffer = new SharedArrayBuffer((criteriaWord + criteria.length + CACHE_LINE_WORDS) * WORD_BYTES);
  const view = new Int32Array(buffer);
  view.set(words, HEADER_RULE_COUNT);
  view.set(rules, HEADER_WORDS);
  view.set(criteria, criteriaWord);
  return { generation, buffer, compiled };
}

function outInterfaceIndex(rule: Rule, interfaces: readonly string[]): number {
  return rule.outInterface === null ? -1 : interfaces.indexOf(rule.outInterface);
}

/** Cheap and selective criteria come first: most rules fail at their first one. */
function appendCriteria(out: number[], match: RuleMatch, interfaces: readonly string[]): void {
  const criterion = (kind: number, values: readonly number[] | null | undefined) => {
    if (values === null || values === undefined) return;
    out.push(kind, values.length);
    for (const value of values) out.push(value);
  };
  const hasAddresses = match.src !== null || match.dst !== null;
  // Addresses of one family check the version themselves.
  if (match.ipVersion !== null && !hasAddresses) criterion(CRITERION_IP_VERSION, [match.ipVersion]);
  criterion(CRITERION_PROTOCOL, match.protocols);
  criterion(CRITERION_DST_PORT, match.dstPorts?.flatMap(rangeWords));
  criterion(CRITERION_SRC_PORT, match.srcPorts?.flatMap(rangeWords));
  appendAddresses(criterion, match.dst, CRITERION_DST_IPV4, CRITERION_DST_IPV6, CRITERION_DST_MIXED);
  appendAddresses(criterion, match.src, CRITERION_SRC_IPV4, CRITERION_SRC_IPV6, CRITERION_SRC_MIXED);
  criterion(CRITERION_TCP_FLAGS, match.tcpFlags && [match.tcpFlags.set, match.tcpFlags.clear]);
  criterion(CRITERION_ICMP_TYPE, match.icmpTypes);
  criterion(CRITERION_DSCP, match.dscps);
  criterion(CRITERION_FRAGMENT, match.fragment === null ? null : [match.fragment ? 1 : 0]);
  criterion(CRITERION_VLAN, match.vlans);
  criterion(
    CRITERION_IN_INTERFACE,
    match.inInterfaces?.map((name) => interfaces.indexOf(name)),
  );
  out.push(CRITERION_END);
}

function rangeWords(range: PortRange): number[] {
  return [range.low, range.high];
}

function appendAddresses(
  criterion: (kind: number, values: readonly number[]) => void,
  prefixes: readonly Prefix[] | null,
  ipv4Kind: number,
  ipv6Kind: number,
  mixedKind: number,
): void {
  if (prefixes === null) return;
  const ipv4 = prefixes.filter((p) => p.version === 4).flatMap(prefixWords);
  const ipv6 = prefixes.filter((p) => p.version === 6).flatMap(prefixWords);
  if (ipv6.length === 0) criterion(ipv4Kind, ipv4);
  else if (ipv4.length === 0) criterion(ipv6Kind, ipv6);
  else criterion(mixedKind, [ipv4.length, ...ipv4, ...ipv6]);
}

function prefixWords(prefix: Prefix): number[] {
  return [...prefix.words, ...prefix.words.map((_, word) => maskWord(prefix.bits - word * 32))];
}

/** The mask word of which `bits` leading bits are set; below 0 none, above 32 all. */
function maskWord(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : (-1 << (32 - bits)) | 0;
}
