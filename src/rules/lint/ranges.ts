/**
 * A set of the numbers of an axis: pairs of its first and its last number, ascending, with a gap between two pairs.
 * Never changed once it is made, so that rules and pieces of them share it.
 */
export type Ranges = Int32Array;

export const EMPTY: Ranges = new Int32Array(0);

/** How a set lies to another one: nothing in common, all of it in the other, or a part. */
export const APART = 0;
export const INSIDE = 1;
export const CUT = 2;

/** More numbers than an axis can have: a power of two, so that a pair of them fits a double. */
const NUMBERS_MAX = 2 ** 26;

/** The set of these pairs, which may overlap and be in any order. */
export function joinedRanges(pairs: readonly (readonly [number, number])[]): Ranges {
  return joined(Float64Array.from(pairs, ([first, last]) => first * NUMBERS_MAX + last));
}

/** What any of the sets has. */
export function union(sets: readonly Ranges[]): Ranges {
  const pairs = new Float64Array(sets.reduce((sum, set) => sum + set.length, 0) / 2);
  let count = 0;
  for (const set of sets) {
    for (let i = 0; i < set.length; i += 2) pairs[count++] = set[i] * NUMBERS_MAX + set[i + 1];
  }
  return joined(pairs);
}

/** @param pairs as doubles, because typed arrays of them sort without a call a comparison. */
function joined(pairs: Float64Array): Ranges {
  const ranges = new Int32Array(2 * pairs.length);
  let end = -1;
  for (const pair of pairs.sort()) {
    const first = Math.floor(pair / NUMBERS_MAX);
    const last = pair % NUMBERS_MAX;
    if (end > 0 && first <= ranges[end] + 1) {
      if (last > ranges[end]) ranges[end] = last;
      continue;
    }
    end += 2;
    ranges[end - 1] = first;
    ranges[end] = last;
  }
  return end + 1 === ranges.length ? ranges : ranges.slice(0, end + 1);
}

/** How the set `own`, which is not empty, lies to `other`: `APART`, `INSIDE` or `CUT`. */
export function relation(own: Ranges, other: Ranges): number {
  const ownEnd = own.length - 1;
  const otherEnd = other.length - 1;
  if (otherEnd < 0 || own[ownEnd] < other[0] || own[0] > other[otherEnd]) return APART;
  if (otherEnd === 1) {
    if (own[0] >= other[0] && own[ownEnd] <= other[1]) return INSIDE;
    return ownEnd === 1 || meetsSpan(own, other[0], other[1]) ? CUT : APART;
  }
  let meets = false;
  let isInside = true;
  for (let i = 0, k = 0; i < own.length; i += 2) {
    while (k < other.length && other[k + 1] < own[i]) k += 2;
    if (k < other.length && other[k] <= own[i + 1]) {
      meets = true;
      if (other[k] > own[i] || other[k + 1] < own[i + 1]) isInside = false;
    } else isInside = false;
    if (meets && !isInside) return CUT;
  }
  return meets ? INSIDE : APART;
}

/** Whether a set has any of the numbers from `first` to `last`. */
function meetsSpan(own: Ranges, first: number, last: number): boolean {
  let low = 0;
  let high = own.length >> 1;
  // The first pair that does not end before `first`.
  while (low < high) {
    const middle = (low + high) >> 1;
    if (own[2 * middle + 1] < first) low = middle + 1;
    else high = middle;
  }
  return 2 * low < own.length && own[2 * low] <= last;
}

/** What both sets have. */
export function intersection(own: Ranges, other: Ranges): Ranges {
  const common = new Int32Array(own.length + other.length);
  let count = 0;
  for (let i = 0, k = 0; i < own.length && k < other.length; ) {
    const first = Math.max(own[i], other[k]);
    const last = Math.min(own[i + 1], other[k + 1]);
    if (first <= last) {
      common[count] = first;
      common[count + 1] = last;
      count += 2;
    }
    if (own[i + 1] < other[k + 1]) i += 2;
    else k += 2;
  }
  return count === common.length ? common : common.slice(0, count);
}

/** What `own` has and `other` has not. */
export function difference(own: Ranges, other: Ranges): Ranges {
  const left = new Int32Array(own.length + other.length);
  let count = 0;
  for (let i = 0, k = 0; i < own.length; i += 2) {
    let first = own[i];
    const last = own[i + 1];
    while (k < other.length && other[k + 1] < first) k += 2;
    for (let m = k; m < other.length && other[m] <= last; m += 2) {
      if (other[m] > first) {
        left[count] = first;
        left[count + 1] = other[m] - 1;
        count += 2;
      }
      first = other[m + 1] + 1;
    }
    if (first <= last) {
      left[count] = first;
      left[count + 1] = last;
      count += 2;
    }
  }
  return count === left.length ? left : left.slice(0, count);
}
