import { doubled } from './doubled.js';

/** The rules that rule out some value of a field. What no rule asks of a field costs nothing. */
export class ConstrainedRules {
  /** Their positions, ascending. */
  constrained = new Int32Array(256);
  constrainedCount = 0;

  /** Notes that the rule at `position` does not hold for all values. To be called in the order of the positions. */
  constrain(position: number): void {
    if (this.constrainedCount === this.constrained.length) this.constrained = doubled(this.constrained);
    this.constrained[this.constrainedCount++] = position;
  }
}
