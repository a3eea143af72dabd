import type { Clock } from '../memory/clock.js';

/**
 * How long the rx loop still waits for one thing that is full: a ring, or the pool. It holds the whole
 * source up meanwhile, so a worker that stays slow must not be waited for again and again: what is spent
 * comes back only when there is plenty of room once more.
 */
export class Patience {
  private sinceMs = -1;

  /** @param limitMs 0 for none, `Infinity` for ever. */
  constructor(private readonly limitMs: number) {}

  /** True when some of it has been used. */
  isTouched(): boolean {
    return this.sinceMs >= 0;
  }

  /** Looks at the clock only where there is a limit: a reading takes as long as a few packets. */
  mayWait(clock: Clock): boolean {
    if (this.limitMs === Number.POSITIVE_INFINITY) return true;
    const nowMs = clock.nowMs();
    if (this.sinceMs < 0) this.sinceMs = nowMs;
    return nowMs - this.sinceMs < this.limitMs;
  }

  renew(): void {
    this.sinceMs = -1;
  }
}
