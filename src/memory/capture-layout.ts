import { InvariantError } from '../errors.js';
import { CACHE_LINE_WORDS, isPowerOfTwo, WORD_BYTES } from './layout.js';
import { DESCRIPTOR_WORDS } from './pool-layout.js';

/*
 * How packets of chosen rules get from the workers to stats: orders from stats to all workers, a ring of bytes from
 * each worker to stats, and what stats has to remember over its own death.
 *
 *   orders  | (empty line) | epoch | last number | (rest of line) | order 0: number, slot, snap bytes | order 1 | ... |
 *   ring    | (empty line) | write cursor | missed, one an order | (rest of line) | read cursor | (rest of line) | words |
 *   record  | record words | number | slot | generation | descriptor, 4 words | frame, up to `snap bytes` |
 *   totals  | (Float64 cells of stats/capture/capture-totals.ts) |
 *
 *   word          type      writer   readers           meaning
 *   epoch         int32     stats    workers           goes up with every change of an order (wraps)
 *   last number   int32     stats    its successor     number of the capture that was begun last
 *   number        int32     stats    workers           of the capture, from 1: no two have the same
 *   slot          int32     stats    workers           outcome slot of its rule, or NO_SLOT where there is no capture
 *   snap bytes    int32     stats    workers           bytes of a frame to copy at most
 *   write cursor  int32     worker   stats             words ever written, free-running, wraps at 2^32
 *   missed        int32[]   worker   stats             packets of an order that found no room (wraps)
 *   read cursor   int32     stats    worker            words ever read, free-running, wraps at 2^32
 *   words         int32[]   worker   stats             word of cursor c: c & (ringWords - 1); a record may go round the end
 *
 * A worker copies the orders where it sees another epoch, between two bursts, while stats may be at the next change:
 * what it has may be of two captures for as long as a burst takes. So each record says which capture and which slot it
 * is of, and stats takes none that does not fit.
 */

/** Captures at a time. */
export const CAPTURES_MAX = 4;
/**
 * Words of a worker's ring, 4 MiB: a hundredth of a second at 400 MB/s, twice the time between two looks of stats. It is
 * not resident before there is a capture.
 */
export const CAPTURE_RING_WORDS = 1 << 20;
/** Words of a ring in which nothing is ever captured. */
export const IDLE_RING_WORDS = 64;
/** No rule's: nothing is captured. */
export const NO_SLOT = -1;

export const ORDERS_EPOCH = CACHE_LINE_WORDS;
export const ORDERS_LAST_NUMBER = ORDERS_EPOCH + 1;
const ORDERS_FIRST = ORDERS_EPOCH + CACHE_LINE_WORDS;
/** Words of an order, from its first. */
export const ORDER_NUMBER = 0;
export const ORDER_SLOT = 1;
export const ORDER_SNAP_BYTES = 2;
const ORDER_WORDS = 3;

/** Words of a record, from its first; the descriptor is the one of the pool. */
export const RECORD_WORDS = 0;
export const RECORD_NUMBER = 1;
export const RECORD_SLOT = 2;
export const RECORD_GENERATION = 3;
export const RECORD_DESCRIPTOR = 4;
/** Of a record without its frame. */
export const RECORD_HEADER_WORDS = RECORD_DESCRIPTOR + DESCRIPTOR_WORDS;

/** First word of an order. */
export function orderWord(order: number): number {
  return ORDERS_FIRST + order * ORDER_WORDS;
}

export class CaptureRingLayout {
  /** Not the first line: that one may be shared with whatever malloc has put in front of the buffer. */
  readonly writeCursorWord = CACHE_LINE_WORDS;
  readonly missedWord = this.writeCursorWord + 1;
  readonly readCursorWord = this.writeCursorWord + CACHE_LINE_WORDS;
  readonly firstWord = this.readCursorWord + CACHE_LINE_WORDS;
  readonly mask: number;
  readonly bytes: number;

  /** @param ringWords capacity, a power of two up to 2^30, so that a cursor difference stays positive. */
  constructor(readonly ringWords: number) {
    if (!isPowerOfTwo(ringWords) || ringWords > 2 ** 30) {
      throw new InvariantError(`capture ring: words must be a power of two up to 2^30, not ${ringWords}`);
    }
    this.mask = ringWords - 1;
    this.bytes = (this.firstWord + ringWords) * WORD_BYTES;
  }
}

/** What one worker needs to capture. */
export interface CaptureTapMemory {
  readonly orders: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
  readonly ringWords: number;
}

/** All of it, as main allocates it. */
export interface CaptureMemory {
  readonly orders: SharedArrayBuffer;
  /** One a worker. */
  readonly rings: readonly SharedArrayBuffer[];
  readonly ringWords: number;
  readonly totals: SharedArrayBuffer;
}

/** Float64 cells of the totals: a line of them is enough. */
const TOTAL_CELLS = 32;

/**
 * Allocates it, with no capture ordered.
 *
 * @param ringWords words of each ring, a power of two.
 */
export function createCaptureMemory(workerCount: number, ringWords: number): CaptureMemory {
  const orders = new SharedArrayBuffer((orderWord(CAPTURES_MAX) + CACHE_LINE_WORDS) * WORD_BYTES);
  const words = new Int32Array(orders);
  for (let order = 0; order < CAPTURES_MAX; order++) words[orderWord(order) + ORDER_SLOT] = NO_SLOT;
  const { bytes } = new CaptureRingLayout(ringWords);
  return {
    orders,
    rings: Array.from({ length: workerCount }, () => new SharedArrayBuffer(bytes)),
    ringWords,
    totals: new SharedArrayBuffer(TOTAL_CELLS * Float64Array.BYTES_PER_ELEMENT),
  };
}

/** A worker's part of it. */
export function captureTapMemory(
  { orders, rings, ringWords }: CaptureMemory,
  worker: number,
): CaptureTapMemory {
  return { orders, ring: rings[worker], ringWords };
}
