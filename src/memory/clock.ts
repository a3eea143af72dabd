/**
 * The time as every thread of the process sees it. `performance.now()` counts from each thread's own
 * start; this clock counts from the kernel's CLOCK_MONOTONIC, so that one thread's stamp can be
 * subtracted from another's.
 */
export interface Clock {
  /** Milliseconds, monotonic, with fractions; the same origin in every thread. */
  nowMs(): number;
  /** Unix time, milliseconds; may step when the system's clock is set. */
  unixMs(): number;
}

/** A time in milliseconds as microseconds modulo 2^32, an int32: differences are right up to 35 minutes. */
export function microseconds(timeMs: number): number {
  return (timeMs * 1000) | 0;
}

// Node.js gives the global of this name out through a getter, which would be called at every reading.
const { performance } = globalThis;

/** Readings of both clocks to compare; the pair that was taken closest together counts. */
const OFFSET_READINGS = 100;

export class MonotonicClock implements Clock {
  private readonly offsetMs = measureOffsetMs();

  nowMs(): number {
    return performance.now() + this.offsetMs;
  }

  unixMs(): number {
    return Date.now();
  }
}

/**
 * CLOCK_MONOTONIC minus `performance.now()` in this thread: constant, but only to be had by reading
 * both. A thread that loses its processor between the readings would be off by that much, so the
 * tightest of many counts: its error is half its width, well under a microsecond.
 */
function measureOffsetMs(): number {
  let narrowest = Number.POSITIVE_INFINITY;
  let offsetMs = 0;
  for (let i = 0; i < OFFSET_READINGS; i++) {
    const before = process.hrtime.bigint();
    const now = performance.now();
    const after = process.hrtime.bigint();
    const width = Number(after - before);
    if (width >= narrowest) continue;
    narrowest = width;
    offsetMs = (Number(before) + width / 2) / 1e6 - now;
  }
  return offsetMs;
}
