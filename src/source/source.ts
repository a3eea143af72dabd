import type { FrameBatch } from './frame-batch.js';

/** `Source.read` has nothing more to give, ever. */
export const SOURCE_FINISHED = -1;

/**
 * Where frames come from. Created on the rx thread, does nothing until `open()`.
 *
 * The rx loop is its only caller: `read` in a loop, `waitMs` after a `read` that returned 0.
 */
export interface Source {
  /** Labels of the interfaces, by the index that frames carry; fixed before `open`. */
  readonly interfaces: readonly string[];
  /**
   * True when the source can wait (a file): the rx loop then holds it back while rings or pool are
   * full. False when frames come whether or not there is room (live, demo): they are dropped, counted.
   */
  readonly canWait: boolean;

  /** Opens what it reads from. Throws an `UpeError` that says what to do when that is not possible. */
  open(): void;

  /**
   * Fills the batch from its beginning with the frames that are due.
   *
   * @param batch refilled; its frames are valid until the next call.
   * @param nowMs the caller's monotonic clock, milliseconds.
   * @returns frames in the batch, 0 when none is due now, `SOURCE_FINISHED` at the end of all input.
   */
  read(batch: FrameBatch, nowMs: number): number;

  /**
   * How long nothing can become due, after a `read` that returned 0.
   *
   * @param nowMs the caller's monotonic clock, milliseconds.
   * @returns milliseconds from 0; the rx loop sleeps at most that long.
   */
  waitMs(nowMs: number): number;

  /** Bytes taken from files so far, for a progress display; 0 where that has no meaning. */
  readonly bytesRead: number;

  /** Releases everything. May be called twice, and after a failed `open`. */
  close(): void;
}
