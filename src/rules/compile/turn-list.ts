/** More rules than a table can have: a power of two, so that value and rule fit in a double, and come apart exactly. */
const RULES_MAX = 2 ** 20;

/**
 * Where rules begin and end on the way through a field's values, each a value and the position of a rule, in one
 * double: typed arrays of them sort without a call a comparison, and nothing is allocated a rule.
 */
export class TurnList {
  private turns = new Float64Array(1024);
  private count = 0;

  /** @param lowest the lowest value of the field, at least -2^31. */
  constructor(private readonly lowest: number) {}

  /**
   * Notes that the rule at `position` holds for the values from `low` to `high`, both included and below 2^32. The
   * spans of one rule must not overlap.
   */
  add(low: number, high: number, position: number): void {
    if (this.count + 2 > this.turns.length) this.grow();
    const { turns, lowest } = this;
    turns[this.count++] = (low - lowest) * RULES_MAX + position;
    turns[this.count++] = (high + 1 - lowest) * RULES_MAX + position;
  }

  /** @returns all of them by their values, and then by the rules' positions. To be called once. */
  sorted(): { readonly values: Float64Array; readonly positions: Int32Array } {
    const { count, lowest } = this;
    const turns = this.turns.subarray(0, count).sort();
    const values = new Float64Array(count);
    const positions = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      // Not with `%`, which is a call for doubles: it was a quarter of the time of a sweep.
      const value = Math.floor(turns[i] / RULES_MAX);
      values[i] = value + lowest;
      positions[i] = turns[i] - value * RULES_MAX;
    }
    return { values, positions };
  }

  private grow(): void {
    const turns = new Float64Array(this.turns.length * 2);
    turns.set(this.turns);
    this.turns = turns;
  }
}
