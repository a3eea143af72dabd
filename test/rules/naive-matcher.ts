import type { Packet } from '../../src/protocol/packet.js';
import { NO_MATCH } from '../../src/rules/matcher.js';
import type { PortRange, Prefix, RuleMatch, RuleSet } from '../../src/rules/rule.js';

const WORD_BITS = 32n;

/** An address or a network as one number, from its signed 32-bit words. */
export function addressNumber(words: readonly number[]): bigint {
  return words.reduce((number, word) => (number << WORD_BITS) | BigInt(word >>> 0), 0n);
}

/**
 * Judges a packet by the rule objects themselves, with none of the table's words and masks: the oracle
 * of the matchers, slow and obvious.
 *
 * @param interfaces labels of the source's interfaces, by the index that packets carry.
 * @returns position of the first rule that matches, or `NO_MATCH`.
 */
export function naiveMatch(ruleSet: RuleSet, interfaces: readonly string[], packet: Packet): number {
  const position = ruleSet.rules.findIndex(({ match }) => allHold(match, interfaces, packet));
  return position === -1 ? NO_MATCH : position;
}

function allHold(match: RuleMatch, interfaces: readonly string[], packet: Packet): boolean {
  const isIpv4 = packet.ipVersion === 4;
  const src = isIpv4 ? [packet.src0] : [packet.src0, packet.src1, packet.src2, packet.src3];
  const dst = isIpv4 ? [packet.dst0] : [packet.dst0, packet.dst1, packet.dst2, packet.dst3];
  return (
    (match.ipVersion === null || match.ipVersion === packet.ipVersion) &&
    isAmong(match.protocols, packet.protocol) &&
    isInside(match.src, packet.ipVersion, src) &&
    isInside(match.dst, packet.ipVersion, dst) &&
    isPortAmong(match.srcPorts, packet.srcPort) &&
    isPortAmong(match.dstPorts, packet.dstPort) &&
    hasFlags(match, packet.tcpFlags) &&
    isAmong(match.icmpTypes, packet.icmpType) &&
    isAmong(match.dscps, packet.dscp) &&
    (match.fragment === null || match.fragment === (packet.isFragment === 1)) &&
    isAmong(match.vlans, packet.vlan) &&
    (match.inInterfaces === null || match.inInterfaces.includes(interfaces[packet.interfaceIndex]))
  );
}

function isAmong(values: readonly number[] | null, value: number): boolean {
  return values === null || new Set(values).has(value);
}

/** Two addresses share their first `bits` bits when they are equal without the others. */
function isInside(prefixes: readonly Prefix[] | null, version: number, words: readonly number[]): boolean {
  if (prefixes === null) return true;
  const address = addressNumber(words);
  return prefixes.some((prefix) => {
    const hostBits = BigInt(words.length) * WORD_BITS - BigInt(prefix.bits);
    return prefix.version === version && address >> hostBits === addressNumber(prefix.words) >> hostBits;
  });
}

function isPortAmong(ranges: readonly PortRange[] | null, port: number): boolean {
  return ranges === null || ranges.some(({ low, high }) => Math.min(Math.max(port, low), high) === port);
}

function hasFlags(match: RuleMatch, flags: number): boolean {
  if (match.tcpFlags === null) return true;
  if (flags < 0) return false;
  for (let flag = 1; flag <= 0x80; flag *= 2) {
    const isSet = Math.floor(flags / flag) % 2 === 1;
    if ((match.tcpFlags.set & flag) !== 0 && !isSet) return false;
    if ((match.tcpFlags.clear & flag) !== 0 && isSet) return false;
  }
  return true;
}
