import type { RowStore } from './row-store.js';
import { RowSweep } from './row-store.js';
import { TurnList } from './turn-list.js';

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

/**
 * What a rule wants of a field. Notes the values that it holds for, and returns whether it rules any out: where it
 * holds for all of them it notes none.
 */
export type SpanNoter = (position: number, turns: TurnList) => boolean;

/**
 * Divides the values of a field into the intervals between which some rule begins or ends, and gives each
 * the row of its rules.
 *
 * @param lowest the lowest value of the field, at least -2^31.
 * @param places the place of each rule in the rows.
 * @param noteSpans asked of each rule, by its position.
 */
export function sweepValues(
  rows: RowStore,
  places: Int32Array,
  lowest: number,
  noteSpans: SpanNoter,
): ValueClasses {
  const sweep = new RowSweep(rows);
  const turns = new TurnList(lowest);
  for (let position = 0; position < places.length; position++) {
    if (!noteSpans(position, turns)) sweep.toggle(places[position]);
  }
  const { values, positions } = turns.sorted();
  const classes: ValueClasses = { starts: [], rows: [] };
  let at = lowest;
  for (let turn = 0; turn < values.length; turn++) {
    const value = values[turn];
    if (value !== at) {
      appendClass(classes, at, sweep.take());
      at = value;
    }
    sweep.toggle(places[positions[turn]]);
  }
  appendClass(classes, at, sweep.take());
  return classes;
}

/** Notes spans of one rule, which may overlap. @returns false where they are `null`: any value. */
export function noteSpans(spans: readonly Span[] | null, position: number, turns: TurnList): boolean {
  if (spans === null) return false;
  for (const { low, high } of spans.length > 1 ? merged(spans) : spans) turns.add(low, high, position);
  return true;
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
