import type { Prefix } from '../rule.js';
import { comparePrefixes } from './compare-prefixes.js';
import { ConstrainedRules } from './constrained-rules.js';

/** Turns the sign bit over: signed comparison then orders words as unsigned ones. */
export const SIGN = 0x8000_0000;

/** Words of an IPv6 address. */
export const IPV6_WORDS = 4;

/** Where a rule begins or ends. */
export interface Ipv6Turn {
  /** The address, sign bits turned over. */
  readonly words: readonly number[];
  readonly position: number;
}

/** Like `TurnList`, for IPv6 prefixes. */
export class Ipv6TurnList extends ConstrainedRules {
  /** By their addresses, once `sort` was called. */
  readonly turns: Ipv6Turn[] = [];

  /** Notes that the rule at `position`, one that is constrained, holds for these prefixes, whatever their version. */
  add(prefixes: readonly Prefix[], position: number): void {
    const own = prefixes.filter(({ version }) => version === 6);
    for (const prefix of own.length > 1 ? disjoint(own) : own) {
      this.turns.push({ words: prefix.words.map((word) => word ^ SIGN), position });
      const behind = addressBehind(prefix);
      if (behind !== null) this.turns.push({ words: behind.map((word) => word ^ SIGN), position });
    }
  }

  sort(): void {
    this.turns.sort((a, b) => compareWords(a.words, b.words));
  }
}

/** Compares values of as many words, whose sign bits are turned over. */
export function compareWords(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
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
  const ordered = [...prefixes].sort(comparePrefixes);
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
