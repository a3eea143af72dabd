import { InvariantError } from '../errors.js';
import { alignUp, CACHE_LINE_WORDS, PAGE_BYTES, WORD_BYTES } from './layout.js';

/*
 * The packet pool lies in two SharedArrayBuffers.
 *
 *   frames   | padding | buffer 0 | buffer 1 | ...           buffer 0 at a page boundary
 *     buffer | descriptor, 4 words | frame, up to `bufferBytes` | rest of the last cache line |
 *
 *   state    | (empty line) | lock | free count | free list              the global list, a stack of buffer indexes
 *   (words)  | thread 0: count, taken, returned, queued, queue base, orders | cache | hand | send queue
 *            | thread 1: ...
 *            | return ring of thread 1: write cursor | read cursor | slots    the way back from a worker to rx
 *            | return ring of thread 2: ...
 *
 *   word             type    writer              readers        meaning
 *   descriptor       4 words rx, before the ring a worker, rx   what is known of the frame; its worker writes a 0 over one
 *                                                               that is there
 *   frame            bytes   rx, before the ring a worker       the frame's beginning
 *   lock             int32   who holds it        everybody      0, or 1 + index of the thread that holds it
 *   free count       int32   lock holder         lock holder,   buffers in the global list
 *                                                stats
 *   free list        int32[] lock holder         lock holder    their indexes, top at free count - 1
 *   cache count      int32   its thread          it, stats      buffers in this thread's cache
 *   taken, returned  int32   its thread          its thread     buffers ever moved from, to the global list (wraps)
 *   cache            int32[] its thread          its thread     their indexes, a stack
 *   hand             int32[] its thread          its successor  the packets or the staging that the thread works on
 *   queued           int32   its thread          its successor  frames that wait in the send queue
 *   queue base       int32   its thread          its successor  cursor of the ring to who sends, when the queue was begun
 *   orders           int32   its worker          its successor  frames that were ever to be sent (wraps)
 *   send queue       int32[] its thread          its successor  what the worker's transmitter still has to send (tx/);
 *                                                               of rx: its desk (rx-desk.ts)
 *   write cursor     int32   its worker          rx, main,      buffers ever given back, which is also: positions of the worker's
 *                                                its successor  ring whose buffers it has given back (wraps)
 *   read cursor      int32   rx; main, for a     rx, main       of those, the ones that have left the return ring (wraps)
 *                            dead rx
 *   slots            int32[] its worker          rx, main       their indexes; slot of cursor c: c & (slots - 1)
 *
 * The descriptor is in front of its frame so that one cache line has both it and all that the parser
 * reads of a TCP packet: 16 bytes, then Ethernet, IPv4 and TCP up to the flags, 48 bytes. A line is what
 * the two cores pay for when a packet changes hands. A buffer is one line longer than the frame that it
 * holds, because buffers at multiples of 2048 bytes would all fall into the same few sets of the cache.
 *
 * The caches, hands, send queues and return rings lie here, and not in each thread's heap, so that what a dead thread
 * held can be found: worker/predecessor.ts.
 */

/** Buffers in a thread's private cache, and how many move to or from the global list at a time. */
export const CACHE_BUFFERS = 32;
export const MOVE_BUFFERS = 16;

/** Thread 0 of the pool and of the control block is rx; the workers follow. */
export const RX_INDEX = 0;

/** Words of a thread's block, from its first; the rest of that line is spare. */
export const THREAD_COUNT = 0;
export const THREAD_TAKEN = 1;
export const THREAD_RETURNED = 2;
export const THREAD_QUEUED = 3;
export const THREAD_QUEUE_BASE = 4;
export const THREAD_ORDERS = 5;

/** Words of a frame's descriptor, from the first word of its buffer. */
export const DESCRIPTOR_WORDS = 4;
/** The frame's length on the wire, bytes. */
export const DESCRIPTOR_WIRE_BYTES = 0;
/** Bytes of the frame that are in the buffer, its link type, and whether it was larger than the buffer. */
export const DESCRIPTOR_FORM = 1;
/** The rx thread's clock when the frame was read, microseconds: wraps after 71 minutes. */
export const DESCRIPTOR_RX_US = 2;
/** Position of the interface in the engine's list, below `INTERFACES_MAX`. */
export const DESCRIPTOR_INTERFACE = 3;
export const INTERFACES_MAX = 65_536;
/** The upper half of that word, little-endian, which is always 0: bytes from the beginning of the descriptor. */
export const DESCRIPTOR_ZERO_BYTE = DESCRIPTOR_INTERFACE * WORD_BYTES + 2;

