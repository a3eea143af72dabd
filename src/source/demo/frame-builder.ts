/**
 * Frames as bytes, from the inside out, with valid lengths and checksums. Used while the demo traffic is
 * prepared, never per packet, so every step simply makes a new array.
 */
import { internetChecksum } from './checksum.js';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_IPV6 = 0x86dd;
export const ETHERTYPE_QINQ = 0x88a8;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMPV6 = 58;
const NEXT_HEADER_FRAGMENT = 44;

/** Without the frame check sequence, which neither a kernel nor a capture file shows. */
const FRAME_BYTES_MIN = 60;
export const FRAME_BYTES_MAX = 1514;
const ETHERNET_BYTES = 14;
const VLAN_TAG_BYTES = 4;

export interface Endpoint {
  /** Six bytes. */
  readonly mac: Uint8Array;
  /** Four bytes or sixteen: its length is the IP version. */
  readonly address: Uint8Array;
  /** 0 where the protocol has no ports. */
  readonly port: number;
}

/** One direction of a flow: all that its frames have in common. */
export interface Path {
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** VLAN ids from the outermost tag; none, one (802.1Q) or two (QinQ, 802.1ad outside). */
  readonly vlanIds: readonly number[];
  /** 0-63. */
  readonly dscp: number;
  /** IPv4 time to live or IPv6 hop limit, 0-255. */
  readonly hopLimit: number;
}

export interface TcpSegment {
  readonly sequence: number;
  readonly acknowledgment: number;
  /** The flag byte of the header. */
  readonly flags: number;
  /** A multiple of four bytes. */
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
}

export const NO_BYTES = new Uint8Array(0);

/** A 16-bit field in network order. */
export function field16(value: number): readonly number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

/** A 32-bit field in network order. */
export function field32(value: number): readonly number[] {
  return [...field16(value >>> 16), ...field16(value)];
}

