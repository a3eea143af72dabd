import { IPV6_WORDS, type Ipv6TurnList, SIGN } from './ipv6-turns.js';
import type { RowSweep } from './row-sweep.js';
import type { TurnList } from './turn-list.js';

/**
 * Classes of a field's values: from `starts[i]` up to the next start, the rules of `rows[i]` are not ruled out.
 * Neighbours have different rows.
 */
export interface ValueClasses {
  readonly count: number;
  /** Ascending, as 32 bits without a sign; the first is 0. */
  readonly starts: Int32Array;
  readonly rows: Int32Array;
}

/** Classes of IPv6 addresses, like `ValueClasses`. */
export interface Ipv6Classes {
  readonly count: number;
  /** Four words of each start, sign bits turned over. */
  readonly starts: Int32Array;
  readonly rows: Int32Array;
}

/**
 * Divides the values of a field into the intervals between which some rule begins or ends, and gives each
 * the row of its rules.
 *
 * @param turns sorted.
 */
export function sweepValues(sweep: RowSweep, turns: TurnList): ValueClasses {
  const { words, count } = turns;
  const starts = new Int32Array(count + 1);
  const rows = new Int32Array(count + 1);
  let classes = 0;
  let start = 0;
  sweep.begin(turns);
  for (let at = 0; at < 2 * count; at += 2) {
    const value = words[at + 1];
    if (value !== start) {
      const row = sweep.take();
      if (classes === 0 || rows[classes - 1] !== row) {
        starts[classes] = start;
        rows[classes++] = row;
      }
      start = value;
    }
    sweep.toggle(words[at]);
  }
  const row = sweep.take();
  if (classes === 0 || rows[classes - 1] !== row) {
    starts[classes] = start;
    rows[classes++] = row;
  }
  return { count: classes, starts, rows };
}

/** Like `sweepValues`, for IPv6 addresses. */
export function sweepIpv6(sweep: RowSweep, turns: Ipv6TurnList): Ipv6Classes {
  const starts: number[] = [];
  const rows: number[] = [];
  const append = (start: readonly number[]) => {
    const row = sweep.take();
    if (rows.at(-1) === row) return;
    for (const word of start) starts.push(word);
    rows.push(row);
  };
  let start: readonly number[] = new Array(IPV6_WORDS).fill(SIGN | 0);
  sweep.begin(turns);
  for (const { words, position } of turns.turns) {
    if (words.some((word, i) => word !== start[i])) {
      append(start);
      start = words;
    }
    sweep.toggle(position);
  }
  append(start);
  return { count: rows.length, starts: Int32Array.from(starts), rows: Int32Array.from(rows) };
}
