/**
 * The checksum of IPv4, TCP, UDP and ICMP: the one's complement of the one's complement sum of 16-bit
 * words, an odd last byte padded with zero (RFC 1071).
 *
 * @returns 0 to 0xffff; over bytes that hold their own correct checksum it is 0.
 */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) sum += i % 2 === 0 ? bytes[i] << 8 : bytes[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** CRC-32C, polynomial 0x1edc6f41 reflected: the checksum of SCTP (RFC 9260, appendix A). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
