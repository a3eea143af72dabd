import { malformedSlot, unclassifiedSlot } from '../counters/catalogue.js';
import * as ethernet from './ethernet.js';
import * as fastPath from './fast-path.js';
import * as ipv4 from './ipv4.js';
import * as ipv6 from './ipv6.js';
import * as linkTypeModule from './link-type.js';
import type { Packet } from './packet.js';
import * as packetModule from './packet.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { LINK_ETHERNET, LINK_IPV4, LINK_IPV6, LINK_LINUX_SLL, LINK_LINUX_SLL2, LINK_LOOP, LINK_NULL } =
  linkTypeModule;
const { ABSENT, PARSED } = packetModule;
const { parseCommonFrame } = fastPath;
const { parseEthernet, parseEtherType } = ethernet;
const { parseIpv4 } = ipv4;
const { parseIpv6 } = ipv6;

const SHORT = malformedSlot('ethernet_short');
const SNAPPED = unclassifiedSlot('snapped');
const OTHER = unclassifiedSlot('other');

/** Header lengths and protocol fields of the Linux cooked formats: linktypes LINUX_SLL, LINUX_SLL2. */
const SLL_BYTES = 16;
const SLL_PROTOCOL = 14;
const SLL2_BYTES = 20;
const SLL2_PROTOCOL = 0;
const NULL_BYTES = 4;

/** Address families as the systems number them that write null/loopback captures. */
const AF_INET = 2;
const AF_INET6_LINUX = 10;
const AF_INET6_NETBSD = 24;
const AF_INET6_FREEBSD = 28;
const AF_INET6_DARWIN = 30;

/**
 * Reads the headers of one frame into the record. Never looks past `capturedBytes`, never throws,
 * allocates nothing. A header that is missing although the wire had it is `snapped`; one that the wire
 * cannot have had is a lie, and has a reason among the malformed.
 *
 * @param view the memory that the frame lies in.
 * @param byteOffset where the frame begins in it.
 * @param capturedBytes bytes present there, from 0.
 * @param wireBytes the frame's length on the wire; a smaller number than `capturedBytes` is ignored.
 * @param linkType one of link-type.ts.
 * @returns `PARSED`, or the outcome slot (counters/catalogue.ts) that the frame belongs to.
 */
export function parseFrame(
  view: DataView,
  byteOffset: number,
  capturedBytes: number,
  wireBytes: number,
  linkType: number,
  packet: Packet,
): number {
  const onWireBytes = Math.max(wireBytes, capturedBytes);
  if (linkType === LINK_ETHERNET && parseCommonFrame(view, byteOffset, capturedBytes, onWireBytes, packet)) {
    return PARSED;
  }
  return parseAnyFrame(view, byteOffset, capturedBytes, onWireBytes, linkType, packet);
}

/** `parseFrame` without its fast path: whatever the frame is. Also what the fast path is tested against. */
export function parseAnyFrame(
  view: DataView,
  byteOffset: number,
  capturedBytes: number,
  wireBytes: number,
  linkType: number,
  packet: Packet,
): number {
  packet.capturedEnd = byteOffset + capturedBytes;
  packet.wireEnd = byteOffset + wireBytes;
  packet.anomalies = 0;
  packet.vlan = ABSENT;
  if (linkType === LINK_ETHERNET) return parseEthernet(view, byteOffset, packet);
  return parseOtherLink(view, byteOffset, linkType, packet);
}

function parseOtherLink(view: DataView, at: number, linkType: number, packet: Packet): number {
  switch (linkType) {
    case LINK_IPV4:
      return parseIpv4(view, at, packet);
    case LINK_IPV6:
      return parseIpv6(view, at, packet);
    case LINK_LINUX_SLL:
      if (at + SLL_BYTES > packet.capturedEnd) return at + SLL_BYTES > packet.wireEnd ? SHORT : SNAPPED;
      return parseEtherType(view, view.getUint16(at + SLL_PROTOCOL), at + SLL_BYTES, packet);
    case LINK_LINUX_SLL2:
      if (at + SLL2_BYTES > packet.capturedEnd) return at + SLL2_BYTES > packet.wireEnd ? SHORT : SNAPPED;
      return parseEtherType(view, view.getUint16(at + SLL2_PROTOCOL), at + SLL2_BYTES, packet);
    case LINK_NULL:
    case LINK_LOOP:
      if (at + NULL_BYTES > packet.capturedEnd) return at + NULL_BYTES > packet.wireEnd ? SHORT : SNAPPED;
      return parseFamily(view, addressFamily(view, at), at + NULL_BYTES, packet);
    default:
      return parseByVersion(view, at, packet);
  }
}

/** The family is in the byte order of the machine that captured: the small number is the right one. */
function addressFamily(view: DataView, at: number): number {
  const family = view.getUint32(at);
  return family > 0xffff ? view.getUint32(at, true) : family;
}

function parseFamily(view: DataView, family: number, at: number, packet: Packet): number {
  switch (family) {
    case AF_INET:
      return parseIpv4(view, at, packet);
    case AF_INET6_LINUX:
    case AF_INET6_NETBSD:
    case AF_INET6_FREEBSD:
    case AF_INET6_DARWIN:
      return parseIpv6(view, at, packet);
    default:
      return OTHER;
  }
}

/** Raw IP: the first four bits say which; there is no other header that could be contradicted. */
function parseByVersion(view: DataView, at: number, packet: Packet): number {
  if (at >= packet.capturedEnd) return at >= packet.wireEnd ? SHORT : SNAPPED;
  switch (view.getUint8(at) >> 4) {
    case 4:
      return parseIpv4(view, at, packet);
    case 6:
      return parseIpv6(view, at, packet);
    default:
      return OTHER;
  }
}
