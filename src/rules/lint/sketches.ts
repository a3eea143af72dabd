import type { Ranges } from './ranges.js';

/** Into so many parts an axis is divided. */
const PARTS = 32;

/** What each rule takes of one axis: a bit for each part that it takes anything of. */
interface AxisSketch {
  readonly axis: number;
  /** Numbers that the axis has. */
  readonly numbers: number;
  /** By rule. */
  readonly parts: Int32Array;
}

/**
 * What rules take, in so few bits that two of them are compared at once. Most pairs of rules have nothing in common, and
 * most packets are none of a rule's: that is seen here, without a look at what the rules really take.
 */
export class Sketches {
  private readonly axes: readonly AxisSketch[];
  /** What `partsOf` answers: one for all, because packets are many. */
  private readonly parts: Int32Array;

  /**
   * @param boxes of the rules.
   * @param numbers how many numbers each axis has.
   * @param limited the axes of which some rule takes a part.
   */
  constructor(boxes: readonly (readonly Ranges[])[], numbers: readonly number[], limited: readonly number[]) {
    this.axes = limited.map((axis) => ({
      axis,
      numbers: numbers[axis],
      parts: Int32Array.from(boxes, (box) => sketchOf(box[axis], numbers[axis])),
    }));
    this.parts = new Int32Array(limited.length);
  }

  /** False: two rules have nothing in common. */
  mayMeet(own: number, other: number): boolean {
    const { axes } = this;
    for (let i = 0; i < axes.length; i++) {
      const { parts } = axes[i];
      if ((parts[own] & parts[other]) === 0) return false;
    }
    return true;
  }

  /** False: a rule does not take all that another one takes. */
  mayContain(other: number, own: number): boolean {
    const { axes } = this;
    for (let i = 0; i < axes.length; i++) {
      const { parts } = axes[i];
      if ((parts[own] & ~parts[other]) !== 0) return false;
    }
    return true;
  }

  /** The parts that a packet lies in, for `mayTake`; valid until the next call. */
  partsOf(point: Int32Array): Int32Array {
    const { axes, parts } = this;
    for (let i = 0; i < axes.length; i++) parts[i] = 1 << partOf(point[axes[i].axis], axes[i].numbers);
    return parts;
  }

  /** False: a rule does not take the packet. */
  mayTake(other: number, parts: Int32Array): boolean {
    const { axes } = this;
    for (let i = 0; i < axes.length; i++) if ((axes[i].parts[other] & parts[i]) === 0) return false;
    return true;
  }
}

function partOf(number: number, numbers: number): number {
  return numbers <= PARTS ? number : Math.floor((number * PARTS) / numbers);
}

function sketchOf(ranges: Ranges, numbers: number): number {
  let sketch = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    for (let part = partOf(ranges[i], numbers); part <= partOf(ranges[i + 1], numbers); part++)
      sketch |= 1 << part;
  }
  return sketch;
}
