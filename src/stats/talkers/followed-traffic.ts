import { type Estimate, TalkerWindow } from './talker-window.js';

/** What found no room among the samples. */
export interface Loss {
  readonly samples: number;
  readonly packets: Estimate;
  readonly bytes: Estimate;
}

export const NO_LOSS: Loss = {
  samples: 0,
  packets: { estimate: 0, variance: 0 },
  bytes: { estimate: 0, variance: 0 },
};

/**
 * The traffic of one rule, or all of it, in two windows that take turns: the one that is filled, and the one before
 * it. So an answer is of the last one to two windows' time, and what is older goes.
 */
export class FollowedTraffic {
  recent: TalkerWindow;
  earlier: TalkerWindow;
  /** Monotonic time at which somebody asked for it, milliseconds. */
  askedMs = Number.NEGATIVE_INFINITY;

  /**
   * @param entries of each summary at most.
   * @param sinceMs monotonic time from which on the windows know everything, milliseconds.
   */
  constructor(
    entries: number,
    public sinceMs: number,
  ) {
    this.recent = new TalkerWindow(entries);
    this.earlier = new TalkerWindow(entries);
  }

  /** Packets in both windows: an estimate. */
  get packets(): number {
    return this.recent.totals.packets.estimate + this.earlier.totals.packets.estimate;
  }

  /** @param beganMs monotonic time at which the recent window began, milliseconds. */
  rotate(beganMs: number): void {
    const { recent, earlier } = this;
    earlier.clear();
    this.recent = earlier;
    this.earlier = recent;
    this.sinceMs = Math.max(this.sinceMs, beganMs);
  }

  /** From now on it is another rule's. */
  restart(sinceMs: number): void {
    this.recent.clear();
    this.earlier.clear();
    this.sinceMs = sinceMs;
    this.askedMs = Number.NEGATIVE_INFINITY;
  }
}
