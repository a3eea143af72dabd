/**
 * The oracle of `parseFrame`: the same answers, reached the plain way. It cuts the frame into pieces as
 * the RFCs draw them and asks of each piece whether it is there; nothing is an offset into the frame, and
 * every byte is fetched through a check. Slow on purpose, and it shares no code with what it judges.
 */

import { ANOMALY_KINDS, type AnomalyKind } from '../../src/counters/catalogue.js';
import type { Outcome, Reading } from './reading.js';

type Failure = Exclude<Outcome, 'parsed'>;
type IpFields = Omit<Reading, 'outcome' | 'anomalies' | 'vlan'>;
type TransportFields = Pick<Reading, 'srcPort' | 'dstPort' | 'tcpFlags' | 'icmpType'>;

/** What is noted on the way, whatever the outcome. */
interface Notes {
  readonly anomalies: Set<AnomalyKind>;
  vlan: number | null;
  isFragment: boolean;
}

/** `snapped`: the wire had these bytes, the capture has not. `never`: the wire cannot have had them. */
type Presence = 'captured' | 'snapped' | 'never';

/** A piece of a frame: the bytes of it that were captured, and how many the wire had. */
class Piece {
  constructor(
    readonly captured: Uint8Array,
    readonly wireBytes: number,
  ) {}

  presence(bytes: number): Presence {
    if (bytes > this.wireBytes) return 'never';
    return bytes > this.captured.length ? 'snapped' : 'captured';
  }

  u8(offset: number): number {
    const byte = this.captured.at(offset);
    if (offset < 0 || byte === undefined) throw new RangeError(`the reference parser read byte ${offset}`);
    return byte;
  }

  u16(offset: number): number {
    return this.u8(offset) * 256 + this.u8(offset + 1);
  }

  u32(offset: number): number {
    return this.u16(offset) * 65_536 + this.u16(offset + 2);
  }

  hex(offset: number, bytes: number): string {
    this.u8(offset + bytes - 1);
    return Buffer.from(this.captured.slice(offset, offset + bytes)).toString('hex');
  }

  /** What comes behind the first bytes, which are all captured. */
  after(bytes: number): Piece {
    this.u8(bytes - 1);
    return new Piece(this.captured.subarray(bytes), this.wireBytes - bytes);
  }

  /** The first bytes alone: what comes behind them is padding. */
  first(bytes: number): Piece {
    return new Piece(this.captured.subarray(0, bytes), bytes);
  }
}

const NO_IP: { readonly [field in keyof IpFields]: null } = {
  version: null,
  protocol: null,
  src: null,
  dst: null,
  dscp: null,
  isFragment: null,
  srcPort: null,
  dstPort: null,
  tcpFlags: null,
  icmpType: null,
};

/** Parses one frame. The wire cannot have had fewer bytes than were captured of it. */
export function referenceParse(captured: Uint8Array, wireBytes: number, linkType: number): Reading {
  const frame = new Piece(captured, Math.max(wireBytes, captured.length));
  const notes: Notes = { anomalies: new Set(), vlan: null, isFragment: false };
  const result = readLink(frame, linkType, notes);
  const anomalies = ANOMALY_KINDS.filter((kind) => notes.anomalies.has(kind));
  if (typeof result === 'string') return { outcome: result, anomalies, vlan: notes.vlan, ...NO_IP };
  return { outcome: 'parsed', anomalies, vlan: notes.vlan, ...result };
}

/** Link layers by their number at https://www.tcpdump.org/linktypes.html. */
function readLink(frame: Piece, linkType: number, notes: Notes): IpFields | Failure {
  const headerBytes = { 1: 14, 113: 16, 276: 20, 0: 4, 108: 4, 228: 0, 229: 0 }[linkType] ?? 1;
  const presence = frame.presence(headerBytes);
  if (presence === 'never') return 'ethernet_short';
  if (presence === 'snapped') return 'snapped';
  switch (linkType) {
    case 1:
      return readEtherType(frame.u16(12), frame.after(14), 0, notes);
    case 113:
      return readEtherType(frame.u16(14), frame.after(16), 0, notes);
    case 276:
      return readEtherType(frame.u16(0), frame.after(20), 0, notes);
    case 0:
    case 108:
      return readAddressFamily(frame, notes);
    case 228:
      return readIpv4(frame, notes);
    case 229:
      return readIpv6(frame, notes);
    default: {
      const version = frame.u8(0) >> 4;
      if (version === 4) return readIpv4(frame, notes);
      return version === 6 ? readIpv6(frame, notes) : 'other';
    }
  }
}

