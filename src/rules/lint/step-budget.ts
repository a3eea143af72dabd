/**
 * How much may be spent on questions that can take forever: subtracting boxes from one another is exponential at
 * worst. Steps are counted, not time, so that the same table gets the same answers on every machine.
 *
 * Every rule is given its share; what it does not use is left to those after it.
 */
export class StepBudget {
  /** Of the question at hand; below 0 when it has to be given up. */
  left = 0;
  private saved = 0;
  private begun = 0;

  /**
   * @param perRule steps that each rule adds.
   * @param perRuleMax steps that one rule may take at most.
   */
  constructor(
    private readonly perRule: number,
    private readonly perRuleMax: number,
  ) {}

  /** The turn of the next rule. */
  beginRule(): void {
    this.saved += Math.max(this.left, 0) - this.begun + this.perRule;
    this.begun = Math.min(this.saved, this.perRuleMax);
    this.left = this.begun;
  }
}
