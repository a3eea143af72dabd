import { anomalyBit } from '../counters/catalogue.js';
import type { Packet } from './packet.js';
import * as packetModule from './packet.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { ABSENT, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_SCTP, PROTOCOL_TCP, PROTOCOL_UDP } = packetModule;

const SNAPPED = anomalyBit('l4_snapped');
const TRUNCATED = anomalyBit('l4_truncated');
const TCP_OFFSET = anomalyBit('tcp_offset');
const UDP_LENGTH = anomalyBit('udp_length');

/** Fixed header lengths: RFC 9293, 768, 9260, 792 and 4443. */
const TCP_BYTES = 20;
const UDP_BYTES = 8;
const SCTP_BYTES = 12;
const ICMP_BYTES = 8;
const ICMPV6_BYTES = 4;
/** Both ports, first in TCP, UDP and SCTP alike. */
const PORTS_BYTES = 4;

/** A packet without a transport header of its own: a later fragment, or a protocol we do not read. */
export function clearTransport(packet: Packet): void {
  packet.srcPort = ABSENT;
  packet.dstPort = ABSENT;
  packet.tcpFlags = ABSENT;
  packet.icmpType = ABSENT;
}

/**
 * Reads what rules ask of the transport header, field by field as far as it was captured, and notes
 * what is odd about it. Whatever is wrong here, the packet itself can be judged: nothing is malformed.
 *
 * @param at where the header begins: an offset in the view.
 * @param ipEnd where the packet ends by the account of its IP header.
 * @param lengthUnknown true when that header gave no length (segmentation offload).
 */
export function parseTransport(
  view: DataView,
  at: number,
  ipEnd: number,
  lengthUnknown: boolean,
  packet: Packet,
): void {
  clearTransport(packet);
  const end = Math.min(ipEnd, packet.capturedEnd);
  switch (packet.protocol) {
    case PROTOCOL_TCP: {
      if (at + TCP_BYTES > end) {
        parseCutTcp(view, at, end, ipEnd, packet);
        return;
      }
      readPorts(view, at, end, packet);
      const offsetAndFlags = view.getUint16(at + 12);
      checkTcpOffset((offsetAndFlags >> 12) << 2, at, ipEnd, packet);
      packet.tcpFlags = offsetAndFlags & 0xff;
      return;
    }
    case PROTOCOL_UDP:
      if (at + UDP_BYTES > end) noteShortHeader(at + UDP_BYTES, ipEnd, packet);
      readPorts(view, at, end, packet);
      if (at + 6 <= end) checkUdpLength(view.getUint16(at + 4), at, ipEnd, lengthUnknown, packet);
      return;
    case PROTOCOL_SCTP:
      if (at + SCTP_BYTES > end) noteShortHeader(at + SCTP_BYTES, ipEnd, packet);
      readPorts(view, at, end, packet);
      return;
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6: {
      const headerEnd = at + (packet.protocol === PROTOCOL_ICMP ? ICMP_BYTES : ICMPV6_BYTES);
      if (headerEnd > end) noteShortHeader(headerEnd, ipEnd, packet);
      if (at < end) packet.icmpType = view.getUint8(at);
      return;
    }
  }
}

/** A TCP header that is not all there: whatever of it is. */
function parseCutTcp(view: DataView, at: number, end: number, ipEnd: number, packet: Packet): void {
  noteShortHeader(at + TCP_BYTES, ipEnd, packet);
  readPorts(view, at, end, packet);
  if (at + 13 <= end) checkTcpOffset((view.getUint8(at + 12) >> 4) << 2, at, ipEnd, packet);
  if (at + 14 <= end) packet.tcpFlags = view.getUint8(at + 13);
}

function readPorts(view: DataView, at: number, end: number, packet: Packet): void {
  if (at + PORTS_BYTES > end) return;
  const ports = view.getInt32(at);
  packet.srcPort = ports >>> 16;
  packet.dstPort = ports & 0xffff;
}

/** The packet ended before its transport header did, or else the capture did. */
function noteShortHeader(headerEnd: number, ipEnd: number, packet: Packet): void {
  packet.anomalies |= headerEnd > ipEnd ? TRUNCATED : SNAPPED;
}

/** A first fragment may end before its header does; in a whole packet that is a lie. */
function checkTcpOffset(headerBytes: number, at: number, ipEnd: number, packet: Packet): void {
  if (headerBytes < TCP_BYTES || (packet.isFragment === 0 && at + headerBytes > ipEnd)) {
    packet.anomalies |= TCP_OFFSET;
  }
}

/** Length 0 is what offload and jumbograms (RFC 2675, 4) write; a first fragment holds only a part. */
function checkUdpLength(
  udpBytes: number,
  at: number,
  ipEnd: number,
  lengthUnknown: boolean,
  packet: Packet,
): void {
  if (udpBytes === 0 && lengthUnknown) return;
  if (udpBytes < UDP_BYTES || (packet.isFragment === 0 && at + udpBytes > ipEnd)) {
    packet.anomalies |= UDP_LENGTH;
  }
}
