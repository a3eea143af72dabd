/** Values from `low` to `high`, both included. Of type bigint, because IPv6 addresses are among them. */
export interface Interval {
  readonly low: bigint;
  readonly high: bigint;
}

/** A set of values: ascending, neither touching nor overlapping; empty for none. */
export type Values = readonly Interval[];

/** The set of all that lies in one of the intervals. */
export function valuesOf(intervals: readonly Interval[]): Values {
  const merged: Interval[] = [];
  for (const interval of intervals.toSorted(byLow)) {
    const last = merged[merged.length - 1];
    if (last === undefined || interval.low > last.high + 1n) merged.push(interval);
    else if (interval.high > last.high) merged[merged.length - 1] = { low: last.low, high: interval.high };
  }
  return merged;
}

/** The set of these numbers. */
export function numbers(...list: readonly (number | bigint)[]): Values {
  return valuesOf(list.map((value) => ({ low: BigInt(value), high: BigInt(value) })));
}

/** What lies in both sets. A set that lies in the other one is returned itself, so that its name is kept. */
export function intersection(a: Values, b: Values): Values {
  if (a === b) return a;
  const shared: Interval[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const { low } = a[i].low > b[j].low ? a[i] : b[j];
    const isFirstToEnd = a[i].high < b[j].high;
    const { high } = isFirstToEnd ? a[i] : b[j];
    if (low <= high) shared.push({ low, high });
    if (isFirstToEnd) i++;
    else j++;
  }
  if (sameValues(shared, a)) return a;
  return sameValues(shared, b) ? b : shared;
}

/** Whether no value lies in both sets. */
export function areDisjoint(a: Values, b: Values): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i].high < b[j].low) i++;
    else if (b[j].high < a[i].low) j++;
    else return false;
  }
  return true;
}

/** What lies in `all` and not in the set. */
export function complement(values: Values, all: Interval): Values {
  const gaps: Interval[] = [];
  let low = all.low;
  for (const interval of values) {
    if (interval.low > low) gaps.push({ low, high: interval.low - 1n });
    if (interval.high >= low) low = interval.high + 1n;
  }
  if (low <= all.high) gaps.push({ low, high: all.high });
  return gaps;
}

export function sameValues(a: Values, b: Values): boolean {
  return a.length === b.length && a.every(({ low, high }, i) => low === b[i].low && high === b[i].high);
}

function byLow(a: Interval, b: Interval): number {
  if (a.low === b.low) return 0;
  return a.low < b.low ? -1 : 1;
}
