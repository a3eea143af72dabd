import { EMPTY, INSIDE, intersection, joinedRanges, type Ranges, relation } from './ranges.js';

/** A value of a field; addresses of IPv6 do not fit a number. */
export type Value = number | bigint;

/** Values of a field, `to` excluded. */
export interface Span {
  readonly from: Value;
  readonly to: Value;
}

/**
 * The values of one field, cut where some rule begins or ends: between two cuts all values are alike to all rules, so
 * the numbers of the pieces, from 0, stand for them. What a rule asks of the field is then a set of these numbers.
 */
export class Axis {
  /** All values that a packet can have. */
  readonly full: Ranges;
  private readonly cuts: readonly Value[];
  private readonly places: ReadonlyMap<Value, number>;
  /** By the list that was asked for: rules share theirs through aliases. */
  private readonly known = new Map<readonly Span[], Ranges>();

  /**
   * @param domain the values that a packet can have.
   * @param wanted what rules ask for, each a list of spans.
   */
  constructor(domain: readonly Span[], wanted: Iterable<readonly Span[]>) {
    const cuts = new Set<Value>();
    for (const spans of [domain, ...wanted]) for (const { from, to } of spans) cuts.add(from).add(to);
    this.cuts = [...cuts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.places = new Map(this.cuts.map((cut, place) => [cut, place]));
    this.full = this.joined(domain);
  }

  /** The values of these spans that a packet can have; `full` itself where that is all of them. */
  rangesOf(spans: readonly Span[]): Ranges {
    const known = this.known.get(spans);
    if (known !== undefined) return known;
    const own = intersection(this.joined(spans), this.full);
    const ranges = own.length === 0 ? EMPTY : relation(this.full, own) === INSIDE ? this.full : own;
    this.known.set(spans, ranges);
    return ranges;
  }

  /** Whether some rule takes a part of the values. */
  get isTold(): boolean {
    return this.full.length !== 2 || this.full[0] !== this.full[1];
  }

  /** The lowest value that a number stands for. */
  valueOf(number: number): Value {
    return this.cuts[number];
  }

  private joined(spans: readonly Span[]): Ranges {
    return joinedRanges(spans.map(({ from, to }) => [this.places.get(from)!, this.places.get(to)! - 1]));
  }
}
