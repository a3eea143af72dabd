import { ABSENT, type Packet } from '../../protocol/packet.js';

/** A field of which nothing is known: neither what the packet has there, nor whether it has anything. */
export const UNKNOWN = -2;

/** What is known of a packet that is asked about: all of it, when it has been parsed; of a 5-tuple, some fields. */
export interface KnownPacket {
  /** 4, 6 or `UNKNOWN`. */
  readonly ipVersion: number;
  /** The protocols that it can have, ascending; `null`: any. */
  readonly protocols: readonly number[] | null;
  /** Signed 32-bit words, one for IPv4, four for IPv6; `null` where the address is not known. */
  readonly src: readonly number[] | null;
  readonly dst: readonly number[] | null;
  /** From here on: the value, as in a `Packet`, or `ABSENT`, or `UNKNOWN`. */
  readonly srcPort: number;
  readonly dstPort: number;
  readonly tcpFlags: number;
  readonly icmpType: number;
  readonly dscp: number;
  /** 1, 0 or `UNKNOWN`. */
  readonly isFragment: number;
  readonly vlan: number;
  /** Position among the interfaces' labels; `ABSENT`: one that is not among them. */
  readonly interfaceIndex: number;
}

/** A packet that has been parsed: there is nothing about it that is not known. */
export function knownPacketOf(packet: Packet): KnownPacket {
  const { ipVersion, src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = packet;
  return {
    ipVersion,
    protocols: [packet.protocol],
    src: ipVersion === 4 ? [src0] : [src0, src1, src2, src3],
    dst: ipVersion === 4 ? [dst0] : [dst0, dst1, dst2, dst3],
    srcPort: packet.srcPort,
    dstPort: packet.dstPort,
    tcpFlags: packet.tcpFlags,
    icmpType: packet.icmpType,
    dscp: packet.dscp,
    isFragment: packet.isFragment,
    vlan: packet.vlan,
    interfaceIndex: packet.interfaceIndex,
  };
}

/** A fragment that the parser has found no transport header in. */
export function isLaterFragment({ isFragment, srcPort, tcpFlags, icmpType }: KnownPacket): boolean {
  return isFragment === 1 && srcPort === ABSENT && tcpFlags === ABSENT && icmpType === ABSENT;
}
