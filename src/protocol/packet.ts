/** IP protocol numbers that the parser and the rules know by name (IANA, "Protocol Numbers"). */
export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_GRE = 47;
export const PROTOCOL_ESP = 50;
export const PROTOCOL_AH = 51;
export const PROTOCOL_ICMPV6 = 58;
export const PROTOCOL_SCTP = 132;

/** The parser's status for a packet with a whole IP header; any other status is an outcome slot. */
export const PARSED = -1;

/** A field that this packet does not have, or whose bytes were not captured. */
export const ABSENT = -1;

/**
 * What the parser found: one record a thread, overwritten by every packet. All fields are int32.
 *
 * Only `vlan`, `anomalies` and `interfaceIndex` are valid whatever the status; everything that comes from
 * the IP and transport headers only after `PARSED`, and then the second to fourth address words only for
 * IPv6: the rest is left over from earlier packets.
 */
export class Packet {
  /** 4 or 6. */
  ipVersion = 0;
  /** The IP protocol behind all extension headers that the walk passes. */
  protocol = 0;
  /** Addresses as signed 32-bit words, most significant first; IPv4 uses the first of each. */
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  /** TCP, UDP or SCTP ports; `ABSENT` in later fragments and where they were not captured. */
  srcPort = ABSENT;
  dstPort = ABSENT;
  /** The flag byte of a TCP header (RFC 9293, 3.1), or `ABSENT`. */
  tcpFlags = ABSENT;
  /** Type of an ICMP or ICMPv6 message, or `ABSENT`. */
  icmpType = ABSENT;
  /** Differentiated services code point, 0-63. */
  dscp = 0;
  /** 1 for every fragment, the first included; 0 for a whole packet, an atomic fragment included. */
  isFragment = 0;
  /** VLAN id of the outermost tag, or `ABSENT`. */
  vlan = ABSENT;
  /** Index of the interface that it came in by; set by the caller, for rules that name one. */
  interfaceIndex = 0;
  /** Bits of `anomalyBit`. */
  anomalies = 0;

  /** The parser's own: where the captured bytes end, and where the frame ended on the wire, in the view. */
  capturedEnd = 0;
  wireEnd = 0;
}
