import { ABSENT } from '../../protocol/packet.js';
import {
  FIELD_COUNT,
  FIELD_DSCP,
  FIELD_DST_PORT,
  FIELD_FRAGMENT,
  FIELD_ICMP_TYPE,
  FIELD_IN_INTERFACE,
  FIELD_PROTOCOL,
  FIELD_SRC_PORT,
  FIELD_TCP_FLAGS,
  FIELD_VLAN,
} from '../matcher-layout.js';
import type { Prefix, RuleMatch, TcpFlagsMatch } from '../rule.js';
import { Ipv6TurnList } from './ipv6-turns.js';
import { TurnList } from './turn-list.js';

/** Values from `low` to `high`, both included. */
interface Span {
  readonly low: number;
  readonly high: number;
}

/** Values of the field of TCP flags. */
const TCP_FLAGS = 256;

/**
 * Where the rules of a table begin and end in each field, sorted. Rules are objects, and objects are slow to look at
 * in code that is not optimised yet: they are gone through once, here, and all else looks at these lists.
 */
export class RuleTurns {
  readonly src4 = new TurnList();
  readonly dst4 = new TurnList();
  readonly src6 = new Ipv6TurnList();
  readonly dst6 = new Ipv6TurnList();
  /** Those of the fields of small numbers, by `FIELD_...`. Their values are codes: `codeOf`. */
  readonly codes: readonly TurnList[] = Array.from({ length: FIELD_COUNT }, () => new TurnList());
  /** The spans of TCP flags that a rule wants, by `set` and `clear`: rules want the same ones again and again. */
  private readonly flagSpans = new Map<number, readonly Span[]>();

  /** @param interfaces labels of the source's interfaces; another one matches no packet. */
  constructor(private readonly interfaces: readonly string[]) {}

  /** Notes a rule. To be called in the order of the positions, and `sort` behind the last one. */
  note(match: RuleMatch, position: number): void {
    const { ipVersion, src, dst, protocols, srcPorts, dstPorts } = match;
    const { src4, dst4, src6, dst6, codes } = this;
    if (src !== null || ipVersion === 6) noteIpv4(src4, ipVersion === 6 ? null : src, position);
    if (dst !== null || ipVersion === 6) noteIpv4(dst4, ipVersion === 6 ? null : dst, position);
    if (src !== null || ipVersion === 4) noteIpv6(src6, ipVersion === 4 ? null : src, position);
    if (dst !== null || ipVersion === 4) noteIpv6(dst6, ipVersion === 4 ? null : dst, position);
    if (protocols !== null) noteValues(codes[FIELD_PROTOCOL], protocols, position);
    if (dstPorts !== null) noteSpans(codes[FIELD_DST_PORT], dstPorts, position);
    if (srcPorts !== null) noteSpans(codes[FIELD_SRC_PORT], srcPorts, position);
    this.noteRareFields(match, position);
  }

  sort(): void {
    for (const turns of [this.src4, this.dst4, this.src6, this.dst6, ...this.codes]) turns.sort();
  }

  private noteRareFields(match: RuleMatch, position: number): void {
    const { tcpFlags, icmpTypes, dscps, fragment, vlans, inInterfaces } = match;
    const { codes, interfaces } = this;
    if (tcpFlags !== null) noteSpans(codes[FIELD_TCP_FLAGS], this.spansOfFlags(tcpFlags), position);
    if (icmpTypes !== null) noteValues(codes[FIELD_ICMP_TYPE], icmpTypes, position);
    if (dscps !== null) noteValues(codes[FIELD_DSCP], dscps, position);
    if (fragment !== null) noteValues(codes[FIELD_FRAGMENT], [fragment ? 1 : 0], position);
    if (vlans !== null) noteValues(codes[FIELD_VLAN], vlans, position);
    if (inInterfaces === null) return;
    const indexes = inInterfaces.map((name) => interfaces.indexOf(name)).filter((index) => index >= 0);
    noteValues(codes[FIELD_IN_INTERFACE], indexes, position);
  }

  private spansOfFlags({ set, clear }: TcpFlagsMatch): readonly Span[] {
    const key = set * TCP_FLAGS + clear;
    const known = this.flagSpans.get(key);
    if (known !== undefined) return known;
    const spans: { low: number; high: number }[] = [];
    for (let flags = 0; flags < TCP_FLAGS; flags++) {
      if ((flags & set) !== set || (flags & clear) !== 0) continue;
      const last = spans.at(-1);
      if (last?.high === flags - 1) last.high = flags;
      else spans.push({ low: flags, high: flags });
    }
    this.flagSpans.set(key, spans);
    return spans;
  }
}

/** A value of a field of small numbers, which may be ABSENT, as the matcher looks it up: from 0 on. */
export function codeOf(value: number): number {
  return value - ABSENT;
}

/** @param prefixes `null`: none for IPv4 packets. */
function noteIpv4(turns: TurnList, prefixes: readonly Prefix[] | null, position: number): void {
  turns.constrain(position);
  if (prefixes === null) return;
  if (prefixes.length === 1) {
    // As in most rules: without lists.
    const { version, words, bits } = prefixes[0];
    if (version === 4) turns.add(words[0], words[0] | lastBits(bits), position);
    return;
  }
  for (const { low, high } of merged(ipv4Spans(prefixes))) turns.add(low | 0, high | 0, position);
}

function ipv4Spans(prefixes: readonly Prefix[]): Span[] {
  const spans: Span[] = [];
  for (const { version, words, bits } of prefixes) {
    if (version === 4) spans.push({ low: words[0] >>> 0, high: (words[0] | lastBits(bits)) >>> 0 });
  }
  return spans;
}

/** Those behind a prefix of `bits`: a shift looks at the lowest five bits of its right side only. */
function lastBits(bits: number): number {
  return bits === 32 ? 0 : -1 >>> bits;
}

/** @param prefixes `null`: none for IPv6 packets. */
function noteIpv6(turns: Ipv6TurnList, prefixes: readonly Prefix[] | null, position: number): void {
  turns.constrain(position);
  if (prefixes !== null) turns.add(prefixes, position);
}

/** Notes values of one rule, which may be repeated. */
function noteValues(turns: TurnList, values: readonly number[], position: number): void {
  if (values.length > 1) {
    noteSpans(
      turns,
      values.map((value) => ({ low: value, high: value })),
      position,
    );
    return;
  }
  turns.constrain(position);
  if (values.length === 1) turns.add(codeOf(values[0]), codeOf(values[0]), position);
}

/** Notes spans of one rule, which may overlap. */
function noteSpans(turns: TurnList, spans: readonly Span[], position: number): void {
  turns.constrain(position);
  if (spans.length === 1) {
    turns.add(codeOf(spans[0].low), codeOf(spans[0].high), position);
    return;
  }
  for (const { low, high } of merged(spans)) turns.add(codeOf(low), codeOf(high), position);
}

/** Spans of one rule may overlap or touch; a rule must not begin or end twice for one value. */
function merged(spans: readonly Span[]): Span[] {
  const result: { low: number; high: number }[] = [];
  for (const { low, high } of [...spans].sort((a, b) => a.low - b.low)) {
    const last = result.at(-1);
    if (last !== undefined && low <= last.high + 1) last.high = Math.max(last.high, high);
    else result.push({ low, high });
  }
  return result;
}
