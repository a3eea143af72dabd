import { anomalyBit, malformedSlot, unclassifiedSlot } from '../counters/catalogue.js';
import type { Packet } from './packet.js';
import * as packetModule from './packet.js';
import * as transport from './transport.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { PARSED } = packetModule;
const { clearTransport, parseTransport } = transport;

const VERSION = malformedSlot('ipv4_version');
const HEADER_LENGTH = malformedSlot('ipv4_header_length');
const TOTAL_LENGTH = malformedSlot('ipv4_total_length');
const TRUNCATED = malformedSlot('ipv4_truncated');
const SNAPPED = unclassifiedSlot('snapped');
const FRAGMENT = anomalyBit('fragment');

const IPV4_BYTES = 20;
/** More fragments, and the fragment offset (RFC 791, 3.1): any of them set makes it a fragment. */
const MORE_OR_OFFSET = 0x3fff;
const OFFSET = 0x1fff;

/** The IPv4 header (RFC 791, 3.1) and what it carries. Status as of `parseFrame`. */
export function parseIpv4(view: DataView, at: number, packet: Packet): number {
  const { capturedEnd, wireEnd } = packet;
  if (at + IPV4_BYTES > capturedEnd) return judgeShortHeader(view, at, packet);
  // The header by 32-bit words, as RFC 791 draws it: five reads instead of nine.
  const versionToLength = view.getInt32(at);
  if (versionToLength >>> 28 !== 4) return VERSION;
  const headerBytes = (versionToLength >>> 22) & 0x3c;
  if (headerBytes < IPV4_BYTES) return HEADER_LENGTH;
  const totalBytes = versionToLength & 0xffff;
  let ipEnd = at + totalBytes;
  // Segmentation offload leaves 0 where the length does not fit 16 bits: the frame's own length counts.
  if (totalBytes === 0) ipEnd = wireEnd;
  else if (totalBytes < headerBytes) return TOTAL_LENGTH;
  if (ipEnd > wireEnd || at + headerBytes > ipEnd) return TRUNCATED;
  if (at + headerBytes > capturedEnd) return SNAPPED;

  const fragmentation = view.getInt32(at + 4);
  packet.ipVersion = 4;
  packet.dscp = (versionToLength >>> 18) & 0x3f;
  packet.protocol = (view.getInt32(at + 8) >>> 16) & 0xff;
  packet.src0 = view.getInt32(at + 12);
  packet.dst0 = view.getInt32(at + 16);
  if ((fragmentation & MORE_OR_OFFSET) === 0) {
    packet.isFragment = 0;
  } else {
    packet.isFragment = 1;
    packet.anomalies |= FRAGMENT;
    if ((fragmentation & OFFSET) !== 0) {
      clearTransport(packet);
      return PARSED;
    }
  }
  parseTransport(view, at + headerBytes, ipEnd, totalBytes === 0, packet);
  return PARSED;
}

/** Fewer than 20 bytes: the version may still give the frame away, otherwise the wire decides. */
function judgeShortHeader(view: DataView, at: number, packet: Packet): number {
  if (at < packet.capturedEnd && view.getUint8(at) >> 4 !== 4) return VERSION;
  return at + IPV4_BYTES > packet.wireEnd ? TRUNCATED : SNAPPED;
}
