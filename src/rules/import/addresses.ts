import { addressWords, formatPrefix } from '../address-field.js';
import type { Prefix } from '../rule.js';
import type { Interval, Values } from './values.js';

/** ::ffff:0:0/96, RFC 4291 section 2.5.5.2. */
const MAPPED_LOW = 0xffff_0000_0000n;
const MAPPED_HIGH = 0xffff_ffff_ffffn;

/** An address as a number. `null` when the text is none. */
export function parseAddress(text: string): { version: 4 | 6; value: bigint } | null {
  const words = addressWords(text);
  if (words === null) return null;
  const value = words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
  return { version: words.length === 1 ? 4 : 6, value };
}

/** All addresses of a version. */
export function allAddresses(version: 4 | 6): Interval {
  return { low: 0n, high: (1n << bitsOf(version)) - 1n };
}

/** The addresses that share the first `bits` bits with this one. */
export function networkOf(version: 4 | 6, address: bigint, bits: number): Interval {
  const hostMask = (1n << (bitsOf(version) - BigInt(bits))) - 1n;
  const low = (address | hostMask) ^ hostMask;
  return { low, high: low | hostMask };
}

/**
 * Whether the set has a part of ::ffff:0:0/96, but not all of it: a rule file takes such addresses for a
 * mistake, because packets from there are IPv4.
 */
export function hasMappedAddresses(values: Values): boolean {
  return values.some(({ low, high }) => {
    if (high < MAPPED_LOW || low > MAPPED_HIGH) return false;
    return low > MAPPED_LOW || high < MAPPED_HIGH;
  });
}

/** The set as the fewest networks, each as a rule file writes it. */
export function networksOf(version: 4 | 6, values: Values): string[] {
  return values.flatMap((interval) => networks(version, interval).map(formatPrefix));
}

function networks(version: 4 | 6, { low, high }: Interval): Prefix[] {
  const found: Prefix[] = [];
  const width = bitsOf(version);
  for (let from = low; from <= high; ) {
    let hostBits = 0n;
    while (hostBits < width && (from & (1n << hostBits)) === 0n && from + (2n << hostBits) - 1n <= high) {
      hostBits++;
    }
    found.push({ version, words: wordsOf(version, from), bits: Number(width - hostBits) });
    from += 1n << hostBits;
  }
  return found;
}

function wordsOf(version: 4 | 6, value: bigint): number[] {
  const shifts = version === 4 ? [0n] : [96n, 64n, 32n, 0n];
  return shifts.map((shift) => Number(BigInt.asIntN(32, value >> shift)));
}

function bitsOf(version: 4 | 6): bigint {
  return version === 4 ? 32n : 128n;
}
