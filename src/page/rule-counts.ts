import type { CountsEvent, TableEvent } from './events.js';

/** Passes that are remembered of every rule: at one a second, two minutes. */
export const HISTORY_PASSES = 120;

/**
 * What every rule of the table has counted, how fast it counts, and how fast it has. By position in the table, from 0,
 * in typed arrays: with ten thousand rules the history takes 4.8 MB, and a pass in which all of them count 1 ms.
 */
export class RuleCounts {
  generation = 0;
  ruleCount = 0;
  /** Unix time of the last pass, milliseconds. */
  atMs = 0;
  packets = new Float64Array();
  bytes = new Float64Array();
  /** Per second, between the last two passes. */
  packetRates = new Float64Array();
  byteRates = new Float64Array();
  /** Unix time of the last match, milliseconds; 0 for never. As exact as passes are often. */
  lastMs = new Float64Array();
  /** Passes whose rates are known, up to `HISTORY_PASSES`. */
  passCount = 0;
  private isWhole = false;
  /** Packets per second of all rules in one pass, then in the next; written round and round. */
  private history = new Float32Array();
  private head = 0;
  private readonly times = new Float64Array(HISTORY_PASSES);

  /** Other rules are in use: everything begins again. */
  begin({ generation, rules }: TableEvent): void {
    this.generation = generation;
    this.ruleCount = rules;
    this.packets = new Float64Array(rules);
    this.bytes = new Float64Array(rules);
    this.packetRates = new Float64Array(rules);
    this.byteRates = new Float64Array(rules);
    this.lastMs = new Float64Array(rules);
    this.history = new Float32Array(rules * HISTORY_PASSES);
    this.passCount = 0;
    this.head = 0;
    this.isWhole = false;
  }

  /** Takes over what has been counted. The first event of a table has all of it, and no rate. */
  apply({ generation, at_ms, changes }: CountsEvent): void {
    if (generation !== this.generation) return;
    const seconds = (at_ms - this.atMs) / 1000;
    this.atMs = at_ms;
    // Somebody may have set the clock back: then there is no rate for once.
    const hasRates = this.isWhole && seconds > 0;
    const first = this.head * this.ruleCount;
    if (hasRates) {
      this.packetRates.fill(0);
      this.byteRates.fill(0);
      this.history.fill(0, first, first + this.ruleCount);
    }
    let position = -1;
    for (let i = 0; i < changes.length; i += 3) {
      position += changes[i];
      const packets = changes[i + 1];
      const bytes = changes[i + 2];
      this.packets[position] += packets;
      this.bytes[position] += bytes;
      if (this.isWhole) this.lastMs[position] = at_ms;
      if (!hasRates) continue;
      this.packetRates[position] = packets / seconds;
      this.byteRates[position] = bytes / seconds;
      this.history[first + position] = packets / seconds;
    }
    this.isWhole = true;
    if (!hasRates) return;
    this.times[this.head] = at_ms / 1000;
    this.head = (this.head + 1) % HISTORY_PASSES;
    this.passCount = Math.min(this.passCount + 1, HISTORY_PASSES);
  }

  /**
   * Packets per second of a rule, the oldest first.
   *
   * @param passes how many at most, to the last one.
   */
  rates(position: number, passes: number = HISTORY_PASSES): number[] {
    return this.places(passes).map((place) => this.history[place * this.ruleCount + position]);
  }

  /** Unix times of the same passes, seconds. */
  passTimes(passes: number = HISTORY_PASSES): number[] {
    return this.places(passes).map((place) => this.times[place]);
  }

  private places(passes: number): number[] {
    const length = Math.min(passes, this.passCount);
    return Array.from({ length }, (_, i) => (this.head - length + i + HISTORY_PASSES) % HISTORY_PASSES);
  }
}
