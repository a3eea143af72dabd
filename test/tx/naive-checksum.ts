/**
 * What src/tx/checksum.ts does, written for clearness: the oracle of its tests. It takes frames apart into
 * arrays, sums up one large number, and knows CRC-32C as the division of polynomials that it is.
 */

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const TAGS = [0x8100, 0x88a8];
const TCP = 6;
const UDP = 17;
const SCTP = 132;
/** Hop-by-hop options, routing header, destination options. */
const EXTENSIONS = [0, 43, 60];
/** By protocol: the shortest header, and where it has its checksum. */
const HEADERS: ReadonlyMap<number, { readonly bytes: number; readonly checksumAt: number }> = new Map([
  [TCP, { bytes: 20, checksumAt: 16 }],
  [UDP, { bytes: 8, checksumAt: 6 }],
  [SCTP, { bytes: 12, checksumAt: 8 }],
]);

/** Addresses and transport part of a packet. */
interface Located {
  readonly protocol: number;
  readonly addresses: readonly number[];
  readonly transportAt: number;
  readonly endAt: number;
}

/** A copy of the frame with the transport checksum that it ought to have; without one it stays as it is. */
export function naivelyCompleted(frame: Uint8Array): Uint8Array {
  const completed = frame.slice();
  const located = locate([...frame]);
  const header = located === null ? undefined : HEADERS.get(located.protocol);
  if (located === null || header === undefined) return completed;
  const { protocol, addresses, transportAt, endAt } = located;
  if (endAt - transportAt < header.bytes) return completed;
  const transport = [...frame].slice(transportAt, endAt);
  const fieldBytes = protocol === SCTP ? 4 : 2;
  transport.fill(0, header.checksumAt, header.checksumAt + fieldBytes);
  const length = transport.length;
  const pseudoHeader = [...addresses, 0, 0, length >> 8, length & 0xff, 0, 0, 0, protocol];
  const sum = onesComplement([...pseudoHeader, ...transport]);
  const field = protocol === SCTP ? bytesOfCrc(transport) : [sum >> 8, sum & 0xff];
  // RFC 768: a sum of zero is sent as its other form.
  completed.set(protocol === UDP && sum === 0 ? [0xff, 0xff] : field, transportAt + header.checksumAt);
  return completed;
}

function locate(frame: readonly number[]): Located | null {
  let typeAt = 12;
  while (TAGS.includes(u16(frame, typeAt)) && frame.length >= typeAt + 6) typeAt += 4;
  const at = typeAt + 2;
  if (u16(frame, typeAt) === IPV4 && frame.length >= at + 20) {
    const transportAt = at + 4 * (frame[at] % 16);
    const addresses = frame.slice(at + 12, at + 20);
    return fit({ protocol: frame[at + 9], addresses, transportAt, endAt: at + u16(frame, at + 2) }, frame);
  }
  if (u16(frame, typeAt) === IPV6 && frame.length >= at + 40) {
    const endAt = at + 40 + u16(frame, at + 4);
    const addresses = frame.slice(at + 8, at + 40);
    let protocol = frame[at + 6];
    let transportAt = at + 40;
    while (EXTENSIONS.includes(protocol) && transportAt + 2 <= Math.min(endAt, frame.length)) {
      protocol = frame[transportAt];
      transportAt += 8 * (frame[transportAt + 1] + 1);
    }
    return fit({ protocol, addresses, transportAt, endAt }, frame);
  }
  return null;
}

/** A packet that is not all there is none. */
function fit(located: Located, frame: readonly number[]): Located | null {
  return located.endAt <= frame.length ? located : null;
}

/** -1 where there are no two bytes. */
function u16(bytes: readonly number[], at: number): number {
  return at + 2 <= bytes.length ? bytes[at] * 256 + bytes[at + 1] : -1;
}

/** RFC 1071: adding with end-around carry is arithmetic modulo 65535, and 65536 is 1 there. */
function onesComplement(bytes: readonly number[]): number {
  const even = bytes.length % 2 === 0 ? bytes : [...bytes, 0];
  const number = BigInt(`0x${Buffer.from(even).toString('hex')}`);
  // Of the two zeros, a sum of anything but zeros is the one with all bits set.
  const sum = number > 0n && number % 65535n === 0n ? 65535n : number % 65535n;
  return 65535 - Number(sum);
}

/** RFC 9260, appendix A: the least significant byte first. */
function bytesOfCrc(bytes: readonly number[]): number[] {
  const crc = naiveCrc32c(bytes);
  return [0, 8, 16, 24].map((shift) => (crc >>> shift) & 0xff);
}

/** CRC-32C: bits of each byte from the lowest, as coefficients from the highest power. */
export function naiveCrc32c(bytes: Iterable<number>): number {
  const polynomial = 0x1_1edc_6f41n;
  const bits = [...bytes].map((byte) => reversed(byte.toString(2).padStart(8, '0'))).join('');
  // The first 32 bits are complemented, and 32 zeros are put behind, which become the remainder.
  let dividend = BigInt(`0b0${bits}`) << 32n;
  dividend ^= 0xffff_ffffn << BigInt(bits.length);
  for (let power = BigInt(bits.length + 31); power >= 32n; power--) {
    if ((dividend >> power) & 1n) dividend ^= polynomial << (power - 32n);
  }
  const remainder = reversed(dividend.toString(2).padStart(32, '0'));
  return ~Number.parseInt(remainder, 2) >>> 0;
}

function reversed(bits: string): string {
  return [...bits].reverse().join('');
}
