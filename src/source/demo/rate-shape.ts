import type { Prng } from './prng.js';

/** The pattern repeats after this time, so every whole minute, wherever it begins, has the same average. */
export const PERIOD_MS = 60_000;
/** The rate is constant within a slot. */
export const SLOT_MS = 50;
const SLOT_COUNT = PERIOD_MS / SLOT_MS;

/** The slow swing goes this far above and below the average. */
const SWING = 0.25;
const QUIET_SPACING_MS = 20_000;
/** What is left of the rate in a quiet spell. */
const QUIET_FACTOR = 0.01;
const BURST_SPACING_MS = 5_000;

/**
 * The rate of the demo traffic over time, as a multiple of its average: a slow swing, a burst every five
 * seconds or so, a quiet spell every twenty. The average over a period is exactly 1.
 */
export class RateShape {
  private readonly factors = new Float64Array(SLOT_COUNT);
  /** Sum of the factors before each slot, and of all of them at the end. */
  private readonly factorsBefore = new Float64Array(SLOT_COUNT + 1);

  /** @param random decides where bursts and quiet spells lie, and how long and high they are. */
  constructor(random: Prng) {
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      this.factors[slot] = 1 + SWING * Math.sin((2 * Math.PI * slot) / SLOT_COUNT);
    }
    for (let startMs = 0; startMs < PERIOD_MS; startMs += BURST_SPACING_MS) {
      const burstMs = random.between(200, 500);
      this.fill(startMs + random.between(0, BURST_SPACING_MS - 500), burstMs, 2 + random.fraction());
    }
    // After the bursts: a burst that falls into a quiet spell is silenced, never the other way round.
    const firstQuietMs = random.between(6_000, 14_000);
    for (let startMs = firstQuietMs; startMs < PERIOD_MS; startMs += QUIET_SPACING_MS) {
      this.fill(startMs, random.between(1_000, 2_000), QUIET_FACTOR);
    }
    this.normalise();
  }

  /** The rate at a time, as a multiple of the average. */
  factorAt(elapsedMs: number): number {
    return this.factors[Math.floor((elapsedMs % PERIOD_MS) / SLOT_MS)];
  }

  /** The integral of the factor from 0 to a time, in milliseconds of average rate. */
  integralTo(elapsedMs: number): number {
    const inPeriodMs = elapsedMs % PERIOD_MS;
    const slot = Math.floor(inPeriodMs / SLOT_MS);
    const inSlotMs = inPeriodMs - slot * SLOT_MS;
    return elapsedMs - inPeriodMs + this.factorsBefore[slot] * SLOT_MS + this.factors[slot] * inSlotMs;
  }

  private fill(startMs: number, lengthMs: number, factor: number): void {
    const firstSlot = Math.round(startMs / SLOT_MS);
    this.factors.fill(factor, firstSlot, firstSlot + Math.round(lengthMs / SLOT_MS));
  }

  private normalise(): void {
    const sum = this.factors.reduce((total, factor) => total + factor, 0);
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      this.factors[slot] *= SLOT_COUNT / sum;
      this.factorsBefore[slot + 1] = this.factorsBefore[slot] + this.factors[slot];
    }
  }
}
