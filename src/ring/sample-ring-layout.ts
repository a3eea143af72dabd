import { InvariantError } from '../errors.js';
import { CACHE_LINE_WORDS, isPowerOfTwo, WORD_BYTES } from '../memory/layout.js';

/*
 * A ring of sampled packets from one worker to stats: the protocol of ring-layout.ts with whole records in the slots,
 * and with the interval that stats wants to be sampled at.
 *
 *   | (empty line) | write cursor | read cursor, interval | losses | record 0 | record 1 | ... | record n-1 |
 *
 *   word           type      writer     readers    meaning
 *   write cursor   int32     worker     stats      records ever written, free-running, wraps at 2^32
 *   read cursor    int32     stats      worker     records ever read, free-running, wraps at 2^32
 *   interval       int32     stats      worker     one packet in so many is wanted, from 1
 *   losses         float64   worker     worker     what found no room and has not been told yet: LOSS_CELLS numbers
 *   records        int32[]   worker     stats      record of cursor c: c & (slots - 1)
 *
 * A line each for what is in front of the records. A record is 16 words, so that none straddles a line:
 *
 *   word      of a sample                                     of a loss
 *   0         outcome slot                                    RECORD_LOSS
 *   1         interval that it was taken at                   -
 *   2         bytes on the wire                               -
 *   3         protocol         \                              -
 *   4, 5      ports, or -1     |  the flow's key              float64 from word 4 on: LOSS_CELLS numbers
 *   6         IP version       \                              |
 *   7 to 10   source           |  the source's key            |
 *   11        IP version       \                              |
 *   12 to 15  destination      |  the destination's key       |
 */
export const RECORD_WORDS = 16;
export const RECORD_SLOT = 0;
export const RECORD_INTERVAL = 1;
export const RECORD_WIRE_BYTES = 2;
export const RECORD_FLOW = 3;
export const RECORD_SOURCE = 6;
export const RECORD_DESTINATION = 11;
/** Words of the keys that begin there. A flow's holds the two others. */
export const FLOW_KEY_WORDS = RECORD_WORDS - RECORD_FLOW;
export const ADDRESS_KEY_WORDS = RECORD_DESTINATION - RECORD_SOURCE;
/** In the place of the outcome slot: samples have been lost in front of this record. */
export const RECORD_LOSS = -1;
/** First float64 of a loss, counted from the record's own first one. */
export const RECORD_LOSS_CELL = 2;

/** Cells of a loss: samples; packets and bytes that they stood for; the sampling variance of either. */
export const LOSS_SAMPLES = 0;
export const LOSS_PACKETS = 1;
export const LOSS_BYTES = 2;
export const LOSS_PACKETS_VARIANCE = 3;
export const LOSS_BYTES_VARIANCE = 4;
export const LOSS_CELLS = 5;

/** One packet in more than this is never wanted: the longest gap between two must stay below 2^31. */
export const INTERVAL_MAX = 2 ** 26;

export class SampleRingLayout {
  /** Not the first line: that one may be shared with whatever malloc has put in front of the buffer. */
  readonly writeCursorWord = CACHE_LINE_WORDS;
  readonly readCursorWord: number;
  readonly intervalWord: number;
  /** First float64 of the losses. */
  readonly lossCell: number;
  readonly recordsWord: number;
  readonly slotMask: number;
  readonly bytes: number;

  /** @param slots records that there is room for, a power of two up to 2^20. */
  constructor(readonly slots: number) {
    if (!isPowerOfTwo(slots) || slots > 2 ** 20) {
      throw new InvariantError(`sample ring: slots must be a power of two up to 2^20, not ${slots}`);
    }
    this.readCursorWord = this.writeCursorWord + CACHE_LINE_WORDS;
    this.intervalWord = this.readCursorWord + 1;
    const lossWord = this.readCursorWord + CACHE_LINE_WORDS;
    this.lossCell = (lossWord * WORD_BYTES) / Float64Array.BYTES_PER_ELEMENT;
    this.recordsWord = lossWord + CACHE_LINE_WORDS;
    this.slotMask = slots - 1;
    this.bytes = (this.recordsWord + slots * RECORD_WORDS) * WORD_BYTES;
  }
}

/** A ring of samples as it is handed to threads. */
export interface SampleRingMemory {
  readonly slots: number;
  readonly buffer: SharedArrayBuffer;
}

/** Allocates a ring, resident and empty, of which every packet is wanted. */
export function createSampleRing(slots: number): SampleRingMemory {
  const layout = new SampleRingLayout(slots);
  const buffer = new SharedArrayBuffer(layout.bytes);
  const words = new Int32Array(buffer).fill(0);
  words[layout.intervalWord] = 1;
  return { slots, buffer };
}
