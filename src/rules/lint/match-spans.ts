import type { PortRange, Prefix, RuleMatch, TcpFlagsMatch } from '../rule.js';
import type { Span } from './axis.js';

/** The fields that packets are told apart by, the most telling first; the version and `fragment` make sectors. */
export const AXIS_FIELDS = [
  'dst',
  'src',
  'dstPort',
  'srcPort',
  'protocol',
  'icmpType',
  'tcpFlags',
  'dscp',
  'vlan',
  'inInterface',
] as const;
export type AxisField = (typeof AXIS_FIELDS)[number];

const WORD_BITS = 32n;
const FLAG_BYTES = 256;

/** What rules ask of fields, as spans of values; lists that rules share through aliases give one answer. */
export class MatchSpans {
  private readonly known = new Map<object, readonly Span[]>();
  private readonly knownIpv6 = new Map<object, readonly Span[]>();
  private readonly knownFlags = new Map<number, readonly Span[]>();

  /** @param interfaces every name that the rules have, each a value by its position. */
  constructor(private readonly interfaces: readonly string[]) {}

  /**
   * What a rule asks of a field.
   *
   * @param version of the addresses that are asked for.
   * @returns `null` for any value; no span where it wants only addresses of the other version.
   */
  spansOf(match: RuleMatch, field: AxisField, version: 4 | 6): readonly Span[] | null {
    switch (field) {
      case 'src':
        return this.prefixSpans(match.src, version);
      case 'dst':
        return this.prefixSpans(match.dst, version);
      case 'srcPort':
        return this.remembered(match.srcPorts, portSpan);
      case 'dstPort':
        return this.remembered(match.dstPorts, portSpan);
      case 'protocol':
        return this.remembered(match.protocols, valueSpan);
      case 'icmpType':
        return this.remembered(match.icmpTypes, valueSpan);
      case 'tcpFlags':
        return this.flagSpans(match.tcpFlags);
      case 'dscp':
        return this.remembered(match.dscps, valueSpan);
      case 'vlan':
        return this.remembered(match.vlans, valueSpan);
      case 'inInterface':
        return this.remembered(match.inInterfaces, (name) => valueSpan(this.interfaces.indexOf(name)));
    }
  }

  private prefixSpans(prefixes: readonly Prefix[] | null, version: 4 | 6): readonly Span[] | null {
    if (prefixes === null) return null;
    const known = version === 4 ? this.known : this.knownIpv6;
    let spans = known.get(prefixes);
    if (spans === undefined) {
      spans = prefixes
        .filter((prefix) => prefix.version === version)
        .map(version === 4 ? ipv4Span : ipv6Span);
      known.set(prefixes, spans);
    }
    return spans;
  }

  private remembered<T>(values: readonly T[] | null, spanOf: (value: T) => Span): readonly Span[] | null {
    if (values === null) return null;
    let spans = this.known.get(values);
    if (spans === undefined) {
      spans = values.map(spanOf);
      this.known.set(values, spans);
    }
    return spans;
  }

  private flagSpans(match: TcpFlagsMatch | null): readonly Span[] | null {
    if (match === null) return null;
    const { set, clear } = match;
    const key = set * FLAG_BYTES + clear;
    let spans = this.knownFlags.get(key);
    if (spans === undefined) {
      const bytes = Array.from({ length: FLAG_BYTES }, (_, byte) => byte);
      spans = bytes.filter((byte) => (byte & set) === set && (byte & clear) === 0).map(valueSpan);
      this.knownFlags.set(key, spans);
    }
    return spans;
  }
}

function valueSpan(value: number): Span {
  return { from: value, to: value + 1 };
}

function portSpan({ low, high }: PortRange): Span {
  return { from: low, to: high + 1 };
}

function ipv4Span({ words, bits }: Prefix): Span {
  const from = words[0] >>> 0;
  return { from, to: from + 2 ** (32 - bits) };
}

function ipv6Span({ words, bits }: Prefix): Span {
  const from = words.reduce((sum, word) => (sum << WORD_BITS) | BigInt(word >>> 0), 0n);
  return { from, to: from + (1n << BigInt(128 - bits)) };
}