/** The form, from the low bits up: 17 of captured bytes, 9 of link type, then single bits. */
export const FORM_CAPTURED_MASK = 0x1ffff;
export const FORM_LINK_TYPE_SHIFT = 17;
export const FORM_LINK_TYPE_MASK = 0x1ff;
/** The frame was larger than the buffer. */
export const FORM_OVERSIZE_BIT = 1 << 26;
/** Its sender left the transport checksum to the network card: it is to be completed before sending. */
export const FORM_CHECKSUM_MISSING_BIT = 1 << 27;

/**
 * What the place of a byte among the frames can be: they have 2 GiB at the most. The mask does not change a place, and
 * tells V8 that no sum of it and an offset overflows: it checks each such sum otherwise.
 */
export const FRAME_BYTE_MASK = 0x7fff_ffff;
/** The same for the place of a word. */
export const FRAME_WORD_MASK = FRAME_BYTE_MASK >>> 2;
/** What all buffers of a pool may have together, bytes. */
export const BUFFERS_BYTES_MAX = FRAME_BYTE_MASK + 1;

/** Where the frame begins in its buffer, bytes. */
export const FRAME_OFFSET_BYTES = DESCRIPTOR_WORDS * WORD_BYTES;
/** What a buffer has beyond the frame that it can hold: one line for the descriptor and an odd stride. */
const BUFFER_EXTRA_BYTES = 64;

export interface PoolShape {
  /** Buffers in the pool. */
  readonly bufferCount: number;
  /** Bytes of a frame that a buffer holds, a multiple of 64 up to 65536. */
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

/**
 * From the beginning of one buffer to the beginning of the next.
 *
 * @param bufferBytes bytes of a frame that a buffer holds.
 */
export function bufferStrideBytes(bufferBytes: number): number {
  return bufferBytes + BUFFER_EXTRA_BYTES;
}

export class PoolLayout {
  /** Not the first line: that one may be shared with whatever malloc has put in front of the buffer. */
  readonly lockWord = CACHE_LINE_WORDS;
  readonly freeCountWord: number;
  readonly freeListWord: number;
  readonly threadsWord: number;
  readonly threadWords: number;
  readonly cacheSlotsOffset = CACHE_LINE_WORDS;
  readonly handOffset: number;
  readonly queueOffset: number;
  readonly returnReadCursorOffset = CACHE_LINE_WORDS;
  readonly returnSlotsOffset = 2 * CACHE_LINE_WORDS;
  /** Slots of a return ring, a power of two: room for all buffers, so that it is never full. 4 bytes each. */
  readonly returnSlots: number;
  /** From the beginning of one buffer to the beginning of the next. */
  readonly strideBytes: number;
  readonly stateBytes: number;
  private readonly returnRingsWord: number;
  private readonly returnRingWords: number;
  readonly framesByteOffset = PAGE_BYTES - ALLOCATION_HEADER_BYTES;
  readonly framesBytes: number;

  constructor(readonly shape: PoolShape) {
    if (shape.bufferBytes % 64 !== 0 || shape.bufferBytes > 65_536) {
      throw new InvariantError(
        `pool: bufferBytes must be a multiple of 64 up to 65536, not ${shape.bufferBytes}`,
      );
    }
    if (shape.bufferCount * bufferStrideBytes(shape.bufferBytes) > BUFFERS_BYTES_MAX) {
      throw new InvariantError(
        `pool: ${shape.bufferCount} buffers of ${shape.bufferBytes} bytes are too many`,
      );
    }
    this.freeCountWord = this.lockWord + CACHE_LINE_WORDS;
    this.freeListWord = this.freeCountWord + 1;
    this.threadsWord = alignUp(this.freeListWord + shape.bufferCount, CACHE_LINE_WORDS);
    this.handOffset = this.cacheSlotsOffset + CACHE_BUFFERS;
    this.queueOffset = this.handOffset + shape.handBuffers;
    this.threadWords = alignUp(this.queueOffset + shape.handBuffers, CACHE_LINE_WORDS);
    this.returnSlots = 2 ** Math.ceil(Math.log2(Math.max(shape.bufferCount, CACHE_LINE_WORDS)));
    this.returnRingsWord = this.threadsWord + shape.threadCount * this.threadWords;
    this.returnRingWords = this.returnSlotsOffset + this.returnSlots;
    const words = this.returnRingsWord + (shape.threadCount - 1) * this.returnRingWords;
    this.stateBytes = (words + CACHE_LINE_WORDS) * WORD_BYTES;
    this.strideBytes = bufferStrideBytes(shape.bufferBytes);
    this.framesBytes = PAGE_BYTES + shape.bufferCount * this.strideBytes;
  }

  /** First word of a thread's block: the THREAD_ words, then its cache, hand and send queue. */
  threadWord(threadIndex: number): number {
    return this.threadsWord + threadIndex * this.threadWords;
  }

  /** First word of a worker's return ring. `threadIndex`: of the worker, from 1. */
  returnRingWord(threadIndex: number): number {
    return this.returnRingsWord + (threadIndex - 1) * this.returnRingWords;
  }
}
