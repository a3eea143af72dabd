import { Explorer, type Scenario } from './explorer.js';
import { Violation } from './stepped-memory.js';

/** What a test has explored in all, for the figures in its output. */
export class Exploration {
  states = 0;
  steps = 0;
  schedules = 0;
  private readonly beganMs = performance.now();

  /** @throws Violation with the scenario's name and the steps that led to it. */
  explore(scenario: Scenario, name: string): void {
    try {
      const { states, steps, schedules } = new Explorer(scenario).explore();
      this.states += states;
      this.steps += steps;
      this.schedules += schedules;
    } catch (error) {
      if (error instanceof Violation) error.message += `\n  in ${name}`;
      throw error;
    }
  }

  report(): string {
    const seconds = (performance.now() - this.beganMs) / 1000;
    return (
      `${this.states} states, ${this.steps} steps, ${this.schedules.toPrecision(3)} schedules, ` +
      `${seconds.toFixed(1)} s`
    );
  }
}
