import { InvariantError } from '../errors.js';
import { alignUp, CACHE_LINE_WORDS, PAGE_BYTES, WORD_BYTES } from './layout.js';

/*
 * The packet pool lies in two SharedArrayBuffers.
 *
 *   frames   | padding | buffer 0 | buffer 1 | ...           `bufferBytes` each, buffer 0 at a page boundary
 *
 *   state    | lock    | free count | free list              the global list, a stack of buffer indexes
 *   (words)  | thread 0: count, taken, returned | cache | hand
 *            | thread 1: ...
 *            | descriptor 0 | descriptor 1 | ...             8 words a buffer
 *
 *   word             type    writer              readers        meaning
 *   lock             int32   who holds it        everybody      0, or 1 + index of the thread that holds it
 *   free count       int32   lock holder         lock holder    buffers in the global list
 *   free list        int32[] lock holder         lock holder    their indexes, top at free count - 1
 *   cache count      int32   its thread          its thread     buffers in this thread's cache
 *   taken, returned  int32   its thread          its thread     buffers ever moved from, to the global list (wraps)
 *   cache            int32[] its thread          its thread     their indexes, a stack
 *   hand             int32[] its thread          its thread     the burst or the staging that the thread works on
 *   descriptor       8 words rx, before the ring a worker       what is known of the frame in the buffer
 *
 * The caches and hands lie here, and not in each thread's heap, so that what a dead thread held can be
 * found and given back.
 */

/** Buffers in a thread's private cache, and how many move to or from the global list at a time. */
export const CACHE_BUFFERS = 32;
export const MOVE_BUFFERS = 16;

/** Words of a frame's descriptor, by offset from its first word. */
export const DESCRIPTOR_WORDS = 8;
export const DESCRIPTOR_CAPTURED_BYTES = 0;
export const DESCRIPTOR_WIRE_BYTES = 1;
export const DESCRIPTOR_LINK_TYPE = 2;
export const DESCRIPTOR_INTERFACE = 3;
/** The rx thread's clock when the frame was read, microseconds: an int32 that wraps after 71 minutes. */
export const DESCRIPTOR_RX_US = 4;
/** Anomalies that reception itself knows of (`anomalyBit`): the frame was larger than the buffer. */
export const DESCRIPTOR_ANOMALIES = 5;

export interface PoolShape {
  /** Buffers in the pool. */
  readonly bufferCount: number;
  /** Bytes of each buffer, a multiple of 64. */
  readonly bufferBytes: number;
  /** Threads that allocate or free: rx and workers. */
  readonly threadCount: number;
  /** Buffers that one thread can have in hand outside its cache. */
  readonly handBuffers: number;
}

/**
 * Where a SharedArrayBuffer of this size begins within its page: the C library maps large allocations
 * on their own and puts its 16-byte header in front (glibc malloc, `mmap_threshold`).
 */
const ALLOCATION_HEADER_BYTES = 16;

export class PoolLayout {
  readonly lockWord = 0;
  readonly freeCountWord: number;
  readonly freeListWord: number;
  readonly threadsWord: number;
  readonly threadWords: number;
  readonly cacheSlotsOffset = CACHE_LINE_WORDS;
  readonly handOffset: number;
  readonly descriptorsWord: number;
  readonly stateBytes: number;
  readonly framesByteOffset = PAGE_BYTES - ALLOCATION_HEADER_BYTES;
  readonly framesBytes: number;

  constructor(readonly shape: PoolShape) {
    if (shape.bufferBytes % 64 !== 0) {
      throw new InvariantError(`pool: bufferBytes must be a multiple of 64, not ${shape.bufferBytes}`);
    }
    this.freeCountWord = this.lockWord + CACHE_LINE_WORDS;
    this.freeListWord = this.freeCountWord + 1;
    this.threadsWord = alignUp(this.freeListWord + shape.bufferCount, CACHE_LINE_WORDS);
    this.handOffset = this.cacheSlotsOffset + CACHE_BUFFERS;
    this.threadWords = alignUp(this.handOffset + shape.handBuffers, CACHE_LINE_WORDS);
    this.descriptorsWord = this.threadsWord + shape.threadCount * this.threadWords;
    this.stateBytes = (this.descriptorsWord + shape.bufferCount * DESCRIPTOR_WORDS) * WORD_BYTES;
    this.framesBytes = PAGE_BYTES + shape.bufferCount * shape.bufferBytes;
  }

  /** First word of a thread's count, taken and returned; its cache and hand follow. */
  threadWord(threadIndex: number): number {
    return this.threadsWord + threadIndex * this.threadWords;
  }
}
