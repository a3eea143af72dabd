import { CACHE_LINE_WORDS, WORD_BYTES } from '../memory/layout.js';
import { compileRules } from './compile/compile-rules.js';
import { type CompiledMemory, placeCompiled } from './compiled-memory.js';
import { ACTIONS, type PortRange, type Prefix, type Rule, type RuleMatch, type RuleSet } from './rule.js';
import {
  CRITERION_DSCP,
  CRITERION_DST_IPV4,
  CRITERION_DST_IPV6,
  CRITERION_DST_MIXED,
  CRITERION_DST_PORT,
  CRITERION_END,
  CRITERION_FRAGMENT,
  CRITERION_ICMP_TYPE,
  CRITERION_IN_INTERFACE,
  CRITERION_IP_VERSION,
  CRITERION_PROTOCOL,
  CRITERION_SRC_IPV4,
  CRITERION_SRC_IPV6,
  CRITERION_SRC_MIXED,
  CRITERION_SRC_PORT,
  CRITERION_TCP_FLAGS,
  CRITERION_VLAN,
  HEADER_RULE_COUNT,
  HEADER_WORDS,
  RULE_WORDS,
  type RuleTableMemory,
} from './rule-table.js';

function compiledOf(ruleSet: RuleSet, interfaces: readonly string[]): CompiledMemory | null {
  const words = compileRules(ruleSet, interfaces);
  return words === null ? null : placeCompiled(words);
}

/**
 * Lays a rule set out as a table.
 *
 * @param slots the outcome slot of each rule, in the set's order.
 * @param interfaces labels of the source's interfaces; a rule that names another one never matches.
 * @param generation number of the new table.
 * @param compiled the same rules, where somebody has compiled and placed them already.
 * @throws RuleTableSizeError where the compiled rules would be too large, EnvironmentError where there are no addresses
 * for them.
 */
export function buildRuleTable(
  ruleSet: RuleSet,
  slots: readonly number[],
  interfaces: readonly string[],
  generation: number,
  compiled: CompiledMemory | null = compiledOf(ruleSet, interfaces),
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
