import { anomalyBit, malformedSlot, unclassifiedSlot } from '../counters/catalogue.js';
import type { Packet } from './packet.js';
import * as packetModule from './packet.js';
import * as transport from './transport.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { PARSED } = packetModule;
const { clearTransport, parseTransport } = transport;

const VERSION = malformedSlot('ipv6_version');
const PAYLOAD_LENGTH = malformedSlot('ipv6_payload_length');
const EXTENSIONS = malformedSlot('ipv6_extensions');
const FRAGMENT_HEADER = malformedSlot('ipv6_fragment');
const SNAPPED = unclassifiedSlot('snapped');
const FRAGMENT = anomalyBit('fragment');

const IPV6_BYTES = 40;
/** Extension headers that the walk passes, of all kinds together. */
const EXTENSIONS_MAX = 16;
/** Every extension header has at least 8 bytes, and the fragment header exactly 8 (RFC 8200, 4). */
const EXTENSION_UNIT_BYTES = 8;

/** Extension headers with a next-header byte and a length byte in front (IANA, RFC 7045 section 4). */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT_EXTENSION = 44;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;

/** The IPv6 header (RFC 8200, 3) and what it carries. Status as of `parseFrame`. */
export function parseIpv6(view: DataView, at: number, packet: Packet): number {
  const { capturedEnd, wireEnd } = packet;
  if (at + IPV6_BYTES > capturedEnd) return judgeShortHeader(view, at, packet);
  const firstWord = view.getUint16(at);
  if (firstWord >> 12 !== 6) return VERSION;
  const payloadBytes = view.getUint16(at + 4);
  // Jumbograms (RFC 2675) and segmentation offload leave 0: the frame's own length counts.
  const ipEnd = payloadBytes === 0 ? wireEnd : at + IPV6_BYTES + payloadBytes;
  if (ipEnd > wireEnd) return PAYLOAD_LENGTH;

  packet.ipVersion = 6;
  packet.dscp = (firstWord >> 6) & 0x3f;
  packet.src0 = view.getInt32(at + 8);
  packet.src1 = view.getInt32(at + 12);
  packet.src2 = view.getInt32(at + 16);
  packet.src3 = view.getInt32(at + 20);
  packet.dst0 = view.getInt32(at + 24);
  packet.dst1 = view.getInt32(at + 28);
  packet.dst2 = view.getInt32(at + 32);
  packet.dst3 = view.getInt32(at + 36);
  packet.isFragment = 0;
  return walkExtensions(view, view.getUint8(at + 6), at + IPV6_BYTES, ipEnd, payloadBytes === 0, packet);
}

/** Fewer than 40 bytes: the version may still give the frame away, otherwise the wire decides. */
function judgeShortHeader(view: DataView, at: number, packet: Packet): number {
  if (at < packet.capturedEnd && view.getUint8(at) >> 4 !== 6) return VERSION;
  return at + IPV6_BYTES > packet.wireEnd ? PAYLOAD_LENGTH : SNAPPED;
}

/**
 * Follows the chain of extension headers to the transport header. AH and ESP end it: what follows is
 * authenticated or encrypted, and IPv4 does not look behind them either.
 *
 * @param next the first next-header value.
 * @param at the header that it announces.
 * @param ipEnd where the packet ends by its own account.
 * @param lengthUnknown true when that account was 0.
 */
function walkExtensions(
  view: DataView,
  next: number,
  at: number,
  ipEnd: number,
  lengthUnknown: boolean,
  packet: Packet,
): number {
  for (let passed = 0; isExtension(next); passed++) {
    if (passed === EXTENSIONS_MAX) return EXTENSIONS;
    if (at + EXTENSION_UNIT_BYTES > ipEnd) return next === FRAGMENT_EXTENSION ? FRAGMENT_HEADER : EXTENSIONS;
    if (at + EXTENSION_UNIT_BYTES > packet.capturedEnd) return SNAPPED;
    if (next === FRAGMENT_EXTENSION) {
      const offsetAndMore = view.getUint16(at + 2);
      next = view.getUint8(at);
      at += EXTENSION_UNIT_BYTES;
      const isLater = offsetAndMore >> 3 !== 0;
      // Offset 0 and no more to come is an atomic fragment: a whole packet (RFC 6946).
      if (!isLater && (offsetAndMore & 1) === 0) continue;
      packet.isFragment = 1;
      packet.anomalies |= FRAGMENT;
      if (isLater) {
        packet.protocol = next;
        clearTransport(packet);
        return PARSED;
      }
      continue;
    }
    const extensionBytes = (view.getUint8(at + 1) + 1) * EXTENSION_UNIT_BYTES;
    if (at + extensionBytes > ipEnd) return EXTENSIONS;
    if (at + extensionBytes > packet.capturedEnd) return SNAPPED;
    next = view.getUint8(at);
    at += extensionBytes;
  }
  packet.protocol = next;
  parseTransport(view, at, ipEnd, lengthUnknown, packet);
  return PARSED;
}

/** Whether the walk passes a header of this number. */
export function isExtension(protocol: number): boolean {
  switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT_EXTENSION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HOST_IDENTITY:
    case SHIM6:
      return true;
    default:
      return false;
  }
}
