import { NO_TIMESTAMP_MS } from './capture/record-reader.js';

/**
 * How fast a capture is played: as fast as it can be read, as its timestamps say, or at an even rate.
 * `packetsPerSecond` is positive and may have a fraction.
 */
export type Pace =
  | { readonly kind: 'max' }
  | { readonly kind: 'realtime' }
  | { readonly kind: 'rate'; readonly packetsPerSecond: number };

/** Decides when a packet is due. Times are the caller's monotonic clock, milliseconds. */
export interface Pacer {
  /** Another file begins, or the same one again. */
  startFile(): void;

  /**
   * Asks for the next packet.
   *
   * @param timestampMs when it was captured, milliseconds since 1970, or `NO_TIMESTAMP_MS`.
   * @returns true when it is due: it counts as sent. False: ask again later, for the same packet.
   */
  admit(timestampMs: number, nowMs: number): boolean;

  /** @returns milliseconds from 0 until the packet that was refused last is due. */
  waitMs(nowMs: number): number;
}

/** Chooses the pacer for a pace. */
export function createPacer(pace: Pace): Pacer {
  switch (pace.kind) {
    case 'max':
      return new MaxPacer();
    case 'realtime':
      return new RealtimePacer();
    case 'rate':
      return new RatePacer(pace.packetsPerSecond);
  }
}

class MaxPacer implements Pacer {
  startFile(): void {}

  admit(): boolean {
    return true;
  }

  waitMs(): number {
    return 0;
  }
}

/**
 * Plays a file as it was captured: its first packet at once, and each other one as long after the first
 * as its timestamp says. A packet that seems to precede the first, or the one before it, is overdue and
 * goes at once; a gap is waited out as it is.
 */
class RealtimePacer implements Pacer {
  /** Add to a timestamp to have its due time; meaningless until `hasStarted`. */
  private clockOffsetMs = 0;
  private hasStarted = false;
  private dueMs = 0;

  startFile(): void {
    this.hasStarted = false;
  }

  admit(timestampMs: number, nowMs: number): boolean {
    if (timestampMs === NO_TIMESTAMP_MS) return true;
    if (!this.hasStarted) {
      this.hasStarted = true;
      this.clockOffsetMs = nowMs - timestampMs;
    }
    this.dueMs = timestampMs + this.clockOffsetMs;
    return this.dueMs <= nowMs;
  }

  waitMs(nowMs: number): number {
    return Math.max(0, this.dueMs - nowMs);
  }
}

/** What a late caller is allowed to make up for; more would turn a pause into a flood. */
const BACKLOG_MAX_MS = 100;

/** Plays at an even rate, across files and rounds. */
class RatePacer implements Pacer {
  /** When packet 0 was due. */
  private startMs = 0;
  /** Packets since `startMs`; -1 before the first. Multiplied, not added up, so that no error grows. */
  private sentCount = -1;

  constructor(private readonly packetsPerSecond: number) {}

  startFile(): void {}

  admit(_timestampMs: number, nowMs: number): boolean {
    if (this.sentCount < 0) {
      this.startMs = nowMs;
      this.sentCount = 0;
    }
    const lateMs = nowMs - this.nextDueMs();
    if (lateMs < 0) return false;
    if (lateMs > BACKLOG_MAX_MS) this.startMs += lateMs - BACKLOG_MAX_MS;
    this.sentCount += 1;
    return true;
  }

  waitMs(nowMs: number): number {
    return Math.max(0, this.nextDueMs() - nowMs);
  }

  private nextDueMs(): number {
    return this.startMs + (this.sentCount * 1000) / this.packetsPerSecond;
  }
}