/** Puts header fields and payloads behind one another. */
export function join(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** A copy in which the bytes from `offset` on are replaced. */
export function patched(bytes: Uint8Array, offset: number, replacement: ArrayLike<number>): Uint8Array {
  const copy = bytes.slice();
  copy.set(replacement, offset);
  return copy;
}

export function isIpv6(path: Path): boolean {
  return path.from.address.length === 16;
}

/** The largest IP payload that fits into one frame on this path, in bytes. */
export function ipPayloadBytesMax(path: Path): number {
  return FRAME_BYTES_MAX - ETHERNET_BYTES - VLAN_TAG_BYTES * path.vlanIds.length - (isIpv6(path) ? 40 : 20);
}

/** An Ethernet II frame, tagged as the path says and padded to 60 bytes. */
export function ethernetFrame(path: Path, etherType: number, payload: Uint8Array): Uint8Array {
  const tags = path.vlanIds.flatMap((vlanId, depth) => {
    const isOuterOfTwo = depth === 0 && path.vlanIds.length > 1;
    return [...field16(isOuterOfTwo ? ETHERTYPE_QINQ : ETHERTYPE_VLAN), ...field16(vlanId)];
  });
  const frame = join(path.to.mac, path.from.mac, tags, field16(etherType), payload);
  return frame.length < FRAME_BYTES_MIN ? join(frame, new Uint8Array(FRAME_BYTES_MIN - frame.length)) : frame;
}

/** An IPv4 or IPv6 packet (RFC 791, RFC 8200) in a frame. */
export function ipFrame(path: Path, protocol: number, payload: Uint8Array): Uint8Array {
  return isIpv6(path)
    ? ethernetFrame(path, ETHERTYPE_IPV6, ipv6Packet(path, protocol, payload))
    : ethernetFrame(path, ETHERTYPE_IPV4, ipv4Packet(path, protocol, payload));
}

const IPV4_DONT_FRAGMENT = 0x4000;
const IPV4_MORE_FRAGMENTS = 0x2000;

/**
 * An IPv4 packet without options.
 *
 * @param identification 0 is right for a packet that is no fragment (RFC 6864).
 * @param fragmentField flags and fragment offset, as they stand in the header.
 */
export function ipv4Packet(
  path: Path,
  protocol: number,
  payload: Uint8Array,
  identification = 0,
  fragmentField = IPV4_DONT_FRAGMENT,
): Uint8Array {
  const header = join(
    [0x45, path.dscp << 2],
    field16(20 + payload.length),
    field16(identification),
    field16(fragmentField),
    [path.hopLimit, protocol, 0, 0],
    path.from.address,
    path.to.address,
  );
  return join(patched(header, 10, field16(internetChecksum(header))), payload);
}

/** An IPv6 packet; extension headers, if any, are part of the payload. */
function ipv6Packet(path: Path, nextHeader: number, payload: Uint8Array): Uint8Array {
  return join(
    field32(0x6000_0000 + (path.dscp << 22)),
    field16(payload.length),
    [nextHeader, path.hopLimit],
    path.from.address,
    path.to.address,
    payload,
  );
}

/**
 * The frames of one IP datagram cut into fragments, in order; a single whole frame if it fits.
 *
 * @param fragmentBytes payload of every fragment but the last, a multiple of 8.
 * @param identification what the fragments have in common, 16 bits.
 */
export function fragmentFrames(
  path: Path,
  protocol: number,
  payload: Uint8Array,
  fragmentBytes: number,
  identification: number,
): Uint8Array[] {
  if (payload.length <= fragmentBytes) return [ipFrame(path, protocol, payload)];
  const frames: Uint8Array[] = [];
  for (let offset = 0; offset < payload.length; offset += fragmentBytes) {
    const piece = payload.slice(offset, offset + fragmentBytes);
    const isLast = offset + fragmentBytes >= payload.length;
    if (isIpv6(path)) {
      const fragmentHeader = [protocol, 0, ...field16(offset | (isLast ? 0 : 1)), ...field32(identification)];
      frames.push(ipFrame(path, NEXT_HEADER_FRAGMENT, join(fragmentHeader, piece)));
    } else {
      const fragmentField = (offset >>> 3) | (isLast ? 0 : IPV4_MORE_FRAGMENTS);
      const packet = ipv4Packet(path, protocol, piece, identification, fragmentField);
      frames.push(ethernetFrame(path, ETHERTYPE_IPV4, packet));
    }
  }
  return frames;
}

/** The checksum of a TCP, UDP or ICMPv6 message under its pseudo-header (RFC 9293, RFC 8200 section 8.1). */
function transportChecksum(path: Path, protocol: number, message: Uint8Array): number {
  // The IPv4 pseudo-header is laid out differently, but its sum over the same fields is the same.
  const pseudoHeader = [...field32(message.length), ...field32(protocol)];
  return internetChecksum(join(path.from.address, path.to.address, pseudoHeader, message));
}

/** A TCP segment in a frame (RFC 9293). */
export function tcpFrame(path: Path, segment: TcpSegment): Uint8Array {
  const message = join(
    field16(path.from.port),
    field16(path.to.port),
    field32(segment.sequence),
    field32(segment.acknowledgment),
    [(5 + segment.options.length / 4) << 4, segment.flags],
    field16(64_240),
    [0, 0, 0, 0],
    segment.options,
    segment.payload,
  );
  const checksum = field16(transportChecksum(path, PROTOCOL_TCP, message));
  return ipFrame(path, PROTOCOL_TCP, patched(message, 16, checksum));
}

/** A UDP datagram without its IP header (RFC 768). */
export function udpDatagram(path: Path, payload: Uint8Array): Uint8Array {
  const ports = [...field16(path.from.port), ...field16(path.to.port)];
  const message = join(ports, field16(8 + payload.length), [0, 0], payload);
  // Zero means "no checksum", so a sum of zero is sent as its other form.
  const checksum = transportChecksum(path, PROTOCOL_UDP, message) || 0xffff;
  return patched(message, 6, field16(checksum));
}

/** A UDP datagram in a frame. */
export function udpFrame(path: Path, payload: Uint8Array): Uint8Array {
  return ipFrame(path, PROTOCOL_UDP, udpDatagram(path, payload));
}

/**
 * An ICMP (RFC 792) or ICMPv6 (RFC 4443) message in a frame, whichever the path's IP version asks for.
 *
 * @param body what follows type, code and checksum.
 */
export function icmpFrame(path: Path, type: number, body: Uint8Array): Uint8Array {
  const message = join([type, 0, 0, 0], body);
  if (isIpv6(path)) {
    const checksum = field16(transportChecksum(path, PROTOCOL_ICMPV6, message));
    return ipFrame(path, PROTOCOL_ICMPV6, patched(message, 2, checksum));
  }
  return ipFrame(path, PROTOCOL_ICMP, patched(message, 2, field16(internetChecksum(message))));
}
