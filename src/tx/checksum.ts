import { PROTOCOL_SCTP, PROTOCOL_TCP, PROTOCOL_UDP } from '../protocol/packet.js';

const ETHERNET_BYTES = 14;
const TYPE_OFFSET = 12;
const TYPE_IPV4 = 0x0800;
const TYPE_IPV6 = 0x86dd;
const TYPE_VLAN = 0x8100;
const TYPE_SERVICE_VLAN = 0x88a8;
const VLAN_TAG_BYTES = 4;
const IPV4_BYTES = 20;
const IPV4_ADDRESSES_OFFSET = 12;
/** More fragments, and the fragment offset (RFC 791, 3.1): a fragment's checksum is not its own. */
const MORE_OR_OFFSET = 0x3fff;
const IPV6_BYTES = 40;
const IPV6_ADDRESSES_OFFSET = 8;

/** IPv6 extension headers that stand before a transport header (RFC 8200, 4.1), fragments not among them. */
const HOP_BY_HOP = 0;
const ROUTING = 43;
const DESTINATION_OPTIONS = 60;

/** Where the checksum is in the transport header, and the shortest header. */
const TCP_CHECKSUM = 16;
const TCP_BYTES = 20;
const UDP_CHECKSUM = 6;
const UDP_BYTES = 8;
const SCTP_CHECKSUM = 8;
const SCTP_BYTES = 12;

/**
 * Fills in the transport checksum of an Ethernet frame whose sender has left it to the network card, as
 * local senders do. A frame that is nothing of the kind stays as it is: its receiver will judge it.
 *
 * @param view the memory that the frame lies in.
 * @param byteOffset where it begins; all of it is there.
 * @param bytes its length.
 */
export function completeChecksum(view: DataView, byteOffset: number, bytes: number): void {
  const end = byteOffset + bytes;
  let at = byteOffset + ETHERNET_BYTES;
  if (at > end) return;
  let type = view.getUint16(byteOffset + TYPE_OFFSET);
  while ((type === TYPE_VLAN || type === TYPE_SERVICE_VLAN) && at + VLAN_TAG_BYTES <= end) {
    type = view.getUint16(at + 2);
    at += VLAN_TAG_BYTES;
  }
  if (type === TYPE_IPV4) completeIpv4(view, at, end);
  else if (type === TYPE_IPV6) completeIpv6(view, at, end);
}

function completeIpv4(view: DataView, at: number, end: number): void {
  if (at + IPV4_BYTES > end) return;
  const headerBytes = (view.getUint8(at) & 0x0f) << 2;
  if (headerBytes < IPV4_BYTES || (view.getUint16(at + 6) & MORE_OR_OFFSET) !== 0) return;
  const transportEnd = at + view.getUint16(at + 2);
  if (transportEnd > end) return;
  const addresses = sumWords(view, at + IPV4_ADDRESSES_OFFSET, at + IPV4_ADDRESSES_OFFSET + 8);
  completeTransport(view, at + headerBytes, transportEnd, view.getUint8(at + 9), addresses);
}

function completeIpv6(view: DataView, at: number, end: number): void {
  if (at + IPV6_BYTES > end) return;
  const transportEnd = at + IPV6_BYTES + view.getUint16(at + 4);
  if (transportEnd > end) return;
  let protocol = view.getUint8(at + 6);
  let header = at + IPV6_BYTES;
  while (protocol === HOP_BY_HOP || protocol === ROUTING || protocol === DESTINATION_OPTIONS) {
    if (header + 2 > transportEnd) return;
    protocol = view.getUint8(header);
    header += (view.getUint8(header + 1) + 1) << 3;
  }
  const addresses = sumWords(view, at + IPV6_ADDRESSES_OFFSET, at + IPV6_BYTES);
  completeTransport(view, header, transportEnd, protocol, addresses);
}

/** @param addresses sum of the source and destination addresses' 16-bit words. */
function completeTransport(
  view: DataView,
  at: number,
  end: number,
  protocol: number,
  addresses: number,
): void {
  if (protocol === PROTOCOL_TCP && at + TCP_BYTES <= end) {
    writeInternetChecksum(view, at, end, at + TCP_CHECKSUM, addresses + protocol + (end - at));
  } else if (protocol === PROTOCOL_UDP && at + UDP_BYTES <= end) {
    writeInternetChecksum(view, at, end, at + UDP_CHECKSUM, addresses + protocol + (end - at));
    // RFC 768: 0 would say that there is none.
    if (view.getUint16(at + UDP_CHECKSUM) === 0) view.setUint16(at + UDP_CHECKSUM, 0xffff);
  } else if (protocol === PROTOCOL_SCTP && at + SCTP_BYTES <= end) {
    view.setUint32(at + SCTP_CHECKSUM, 0);
    // RFC 9260, appendix A: the CRC goes out least significant byte first.
    view.setUint32(at + SCTP_CHECKSUM, crc32c(view, at, end), true);
  }
}

/** RFC 1071 over a transport header and its data, with the sum of the pseudo header. */
function writeInternetChecksum(
  view: DataView,
  at: number,
  end: number,
  field: number,
  pseudoSum: number,
): void {
  view.setUint16(field, 0);
  let sum = pseudoSum + sumWords(view, at, end);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  view.setUint16(field, ~sum & 0xffff);
}

/** Sum of 16-bit words in network order, an odd last byte padded with zero. Exact: below 2^53. */
function sumWords(view: DataView, from: number, end: number): number {
  let sum = 0;
  let at = from;
  for (; at + 2 <= end; at += 2) sum += view.getUint16(at);
  if (at < end) sum += view.getUint8(at) << 8;
  return sum;
}

/** CRC32c (Castagnoli), reflected: the polynomial 0x1EDC6F41 with its bits reversed. */
const CRC32C_POLYNOMIAL = 0x82f6_3b78;
const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ CRC32C_POLYNOMIAL;
  return crc;
});

function crc32c(view: DataView, from: number, end: number): number {
  let crc = 0xffff_ffff;
  for (let at = from; at < end; at++) crc = CRC32C_TABLE[(crc ^ view.getUint8(at)) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}