/** BSD loopback: AF_INET is 2 everywhere, AF_INET6 depends on the system, the byte order on the machine. */
function readAddressFamily(frame: Piece, notes: Notes): IpFields | Failure {
  const bigEndian = frame.u32(0);
  const littleEndian = frame.u8(0) + 256 * (frame.u8(1) + 256 * (frame.u8(2) + 256 * frame.u8(3)));
  const isFamily = (family: number) => bigEndian === family || littleEndian === family;
  if (isFamily(2)) return readIpv4(frame.after(4), notes);
  return [10, 24, 28, 30].some(isFamily) ? readIpv6(frame.after(4), notes) : 'other';
}

function readEtherType(type: number, content: Piece, tags: number, notes: Notes): IpFields | Failure {
  switch (type) {
    case 0x0800:
      return readIpv4(content, notes);
    case 0x86dd:
      return readIpv6(content, notes);
    case 0x0806:
      return 'arp';
    case 0x88cc:
      return 'lldp';
    case 0x8847:
    case 0x8848:
      return 'mpls';
    case 0x8863:
    case 0x8864:
      return 'pppoe';
    case 0x8100:
    case 0x88a8: {
      if (tags === 3) return 'vlan_depth';
      const presence = content.presence(4);
      if (presence === 'never') return 'ethernet_short';
      if (presence === 'snapped') return 'snapped';
      if (tags === 0) notes.vlan = content.u16(0) % 4096;
      return readEtherType(content.u16(2), content.after(4), tags + 1, notes);
    }
    default:
      return type <= 1500 ? 'llc' : 'other';
  }
}

/** RFC 791, 3.1. */
function readIpv4(packet: Piece, notes: Notes): IpFields | Failure {
  if (packet.presence(1) === 'captured' && packet.u8(0) >> 4 !== 4) return 'ipv4_version';
  if (packet.presence(20) === 'never') return 'ipv4_truncated';
  if (packet.presence(20) === 'snapped') return 'snapped';
  const headerBytes = (packet.u8(0) % 16) * 4;
  if (headerBytes < 20) return 'ipv4_header_length';
  const isLengthUnknown = packet.u16(2) === 0;
  const totalBytes = isLengthUnknown ? packet.wireBytes : packet.u16(2);
  if (!isLengthUnknown && totalBytes < headerBytes) return 'ipv4_total_length';
  if (totalBytes > packet.wireBytes) return 'ipv4_truncated';
  if (packet.presence(headerBytes) === 'never') return 'ipv4_truncated';
  if (packet.presence(headerBytes) === 'snapped') return 'snapped';

  const moreFragments = (packet.u8(6) & 0x20) !== 0;
  const fragmentOffset = packet.u16(6) % 8192;
  if (moreFragments || fragmentOffset > 0) noteFragment(notes);
  const protocol = packet.u8(9);
  const payload = packet.first(totalBytes).after(headerBytes);
  return {
    version: 4,
    protocol,
    src: packet.hex(12, 4),
    dst: packet.hex(16, 4),
    dscp: packet.u8(1) >> 2,
    isFragment: notes.isFragment,
    ...(fragmentOffset > 0 ? NO_TRANSPORT : readTransport(protocol, payload, isLengthUnknown, notes)),
  };
}

/** RFC 8200, 3. */
function readIpv6(packet: Piece, notes: Notes): IpFields | Failure {
  if (packet.presence(1) === 'captured' && packet.u8(0) >> 4 !== 6) return 'ipv6_version';
  if (packet.presence(40) === 'never') return 'ipv6_payload_length';
  if (packet.presence(40) === 'snapped') return 'snapped';
  const isLengthUnknown = packet.u16(4) === 0;
  const payloadBytes = isLengthUnknown ? packet.wireBytes - 40 : packet.u16(4);
  if (40 + payloadBytes > packet.wireBytes) return 'ipv6_payload_length';

  const payload = packet.after(40).first(payloadBytes);
  const chain = readChain(packet.u8(6), payload, 0, notes);
  if (typeof chain === 'string') return chain;
  return {
    version: 6,
    protocol: chain.protocol,
    src: packet.hex(8, 16),
    dst: packet.hex(24, 16),
    dscp: (packet.u16(0) >> 6) % 64,
    isFragment: notes.isFragment,
    ...(chain.payload === null
      ? NO_TRANSPORT
      : readTransport(chain.protocol, chain.payload, isLengthUnknown, notes)),
  };
}

