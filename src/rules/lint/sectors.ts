import { isExtension } from '../../protocol/ipv6.js';
import {
  ABSENT,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../protocol/packet.js';
import type { Rule, RuleMatch } from '../rule.js';
import { Axis, type Span } from './axis.js';
import { AXIS_FIELDS, type AxisField, MatchSpans } from './match-spans.js';
import { EMPTY } from './ranges.js';
import { type Box, Sector, type SectorAxis, type SectorKind, type Transport } from './sector.js';

const PROTOCOLS_MAX = 256;

/** The fields that only packets with so much of a transport header have. */
const TRANSPORT_FIELDS: { readonly [Own in Transport]: readonly AxisField[] } = {
  none: [],
  ports: ['dstPort', 'srcPort'],
  flags: ['dstPort', 'srcPort', 'tcpFlags'],
  icmp: ['icmpType'],
};
const ALL_TRANSPORT_FIELDS: readonly AxisField[] = TRANSPORT_FIELDS.flags.concat(TRANSPORT_FIELDS.icmp);

/** The protocols whose packets can have so much of one. */
const TRANSPORT_PROTOCOLS: { readonly [Own in Transport]: readonly number[] | null } = {
  // A later fragment of any of them, or what is left of a packet whose transport header was cut off.
  none: null,
  ports: [PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP],
  flags: [PROTOCOL_TCP],
  icmp: [PROTOCOL_ICMP, PROTOCOL_ICMPV6],
};

/**
 * Divides all packets that the parser can find into sectors, as few as the rules ask for: packets of a sector have
 * the same fields. Together they are exact: a packet that no frame can be is in none of them.
 *
 * @param interfaces every name that the rules have; a packet can also come in by another one.
 * @returns those with the most fields first, so that the packet that shows something is a usual one.
 */
export function sectorsOf(rules: readonly Rule[], interfaces: readonly string[]): Sector[] {
  const matches = rules.map(({ match }) => match);
  const axes = new SectorAxes(matches, interfaces);
  return sectorKinds(matches).map((kind) => {
    const own = axes.of(kind);
    return new Sector(kind, own, rules.length, (position) => axes.boxOf(matches[position], kind, own));
  });
}

/** Where no rule names a field, packets with and without it are alike. */
function sectorKinds(matches: readonly RuleMatch[]): SectorKind[] {
  const names = (field: keyof RuleMatch) => matches.some((match) => match[field] !== null);
  const namesPorts = names('srcPorts') || names('dstPorts');
  const transports: Transport[] = [];
  if (names('tcpFlags')) transports.push('flags');
  if (names('tcpFlags') || namesPorts) transports.push('ports');
  if (names('icmpTypes')) transports.push('icmp');
  transports.push('none');
  const named = ALL_TRANSPORT_FIELDS.filter((field) => {
    if (field === 'icmpType') return names('icmpTypes');
    return field === 'tcpFlags' ? names('tcpFlags') : namesPorts;
  });
  const versions = names('ipVersion') || names('src') || names('dst') ? ([4, 6] as const) : [null];
  const fragments = names('fragment') ? [false, true] : [null];
  return fragments.flatMap((isFragment) =>
    versions.flatMap((version) =>
      transports.map((transport) => {
        const absent = named.filter((field) => !TRANSPORT_FIELDS[transport].includes(field));
        return { version, isFragment, transport, absent };
      }),
    ),
  );
}

/** The axes of all sectors; sectors that have one in common share it. */
class SectorAxes {
  private readonly spans: MatchSpans;
  private readonly made = new Map<string, Axis>();

  constructor(
    private readonly matches: readonly RuleMatch[],
    private readonly interfaces: readonly string[],
  ) {
    this.spans = new MatchSpans(interfaces);
  }

  of(kind: SectorKind): SectorAxis[] {
    const own = TRANSPORT_FIELDS[kind.transport];
    const hasField = (field: AxisField) => !ALL_TRANSPORT_FIELDS.includes(field) || own.includes(field);
    return AXIS_FIELDS.filter(hasField).map((field) => ({ field, axis: this.axis(field, kind) }));
  }

  /** What a rule takes of a sector; `null` for nothing. */
  boxOf(match: RuleMatch, kind: SectorKind, axes: readonly SectorAxis[]): Box | null {
    if (match.ipVersion !== null && match.ipVersion !== kind.version) return null;
    if (match.fragment !== null && match.fragment !== kind.isFragment) return null;
    if (kind.absent.some((field) => this.spansOf(match, field, kind) !== null)) return null;
    const box: Box[number][] = [];
    for (const { field, axis } of axes) {
      const spans = this.spansOf(match, field, kind);
      const ranges = spans === null ? axis.full : axis.rangesOf(spans);
      if (ranges === EMPTY) return null;
      box.push(ranges);
    }
    return box;
  }

  /** Of packets of either version nobody asks for an address. */
  private spansOf(match: RuleMatch, field: AxisField, { version }: SectorKind): readonly Span[] | null {
    return this.spans.spansOf(match, field, version ?? 4);
  }

  private axis(field: AxisField, kind: SectorKind): Axis {
    const domain = this.domainOf(field, kind);
    const key = [
      field,
      field === 'src' || field === 'dst' ? kind.version : '',
      ...domain.map(({ from, to }) => `${from}-${to}`),
    ].join(' ');
    let axis = this.made.get(key);
    if (axis === undefined) {
      const wanted = new Set(
        this.matches.flatMap((match) => {
          const spans = this.spansOf(match, field, kind);
          return spans === null ? [] : [spans];
        }),
      );
      axis = new Axis(domain, wanted);
      this.made.set(key, axis);
    }
    return axis;
  }

  private domainOf(field: AxisField, kind: SectorKind): readonly Span[] {
    switch (field) {
      case 'src':
      case 'dst':
        return [kind.version === 6 ? { from: 0n, to: 1n << 128n } : { from: 0, to: 2 ** 32 }];
      case 'srcPort':
      case 'dstPort':
        return [{ from: 0, to: 65_536 }];
      case 'protocol':
        return protocolDomain(kind);
      case 'icmpType':
      case 'tcpFlags':
        return [{ from: 0, to: 256 }];
      case 'dscp':
        return [{ from: 0, to: 64 }];
      case 'vlan':
        return [{ from: ABSENT, to: 4096 }];
      case 'inInterface':
        // The value behind the last one stands for every interface that no rule names.
        return [{ from: 0, to: this.interfaces.length + 1 }];
    }
  }
}

/** The parser walks past the extension headers of IPv6, but in a later fragment it sees the number alone. */
function protocolDomain({ version, isFragment, transport }: SectorKind): readonly Span[] {
  const able = TRANSPORT_PROTOCOLS[transport];
  const isWalked = (protocol: number) => version === 6 && isFragment === false && isExtension(protocol);
  const domain: Span[] = [];
  let from = -1;
  for (let protocol = 0; protocol <= PROTOCOLS_MAX; protocol++) {
    const isPossible =
      protocol < PROTOCOLS_MAX && (able === null || able.includes(protocol)) && !isWalked(protocol);
    if (isPossible && from === -1) from = protocol;
    if (!isPossible && from !== -1) {
      domain.push({ from, to: protocol });
      from = -1;
    }
  }
  return domain;
}
