import type { FrameBatch } from './frame-batch.js';

/** `Source.read` has nothing more to give, ever. */
export const SOURCE_FINISHED = -1;

/**
 * Where frames come from. Created on the rx thread, does nothing until `open()`.
 *
 * The rx loop is its only caller: `read` in a loop, `block` or `waitMs` after a `read` that returned 0.
 */
export interface Source {
  /** Labels of the interfaces, by the index that frames carry; fixed before `open`. */
  readonly interfaces: readonly string[];
  /**
   * How long the rx loop may hold the source back while a ring or the pool is full, milliseconds:
   * `Infinity` for a file, which loses nothing; 0 where frames come whether or not there is room (demo);
   * in between where they wait in the kernel's ring for a while. What finds no room then is dropped.
   */
  readonly patienceMs: number;

  /** Opens what it reads from. Throws an `UpeError` that says what to do when that is not possible. */
  open(): void;

  /**
   * Goes on where the source of a thread that died has stopped; without it there is no such place. Called once,
   * after `open`.
   *
   * @param dealt frames ever given that are in a ring, dropped or in rx's hand, modulo 2^32; those given after
   *   them are to be given again.
   */
  resume?(dealt: number): void;

  /**
   * Fills the batch from its beginning with the frames that are due.
   *
   * @param batch refilled; its frames are valid until the next call. Its `nowMs` says what time it is.
   * @returns frames in the batch, 0 when none is due now, `SOURCE_FINISHED` at the end of all input.
   */
  read(batch: FrameBatch): number;

  /**
   * How long nothing can become due, after a `read` that returned 0.
   *
   * @param nowMs the caller's monotonic clock, milliseconds.
   * @returns milliseconds from 0; the rx loop sleeps at most that long.
   */
  waitMs(nowMs: number): number;

  /**
   * Blocks until frames may have come or somebody has rung the rx thread's doorbell, `timeoutMs`
   * milliseconds at most. `null` for a source whose frames become due by the clock.
   */
  readonly block: ((timeoutMs: number) => void) | null;

  /**
   * True when frames come many at a time, with pauses between: workers are then woken late, for all of them
   * at once. False when the next ones are there as soon as these are dealt with, or wait for nobody.
   */
  readonly comesInBlocks: boolean;

  /** Frames of an interface that the kernel had no room for, since the last call. */
  takeKernelDrops(interfaceIndex: number): number;

  /** Bytes taken from files so far, for a progress display; 0 where that has no meaning. */
  readonly bytesRead: number;

  /** Releases everything. May be called twice, and after a failed `open`. */
  close(): void;
}