interface ChainEnd {
  readonly protocol: number;
  /** `null` in a later fragment. */
  readonly payload: Piece | null;
}

/** RFC 8200, 4, with the extension headers of the IANA registry but AH and ESP, which end the chain. */
function readChain(next: number, rest: Piece, passed: number, notes: Notes): ChainEnd | Failure {
  const isFragmentHeader = next === 44;
  if (!isFragmentHeader && ![0, 43, 60, 135, 139, 140].includes(next))
    return { protocol: next, payload: rest };
  if (passed === 16) return 'ipv6_extensions';
  if (rest.presence(8) === 'never') return isFragmentHeader ? 'ipv6_fragment' : 'ipv6_extensions';
  if (rest.presence(8) === 'snapped') return 'snapped';
  if (isFragmentHeader) {
    const fragmentOffset = rest.u16(2) >> 3;
    const moreFragments = rest.u16(2) % 2 === 1;
    if (moreFragments || fragmentOffset > 0) noteFragment(notes);
    if (fragmentOffset > 0) return { protocol: rest.u8(0), payload: null };
    return readChain(rest.u8(0), rest.after(8), passed + 1, notes);
  }
  const headerBytes = 8 + rest.u8(1) * 8;
  if (rest.presence(headerBytes) === 'never') return 'ipv6_extensions';
  if (rest.presence(headerBytes) === 'snapped') return 'snapped';
  return readChain(rest.u8(0), rest.after(headerBytes), passed + 1, notes);
}

const NO_TRANSPORT: TransportFields = { srcPort: null, dstPort: null, tcpFlags: null, icmpType: null };

/** Fixed header lengths by protocol: RFC 792, 9293, 768, 4443, 9260. */
const FIXED_BYTES = new Map([
  [1, 8],
  [6, 20],
  [17, 8],
  [58, 4],
  [132, 12],
]);

function readTransport(
  protocol: number,
  segment: Piece,
  isLengthUnknown: boolean,
  notes: Notes,
): TransportFields {
  const fixedBytes = FIXED_BYTES.get(protocol);
  if (fixedBytes === undefined) return NO_TRANSPORT;
  const has = (bytes: number) => segment.presence(bytes) === 'captured';
  if (segment.presence(fixedBytes) === 'never') notes.anomalies.add('l4_truncated');
  if (segment.presence(fixedBytes) === 'snapped') notes.anomalies.add('l4_snapped');

  const isIcmp = protocol === 1 || protocol === 58;
  if (isIcmp) return { ...NO_TRANSPORT, icmpType: has(1) ? segment.u8(0) : null };

  // A length that a first fragment's header gives is the whole datagram's, so it may point past the end.
  const exceeds = (bytes: number) => !notes.isFragment && bytes > segment.wireBytes;
  if (protocol === 6 && has(13)) {
    const headerBytes = (segment.u8(12) >> 4) * 4;
    if (headerBytes < 20 || exceeds(headerBytes)) notes.anomalies.add('tcp_offset');
  }
  if (protocol === 17 && has(6)) {
    const udpBytes = segment.u16(4);
    const isOffloaded = isLengthUnknown && udpBytes === 0;
    if (!isOffloaded && (udpBytes < 8 || exceeds(udpBytes))) notes.anomalies.add('udp_length');
  }
  return {
    srcPort: has(4) ? segment.u16(0) : null,
    dstPort: has(4) ? segment.u16(2) : null,
    tcpFlags: protocol === 6 && has(14) ? segment.u8(13) : null,
    icmpType: null,
  };
}

function noteFragment(notes: Notes): void {
  notes.isFragment = true;
  notes.anomalies.add('fragment');
}
