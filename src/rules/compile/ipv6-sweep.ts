import type { Prefix } from '../rule.js';
import type { RowStore } from './row-store.js';
import { RowSweep } from './row-store.js';

/** Turns the sign bit over: signed comparison then orders words as unsigned ones. */
export const SIGN = 0x8000_0000;

/** Classes of IPv6 addresses, like `ValueClasses`. */
export interface Ipv6Classes {
  /** Four words of each start, sign bits turned over. */
  readonly starts: number[];
  readonly rows: number[];
}

/** Where a rule begins or ends. */
interface Turn {
  readonly words: readonly number[];
  readonly position: number;
}

/** Like `sweepValues`, for the IPv6 prefixes of a rule: `null` for any address, none for no IPv6 packet. */
export function sweepIpv6(
  rows: RowStore,
  places: Int32Array,
  prefixesOf: (position: number) => readonly Prefix[] | null,
): Ipv6Classes {
  const sweep = new RowSweep(rows);
  const turns: Turn[] = [];
  for (let position = 0; position < places.length; position++) {
    const prefixes = prefixesOf(position);
    if (prefixes === null) {
      sweep.toggle(places[position]);
      continue;
    }
    for (const prefix of prefixes.length > 1 ? disjoint(prefixes) : prefixes) {
      turns.push({ words: prefix.words.map((word) => word ^ SIGN), position });
      const behind = addressBehind(prefix);
      if (behind !== null) turns.push({ words: behind.map((word) => word ^ SIGN), position });
    }
  }
  turns.sort((a, b) => compareWords(a.words, b.words));
  const classes: Ipv6Classes = { starts: [], rows: [] };
  let at: readonly number[] = [SIGN | 0, SIGN | 0, SIGN | 0, SIGN | 0];
  for (const { words, position } of turns) {
    if (compareWords(words, at) !== 0) {
      appendClass(classes, at, sweep.take());
      at = words;
    }
    sweep.toggle(places[position]);
  }
  appendClass(classes, at, sweep.take());
  return classes;
}

function appendClass({ starts, rows }: Ipv6Classes, start: readonly number[], row: number): void {
  if (rows.length > 0 && rows[rows.length - 1] === row) return;
  for (const word of start) starts.push(word);
  rows.push(row);
}

/** The first address above a prefix, or `null` where it reaches to the end. */
function addressBehind({ words, bits }: Prefix): number[] | null {
  if (bits === 0) return null;
  const behind = [...words];
  let word = (bits - 1) >>> 5;
  let carry = 2 ** (31 - ((bits - 1) & 31));
  for (; word >= 0; word--) {
    const sum = (behind[word] >>> 0) + carry;
    behind[word] = sum | 0;
    if (sum < 2 ** 32) return behind;
    carry = 1;
  }
  return null;
}

/** Without the prefixes that lie in others. */
function disjoint(prefixes: readonly Prefix[]): Prefix[] {
  const ordered = [...prefixes].sort((a, b) => compareUnsigned(a.words, b.words) || a.bits - b.bits);
  const result: Prefix[] = [];
  for (const prefix of ordered) {
    const last = result.at(-1);
    if (last === undefined || !contains(last, prefix)) result.push(prefix);
  }
  return result;
}

function contains(outer: Prefix, inner: Prefix): boolean {
  return outer.words.every((word, i) => {
    const bits = outer.bits - i * 32;
    const mask = bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits);
    return ((word ^ inner.words[i]) & mask) === 0;
  });
}

function compareUnsigned(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return (a[i] >>> 0) - (b[i] >>> 0);
  return 0;
}

function compareWords(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}
