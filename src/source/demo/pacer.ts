import { type RateShape, SLOT_MS } from './rate-shape.js';

/**
 * Frames that were due and not fetched are kept for this long at the average rate; the rest is skipped.
 * At the default rate that is one ring full: a thread that lost its processor must not make the demo drop.
 */
const BACKLOG_MS = 20;
/** An idle source is asked again no sooner than this. */
const WAIT_MS_MIN = 1;

/** Says how many frames are due. Its clock starts with the first call. */
export class Pacer {
  private originMs = -1;
  /** Frames given or skipped since the origin. */
  private pastFrames = 0;
  private readonly framesPerMs: number;
  private readonly backlogFramesMax: number;

  /** @param packetsPerSecond the average over a period, from 0. */
  constructor(
    private readonly shape: RateShape,
    packetsPerSecond: number,
  ) {
    this.framesPerMs = packetsPerSecond / 1000;
    // One more, so that a frame that is a little late is not cut down to a fraction at rates below 10.
    this.backlogFramesMax = this.framesPerMs * BACKLOG_MS + 1;
  }

  /**
   * Takes frames that are due.
   *
   * @param nowMs monotonic clock, milliseconds from 0.
   * @param framesMax the most to take, from 1.
   * @returns frames taken, 0 to `framesMax`.
   */
  take(nowMs: number, framesMax: number): number {
    if (this.originMs < 0) this.originMs = nowMs;
    const dueFrames = this.framesPerMs * this.shape.integralTo(nowMs - this.originMs);
    if (dueFrames - this.pastFrames > this.backlogFramesMax) {
      this.pastFrames = dueFrames - this.backlogFramesMax;
    }
    const takenFrames = Math.max(0, Math.min(framesMax, Math.floor(dueFrames - this.pastFrames)));
    this.pastFrames += takenFrames;
    return takenFrames;
  }

  /**
   * How long until the next frame, or until the rate changes if that comes first.
   *
   * @param nowMs monotonic clock, milliseconds.
   * @returns milliseconds, 1 to `SLOT_MS`.
   */
  waitMs(nowMs: number): number {
    if (this.originMs < 0) return WAIT_MS_MIN;
    const elapsedMs = nowMs - this.originMs;
    const missingFrames = this.pastFrames + 1 - this.framesPerMs * this.shape.integralTo(elapsedMs);
    const untilFrameMs = missingFrames / (this.framesPerMs * this.shape.factorAt(elapsedMs));
    const untilSlotEndMs = SLOT_MS - (elapsedMs % SLOT_MS);
    return Math.max(WAIT_MS_MIN, Math.min(untilFrameMs, untilSlotEndMs));
  }
}
