import { APART, CUT, difference, intersection, type Ranges, relation, union } from './ranges.js';
import type { Box, Point, Sector } from './sector.js';
import type { StepBudget } from './step-budget.js';

/** Packets that are tried before anything is subtracted. */
const PROBES = 16;

/** What is left of a box, and the rules that may take some of it. */
interface Piece {
  readonly box: Ranges[];
  readonly rules: readonly number[];
}

/**
 * `covered`: every packet of the box is taken by one of the rules; a point: the packet that none of them takes;
 * `undecided`: the budget did not suffice.
 */
export type Coverage = 'covered' | 'undecided' | Point;

/**
 * Looks for a packet of a box that none of the rules takes.
 *
 * Every rule is subtracted from the box. One that cuts it along a single axis leaves one smaller box, so these go
 * first, as often as there are any; then the one that cuts along the fewest axes leaves a piece for each of them, and
 * each piece is a box of its own that only the rules which reach it matter to.
 *
 * @param rules numbers of the sector.
 * @param used is given the rules that took something, where it is not `null`: together they cover what is covered.
 */
export function coverage(
  sector: Sector,
  box: Box,
  rules: readonly number[],
  budget: StepBudget,
  used: Set<number> | null,
): Coverage {
  const point = probed(sector, box, rules, budget);
  if (point !== null) return point;
  const pieces: Piece[] = [{ box: [...box], rules }];
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const left = shrink(sector, piece, budget, used);
    if (budget.left < 0) return 'undecided';
    if (left === 'covered') continue;
    const { best } = left;
    if (best === -1) return Int32Array.from(piece.box, (ranges) => ranges[0]);
    used?.add(best);
    const others = left.rules.filter((rule) => rule !== best);
    split({ box: piece.box, boxes: sector.boxes[best], limits: sector.limits[best] }, others, budget, pieces);
  }
  return 'covered';
}

/**
 * Tries some packets of a box: of most boxes that are not covered, one of the first is not. The same ones at every
 * time, so that the same table gets the same answers.
 *
 * @returns the one that no rule takes, or `null` for none.
 */
function probed(sector: Sector, box: Box, rules: readonly number[], budget: StepBudget): Point | null {
  const point = new Int32Array(box.length);
  let noise = 1;
  for (let probe = 0; probe < PROBES; probe++) {
    for (let axis = 0; axis < box.length; axis++) {
      const ranges = box[axis];
      // The lowest values are the easiest to read.
      if (probe === 0) {
        point[axis] = ranges[0];
        continue;
      }
      // A linear congruential generator (Numerical Recipes, 2nd edition, 7.1): good enough, and quick.
      noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) | 0;
      const pair = 2 * Math.floor(((noise >>> 0) / 2 ** 32) * (ranges.length / 2));
      noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) | 0;
      const count = ranges[pair + 1] - ranges[pair] + 1;
      point[axis] = ranges[pair] + Math.floor(((noise >>> 0) / 2 ** 32) * count);
    }
    const taker = sector.takerAmong(rules, point);
    budget.left -= taker === -1 ? rules.length : taker;
    if (taker === -1) return point;
  }
  return null;
}

/** A rule takes nothing of a box, or all of it; from 0 on: it cuts it along that axis alone. */
const NOTHING = -1;
const WHOLE = -2;
/** It cuts it along so many axes, counted down from here. */
const SEVERAL = -3;

/**
 * Subtracts the rules that leave one box, until none does any more.
 *
 * @returns the rules that cut what is left along two axes or more, and one that does along the fewest.
 */
function shrink(
  sector: Sector,
  { box, rules }: Piece,
  budget: StepBudget,
  used: Set<number> | null,
): { readonly rules: readonly number[]; readonly best: number } | 'covered' {
  let left = rules;
  let best = -1;
  for (let isShrunk = true; isShrunk && budget.left >= 0; ) {
    isShrunk = false;
    best = -1;
    let fewest = Number.NEGATIVE_INFINITY;
    const kept: number[] = [];
    const taken: Ranges[][] = [];
    for (const rule of left) {
      const cut = cutOf(sector, box, rule, budget);
      if (cut === NOTHING) continue;
      if (cut <= SEVERAL) {
        kept.push(rule);
        if (cut > fewest) {
          best = rule;
          fewest = cut;
        }
        continue;
      }
      used?.add(rule);
      if (cut === WHOLE) return 'covered';
      taken[cut] ??= [];
      taken[cut].push(sector.boxes[rule][cut]);
      isShrunk = true;
    }
    if (!takeAway(box, taken, budget)) return 'covered';
    left = kept;
  }
  return { rules: left, best };
}

/**
 * Takes sets away from a box, by axis. All of an axis go at once: one after the other would take a time that is
 * quadratic in their number.
 *
 * @returns whether anything is left.
 */
function takeAway(
  box: Ranges[],
  taken: readonly (readonly Ranges[] | undefined)[],
  budget: StepBudget,
): boolean {
  for (let axis = 0; axis < taken.length; axis++) {
    const sets = taken[axis];
    if (sets === undefined) continue;
    const all = sets.length === 1 ? sets[0] : union(sets);
    budget.left -= all.length + box[axis].length;
    box[axis] = difference(box[axis], all);
    if (box[axis].length === 0) return false;
  }
  return true;
}

/** How a rule cuts a box: `NOTHING`, `WHOLE`, the one axis, or `SEVERAL` and less. */
function cutOf(sector: Sector, box: Box, rule: number, budget: StepBudget): number {
  const own = sector.boxes[rule];
  const limits = sector.limits[rule];
  let cut = WHOLE;
  let several = SEVERAL + 1;
  for (let i = 0; i < limits.length; i++) {
    const axis = limits[i];
    budget.left -= (box[axis].length + own[axis].length) >> 2;
    const lies = relation(box[axis], own[axis]);
    if (lies === APART) return NOTHING;
    if (lies !== CUT) continue;
    if (cut === WHOLE) cut = axis;
    else several -= 1;
  }
  return several <= SEVERAL ? several : cut;
}

/** Subtracts a rule that leaves several pieces. */
function split(
  { box, boxes, limits }: { readonly box: Ranges[]; readonly boxes: Box; readonly limits: Uint8Array },
  rules: readonly number[],
  budget: StepBudget,
  pieces: Piece[],
): void {
  for (const axis of limits) {
    if (relation(box[axis], boxes[axis]) !== CUT) continue;
    const outside = [...box];
    outside[axis] = difference(box[axis], boxes[axis]);
    budget.left -= outside[axis].length + rules.length;
    pieces.push({ box: outside, rules });
    box[axis] = intersection(box[axis], boxes[axis]);
  }
}
