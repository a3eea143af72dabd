import type { Packet } from './packet.js';
import * as packetModule from './packet.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { ABSENT, PROTOCOL_TCP, PROTOCOL_UDP } = packetModule;

/** Offsets in an Ethernet frame whose IPv4 header (RFC 791, 3.1) has no options. */
const TYPE_OFFSET = 12;
const IPV4_OFFSET = 14;
const LENGTH_OFFSET = 16;
const FRAGMENT_OFFSET = 20;
const SRC_OFFSET = 26;
const DST_OFFSET = 30;
const L4_OFFSET = 34;
const IPV4_BYTES = 20;
const TCP_BYTES = 20;
const UDP_BYTES = 8;
/** EtherType IPv4, then version 4 with a header of five words; the byte behind them is DSCP and ECN. */
const IPV4_WITHOUT_OPTIONS = 0x0800_4500;
const MORE_OR_OFFSET = 0x3fff;

/**
 * Reads the one kind of frame that most frames are: Ethernet, IPv4 without options, not a fragment, with
 * a whole TCP or UDP header and nothing odd about it. It gives up at the first thing that is not so, and
 * the parser starts afresh; what it does accept, it fills in as the parser would have done.
 *
 * Worth a second way to read the same bytes because every read here has a constant offset and each length
 * is compared once, where the parser asks at every header how far it may go: `bench -- parse` takes 15%
 * less time with it.
 *
 * @param at where the frame begins in the view.
 * @returns whether the record now holds the packet; if not, its fields mean nothing.
 */
export function parseCommonFrame(
  view: DataView,
  at: number,
  capturedBytes: number,
  wireBytes: number,
  packet: Packet,
): boolean {
  if (capturedBytes < L4_OFFSET + UDP_BYTES) return false;
  const typeToDscp = view.getInt32(at + TYPE_OFFSET);
  if ((typeToDscp & 0xffff_ff00) !== IPV4_WITHOUT_OPTIONS) return false;
  const totalBytes = view.getUint16(at + LENGTH_OFFSET);
  if (IPV4_OFFSET + totalBytes > wireBytes) return false;
  const fragmentToProtocol = view.getInt32(at + FRAGMENT_OFFSET);
  if (((fragmentToProtocol >>> 16) & MORE_OR_OFFSET) !== 0) return false;
  const protocol = fragmentToProtocol & 0xff;
  const l4Bytes = totalBytes - IPV4_BYTES;
  let tcpFlags = ABSENT;
  if (protocol === PROTOCOL_TCP) {
    if (l4Bytes < TCP_BYTES || capturedBytes < L4_OFFSET + TCP_BYTES) return false;
    const offsetAndFlags = view.getUint16(at + L4_OFFSET + 12);
    const headerBytes = (offsetAndFlags >> 12) << 2;
    if (headerBytes < TCP_BYTES || headerBytes > l4Bytes) return false;
    tcpFlags = offsetAndFlags & 0xff;
  } else if (protocol === PROTOCOL_UDP) {
    const udpBytes = view.getUint16(at + L4_OFFSET + 4);
    if (udpBytes < UDP_BYTES || udpBytes > l4Bytes) return false;
  } else {
    return false;
  }
  const ports = view.getInt32(at + L4_OFFSET);
  packet.ipVersion = 4;
  packet.protocol = protocol;
  packet.src0 = view.getInt32(at + SRC_OFFSET);
  packet.dst0 = view.getInt32(at + DST_OFFSET);
  packet.srcPort = ports >>> 16;
  packet.dstPort = ports & 0xffff;
  packet.tcpFlags = tcpFlags;
  packet.icmpType = ABSENT;
  packet.dscp = (typeToDscp >>> 2) & 0x3f;
  packet.isFragment = 0;
  packet.vlan = ABSENT;
  packet.anomalies = 0;
  return true;
}
