import { networkOf, parseAddress } from '../addresses.js';
import type { Interval } from '../values.js';
import { type Json, listOf, objectOf, textIn } from './json.js';
import type { NftSet } from './ruleset.js';
import type { NumberSelector } from './selectors.js';

/** The values on the right side of a match, sets resolved. */
export interface Elements {
  readonly values: readonly Json[];
  /** The named set that they are, or null. */
  readonly set: NftSet | null;
}

/**
 * The elements of a right side or of a map.
 *
 * @returns the reason, where they cannot be told.
 */
export function elementsOf(right: Json, sets: ReadonlyMap<string, NftSet>): Elements | string {
  if (typeof right === 'string' && right.startsWith('@')) {
    const set = sets.get(right.slice(1));
    if (set === undefined) return `there is no set ${right.slice(0, 80)}`;
    if (set.changes) return `what set ${right} holds changes with traffic or time`;
    return { values: set.elements, set };
  }
  const anonymous = objectOf(right)?.set;
  if (anonymous === undefined) return { values: [right], set: null };
  return { values: listOf(anonymous) ?? [anonymous], set: null };
}

/** An element without what nftables keeps beside it (`elem`: its comment, its counter). */
export function plain(element: Json): Json {
  const inner = objectOf(objectOf(element)?.elem);
  return inner === null ? element : inner.val;
}

/** True for the element that stands for all others of a map or set. */
export function isCatchAll(element: Json): boolean {
  return plain(element) === '*';
}

/** An element as an interval, or null when it is no such number. */
export function intervalOf(element: Json, selector: NumberSelector): Interval | null {
  const { all, read } = selector;
  const value = plain(element);
  if (value === '*') return all;
  const ends = listOf(objectOf(value)?.range);
  if (ends !== null) {
    const [low, high] = [read(ends[0]), read(ends[1])];
    return low === null || high === null || low > high || high > all.high ? null : { low, high };
  }
  const prefix = objectOf(value)?.prefix;
  if (prefix !== undefined) return prefixInterval(prefix, selector);
  const number = read(value);
  return number === null || number > all.high ? null : { low: number, high: number };
}

function prefixInterval(prefix: Json, { field, all, read }: NumberSelector): Interval | null {
  const bits = objectOf(prefix)?.len;
  const address = textIn(prefix, 'addr');
  if ((field !== 'src' && field !== 'dst') || address === null || read(address) === null) return null;
  const { version, value } = parseAddress(address)!;
  const widest = all.high === 0xffff_ffffn ? 32 : 128;
  if (typeof bits !== 'number' || !Number.isInteger(bits) || bits < 0 || bits > widest) return null;
  return networkOf(version, value, bits);
}
