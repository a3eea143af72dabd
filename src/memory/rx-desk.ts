import { InvariantError } from '../errors.js';
import type { PoolLayout } from './pool-layout.js';

/*
 * What rx is at, beside its hand: in the words where a worker has its send queue. Written by rx, read by its
 * successor (source/rx-predecessor.ts).
 *
 *   | open | packets cell | drop cell | buffer | worker | (spare) | packets | bytes | drops | worker 0: staged, cursor | ...
 *
 *   word                   type     meaning
 *   open                   int32    1 while an entry is being carried out: it may be carried out again
 *   packets, drop cell     int32    the counter cells of the entry; the bytes follow the packets; -1: no drop
 *   buffer, worker         int32    the buffer that is dropped, the last in this worker's hand; -1: none
 *   packets, bytes, drops  float64  what those cells hold when the entry is done
 *   staged                 int32    buffers in the hand for a worker, those already pushed included
 *   cursor                 int32    where in the worker's ring the first of them belongs
 */
const OPEN = 0;
const PACKETS_CELL = 1;
const DROP_CELL = 2;
const BUFFER = 3;
const WORKER = 4;
const NUMBERS_WORD = 6;
const PACKETS = 0;
const BYTES = 1;
const DROPS = 2;
const NUMBER_COUNT = 3;
/** Changes no offset of a worker's words, and tells V8 that sums of it do not overflow. */
const WORKER_WORD_MASK = 0xffff;
const WORKERS_WORD = NUMBERS_WORD + 2 * NUMBER_COUNT;

/** Where rx notes what it is about to do, in absolute values: carried out twice it is the same as once. */
export class RxDesk {
  private readonly words: Int32Array;
  private readonly numbers: Float64Array;

  /** @param state the pool's state. */
  constructor(state: Int32Array, layout: PoolLayout, threadIndex: number) {
    const first = layout.threadWord(threadIndex) + layout.queueOffset;
    if (layout.shape.handBuffers < WORKERS_WORD + 2) {
      throw new InvariantError(`pool: a hand of ${layout.shape.handBuffers} buffers is too small for rx`);
    }
    this.words = state.subarray(first, first + layout.shape.handBuffers);
    const byteOffset = this.words.byteOffset + NUMBERS_WORD * Int32Array.BYTES_PER_ELEMENT;
    this.numbers = new Float64Array(state.buffer, byteOffset, NUMBER_COUNT);
  }

  staged(worker: number): number {
    return this.words[WORKERS_WORD + ((worker << 1) & WORKER_WORD_MASK)];
  }

  /** Cursor of the worker's ring at which the first staged buffer is pushed. */
  cursor(worker: number): number {
    return this.words[WORKERS_WORD + 2 * worker + 1];
  }

  setStaged(worker: number, count: number): void {
    this.words[WORKERS_WORD + ((worker << 1) & WORKER_WORD_MASK)] = count | 0;
  }

  /** The hand is empty. In this order: without staged buffers the cursor means nothing. */
  clear(worker: number, cursor: number): void {
    this.words[WORKERS_WORD + 2 * worker] = 0;
    this.words[WORKERS_WORD + 2 * worker + 1] = cursor;
  }

  /**
   * Opens an entry: `packets` and `bytes` more in the cells from `packetsCell`, and one more in `dropCell`.
   *
   * @param dropCell -1 where nothing is dropped.
   * @param buffer -1 where no buffer is dropped.
   */
  open(
    cells: Float64Array,
    packetsCell: number,
    packets: number,
    bytes: number,
    dropCell: number,
    buffer: number,
    worker: number,
  ): void {
    const { words, numbers } = this;
    words[PACKETS_CELL] = packetsCell;
    words[DROP_CELL] = dropCell;
    words[BUFFER] = buffer;
    words[WORKER] = worker;
    numbers[PACKETS] = cells[packetsCell] + packets;
    numbers[BYTES] = cells[packetsCell + 1] + bytes;
    if (dropCell >= 0) numbers[DROPS] = cells[dropCell] + 1;
    // Last: until here nothing has happened, from here on all of it has, whoever carries it out.
    words[OPEN] = 1;
  }

  carryOut(cells: Float64Array): void {
    const { words, numbers } = this;
    const packetsCell = words[PACKETS_CELL];
    cells[packetsCell] = numbers[PACKETS];
    cells[packetsCell + 1] = numbers[BYTES];
    if (words[DROP_CELL] >= 0) cells[words[DROP_CELL]] = numbers[DROPS];
  }

  close(): void {
    this.words[OPEN] = 0;
  }

  isOpen(): boolean {
    return this.words[OPEN] !== 0;
  }

  get droppedBuffer(): number {
    return this.words[BUFFER];
  }

  get droppedOf(): number {
    return this.words[WORKER];
  }
}
