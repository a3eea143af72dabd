import { ConstrainedRules } from './constrained-rules.js';
import { WideKeys } from './wide-keys.js';

/** Room to begin with. */
const TURNS_AT_FIRST = 256;

/**
 * Where rules begin and end on the way through a field's values. A value is 32 bits without a sign, written as int32:
 * a number above 2^31 would be allocated wherever code is not optimised yet.
 */
export class TurnList extends ConstrainedRules {
  /** How many turns there are. */
  count = 0;
  private readonly turns = new WideKeys(TURNS_AT_FIRST);

  /** Of each turn the rule's position and the value; by the value, and then by the position, once `sort` was called. */
  get words(): Int32Array {
    return this.turns.words;
  }

  /**
   * Notes that the rule at `position`, one that is constrained, holds for the values from `low` to `high`, both
   * included. The spans of one rule must not overlap.
   */
  add(low: number, high: number, position: number): void {
    const at = this.count * 2;
    if (at + 4 > this.turns.words.length) this.turns.grow();
    const { words } = this.turns;
    words[at] = position;
    words[at + 1] = low;
    this.count++;
    // There is no value behind the highest one.
    if (high === -1) return;
    words[at + 2] = position;
    words[at + 3] = high + 1;
    this.count++;
  }

  sort(): void {
    this.turns.sort(0, this.count);
  }
}
