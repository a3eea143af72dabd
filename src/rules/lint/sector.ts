import type { Axis } from './axis.js';
import type { AxisField } from './match-spans.js';
import type { Ranges } from './ranges.js';
import { APART, INSIDE, relation } from './ranges.js';
import { Sketches } from './sketches.js';

/** How much of a transport header a packet has; with each of them go fields that it has then, and only then. */
export type Transport = 'none' | 'ports' | 'flags' | 'icmp';

/** What the packets of a sector have in common. */
export interface SectorKind {
  /** `null`: both alike, because no rule tells them apart. */
  readonly version: 4 | 6 | null;
  /** `null`: whole packets and fragments alike, because no rule tells them apart. */
  readonly isFragment: boolean | null;
  readonly transport: Transport;
  /** Fields that rules name and these packets do not have. */
  readonly absent: readonly AxisField[];
}

/** One axis of a sector. */
export interface SectorAxis {
  readonly field: AxisField;
  readonly axis: Axis;
}

/** A set of packets of one sector: what it takes of each axis, in the sector's order. */
export type Box = readonly Ranges[];

/** One packet of a sector, but for what no rule tells apart: a number on each axis. */
export type Point = Int32Array;

/**
 * Packets that have the same fields, so that every rule is a box among them, and the rules that match any of them.
 * The rules of a sector have numbers of their own, from 0, in the table's order.
 */
export class Sector {
  /** Position in the table of each rule. */
  readonly positions: Int32Array;
  /** What each rule takes. */
  readonly boxes: readonly Box[];
  /** The axes of which each rule takes only a part. */
  readonly limits: readonly Uint8Array[];
  /** All packets of the sector. */
  readonly whole: Box;
  /** The number of a rule of the table here, or -1. */
  private readonly numbers: Int32Array;
  /** Where each rule begins and ends on two axes: the first that rules take a part of. */
  private readonly bounds: readonly [AxisBounds, AxisBounds];
  private readonly sketches: Sketches;

  /**
   * @param boxOf what the rule at a position takes of the axes; `null` where it matches no packet of the sector.
   */
  constructor(
    readonly kind: SectorKind,
    readonly axes: readonly SectorAxis[],
    ruleCount: number,
    boxOf: (position: number) => Box | null,
  ) {
    this.whole = axes.map(({ axis }) => axis.full);
    this.numbers = new Int32Array(ruleCount).fill(-1);
    const positions: number[] = [];
    const boxes: Box[] = [];
    for (let position = 0; position < ruleCount; position++) {
      const box = boxOf(position);
      if (box === null) continue;
      this.numbers[position] = positions.length;
      positions.push(position);
      boxes.push(box);
    }
    this.positions = Int32Array.from(positions);
    this.boxes = boxes;
    this.limits = boxes.map((box) => Uint8Array.from(axes.keys()).filter((i) => box[i] !== this.whole[i]));
    const limited = [...axes.keys()].filter((i) => boxes.some((box) => box[i] !== this.whole[i]));
    const [a = 0, b = a] = limited;
    this.bounds = [boundsOn(a, boxes), boundsOn(b, boxes)];
    const numbers = this.whole.map((ranges) => 1 + ranges[ranges.length - 1]);
    this.sketches = new Sketches(boxes, numbers, limited);
  }

  /** The number here of the rule at a position of the table; -1 where it matches no packet of the sector. */
  numberOf(position: number): number {
    return this.numbers[position];
  }

  /**
   * Rules that may have packets in common with one: all that have are among them, and few others. Every rule is compared
   * with every other one, so this looks at the bounds on two axes, then at sketches, and at nothing else.
   *
   * @param from number of the first rule that is asked about, `to` that of the first that is not.
   * @returns their numbers, ascending.
   */
  near(own: number, from: number, to: number): number[] {
    const found: number[] = [];
    const { sketches } = this;
    const [{ first: firstsA, last: lastsA }, { first: firstsB, last: lastsB }] = this.bounds;
    const firstA = firstsA[own];
    const lastA = lastsA[own];
    const firstB = firstsB[own];
    const lastB = lastsB[own];
    for (let other = from; other < to; other++) {
      if (firstsA[other] > lastA || lastsA[other] < firstA) continue;
      if (firstsB[other] > lastB || lastsB[other] < firstB) continue;
      if (sketches.mayMeet(own, other)) found.push(other);
    }
    return found;
  }

  /** Whether a rule takes any packet of a box. */
  meets(box: Box, other: number): boolean {
    const own = this.boxes[other];
    const limits = this.limits[other];
    for (let i = 0; i < limits.length; i++)
      if (relation(box[limits[i]], own[limits[i]]) === APART) return false;
    return true;
  }

  /** Whether a rule takes all packets of a box. */
  contains(other: number, box: Box): boolean {
    const own = this.boxes[other];
    const limits = this.limits[other];
    for (let i = 0; i < limits.length; i++)
      if (relation(box[limits[i]], own[limits[i]]) !== INSIDE) return false;
    return true;
  }

  /** Whether a rule takes all packets of another one. */
  containsRule(other: number, own: number): boolean {
    return this.sketches.mayContain(other, own) && this.contains(other, this.boxes[own]);
  }

  /** The place among `rules` of the first that takes a packet, or -1. */
  takerAmong(rules: readonly number[], point: Point): number {
    const parts = this.sketches.partsOf(point);
    for (let i = 0; i < rules.length; i++)
      if (this.sketches.mayTake(rules[i], parts) && this.takes(rules[i], point)) return i;
    return -1;
  }

  /** The first rule from a number on that takes a packet, or -1. */
  takerFrom(from: number, point: Point): number {
    const parts = this.sketches.partsOf(point);
    for (let other = from; other < this.boxes.length; other++)
      if (this.sketches.mayTake(other, parts) && this.takes(other, point)) return other;
    return -1;
  }

  private takes(other: number, point: Point): boolean {
    const own = this.boxes[other];
    const limits = this.limits[other];
    for (let i = 0; i < limits.length; i++) if (!holds(own[limits[i]], point[limits[i]])) return false;
    return true;
  }
}

/** By rule: the first and the last number that it takes on an axis. */
interface AxisBounds {
  readonly first: Int32Array;
  readonly last: Int32Array;
}

function boundsOn(axis: number, boxes: readonly Box[]): AxisBounds {
  return {
    first: Int32Array.from(boxes, (box) => box[axis][0]),
    last: Int32Array.from(boxes, (box) => box[axis][box[axis].length - 1]),
  };
}

function holds(ranges: Ranges, number: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (number >= ranges[i] && number <= ranges[i + 1]) return true;
  return false;
}
