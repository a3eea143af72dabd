import type { RowStore } from './row-store.js';
import { RowSweep } from './row-store.js';

/** Values from `low` to `high`, both included. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

/** Classes of a field's values: from `starts[i]` up to the next start, the rules of `rows[i]` are not ruled out. */
export interface ValueClasses {
  /** Ascending; the first is the lowest value of all. */
  readonly starts: number[];
  readonly rows: number[];
}

/** More rules than a table can have: a power of two, so that value and rule fit in a double. */
const RULES_MAX = 2 ** 20;

/**
 * Divides the values of a field into the intervals between which some rule begins or ends, and gives each
 * the row of its rules.
 *
 * @param lowest the lowest value of the field, at least -2^31.
 * @param places the place of each rule in the rows.
 * @param spansOf what a rule (by its position) wants of the field: all of it, or these, below 2^32.
 */
export function sweepValues(
  rows: RowStore,
  places: Int32Array,
  lowest: number,
  spansOf: (position: number) => readonly Span[] | null,
): ValueClasses {
  const sweep = new RowSweep(rows);
  const turns: number[] = [];
  for (let position = 0; position < places.length; position++) {
    const spans = spansOf(position);
    if (spans === null) {
      sweep.toggle(places[position]);
      continue;
    }
    for (const { low, high } of spans.length > 1 ? merged(spans) : spans) {
      turns.push((low - lowest) * RULES_MAX + position, (high + 1 - lowest) * RULES_MAX + position);
    }
  }
  // As doubles, because typed arrays of them sort without a call a comparison.
  const ordered = Float64Array.from(turns).sort();
  const classes: ValueClasses = { starts: [], rows: [] };
  let at = lowest;
  for (const turn of ordered) {
    const value = Math.floor(turn / RULES_MAX) + lowest;
    if (value !== at) {
      appendClass(classes, at, sweep.take());
      at = value;
    }
    sweep.toggle(places[turn % RULES_MAX]);
  }
  appendClass(classes, at, sweep.take());
  return classes;
}

/** Neighbours with the same row are one class. */
function appendClass({ starts, rows }: ValueClasses, start: number, row: number): void {
  if (rows.length > 0 && rows[rows.length - 1] === row) return;
  starts.push(start);
  rows.push(row);
}

/** Spans of one rule may overlap; a rule must not be toggled twice for one value. */
function merged(spans: readonly Span[]): Span[] {
  const result: { low: number; high: number }[] = [];
  for (const { low, high } of [...spans].sort((a, b) => a.low - b.low)) {
    const last = result.at(-1);
    if (last !== undefined && low <= last.high) last.high = Math.max(last.high, high);
    else result.push({ low, high });
  }
  return result;
}
