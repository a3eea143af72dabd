import { InvariantError } from '../errors.js';
import { BufferCache } from './buffer-cache.js';
import { repairCache } from './cache-repair.js';
import * as poolLayout from './pool-layout.js';
import { PoolLayout, type PoolShape } from './pool-layout.js';
import { type ReturnRing, returnRings } from './return-ring.js';
import { RxDesk } from './rx-desk.js';
import { SendQueue } from './send-queue.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  CACHE_BUFFERS,
  DESCRIPTOR_FORM,
  DESCRIPTOR_INTERFACE,
  DESCRIPTOR_RX_US,
  DESCRIPTOR_WIRE_BYTES,
  FORM_CAPTURED_MASK,
  FORM_LINK_TYPE_MASK,
  FORM_LINK_TYPE_SHIFT,
  FORM_OVERSIZE_BIT,
  FRAME_BYTE_MASK,
  FRAME_OFFSET_BYTES,
  FRAME_WORD_MASK,
  THREAD_ORDERS,
} = poolLayout;

/** One line of the cache. (CACHE_LINE_WORDS are two: what keeps threads apart.) */
const LINE_WORDS = 16;

/** What a thread needs to use the pool: passed through `workerData`, shared, never copied. */
export interface PoolMemory {
  readonly shape: PoolShape;
  readonly state: SharedArrayBuffer;
  readonly frames: SharedArrayBuffer;
}

/**
 * Allocates the whole pool, touches every page, and puts every buffer into the global free list.
 * Called once, by main, before any thread runs.
 *
 * @param prepare is given the memory of the frames before it is touched.
 */
export function createPool(shape: PoolShape, prepare?: (frames: Uint8Array) => void): PoolMemory {
  const layout = new PoolLayout(shape);
  const state = new SharedArrayBuffer(layout.stateBytes);
  const frames = new SharedArrayBuffer(layout.framesBytes);
  // A SharedArrayBuffer is not resident until it is written: a page fault must not meet a packet.
  const bytes = new Uint8Array(frames);
  prepare?.(bytes);
  bytes.fill(0);
  const words = new Int32Array(state);
  words.fill(0);
  // Filled downwards, so that the buffers are handed out from index 0.
  for (let i = 0; i < shape.bufferCount; i++) words[layout.freeListWord + i] = shape.bufferCount - 1 - i;
  words[layout.freeCountWord] = shape.bufferCount;
  return { shape, state, frames };
}

/**
 * One thread's view of the packet pool: the frames, their descriptors and, with `cacheOf`, the way to
 * take and give back buffers. A buffer is named by its index, 0 to `bufferCount` - 1; whoever holds the
 * index owns the frame and the descriptor.
 */
export class PacketPool {
  readonly shape: PoolShape;
  readonly layout: PoolLayout;
  /** All buffers, by bytes and for unaligned reads; a frame begins at `frameByteOffset`. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same memory by words: buffer i's descriptor begins at `i * strideWords`. */
  readonly words: Int32Array;
  readonly strideWords: number;
  /** The same in bytes, for `view`. */
  readonly strideBytes: number;
  private readonly state: Int32Array;
  private readonly returns: readonly ReturnRing[];

  constructor(memory: PoolMemory) {
    this.shape = memory.shape;
    this.layout = new PoolLayout(memory.shape);
    this.strideBytes = this.layout.strideBytes;
    this.strideWords = this.strideBytes / 4;
    const first = this.layout.framesByteOffset;
    const count = memory.shape.bufferCount * this.strideBytes;
    this.bytes = new Uint8Array(memory.frames, first, count);
    this.view = new DataView(memory.frames, first, count);
    this.words = new Int32Array(memory.frames, first, count / 4);
    this.state = new Int32Array(memory.state);
    this.returns = returnRings(this.state, this.layout);
  }

  /**
   * The private cache of one thread; only that thread may use it.
   *
   * @param whileLocked called again and again while it waits for the lock of the global list, with the index of
   *   the thread that has it; for main, which alone can break it.
   */
  cacheOf(threadIndex: number, whileLocked: ((holder: number) => void) | null = null): BufferCache {
    return new BufferCache(this.state, this.layout, threadIndex, whileLocked);
  }

  /** The words in which a thread keeps the buffers that it works on, found again if it dies. */
  handOf(threadIndex: number): Int32Array {
    const word = this.layout.threadWord(threadIndex) + this.layout.handOffset;
    return this.state.subarray(word, word + this.shape.handBuffers);
  }

  /** The word in which a worker counts the frames that are to be sent: an int32 that wraps, found again if it dies. */
  ordersOf(threadIndex: number): Int32Array {
    const word = this.layout.threadWord(threadIndex) + THREAD_ORDERS;
    return this.state.subarray(word, word + 1);
  }

  /** Where a worker's transmitter keeps what it still has to send, found again if it dies. */
  sendQueueOf(threadIndex: number): SendQueue {
    return new SendQueue(this.state, this.layout, threadIndex);
  }

  /** Where rx notes what it is at, found again if it dies. */
  rxDeskOf(threadIndex: number): RxDesk {
    return new RxDesk(this.state, this.layout, threadIndex);
  }

  /**
   * Main, when a thread has died: brings its moves of buffers in order, and breaks the lock of the global list where
   * it held it. See cache-repair.ts. Returns whether it did.
   */
  repairAfter(threadIndex: number): boolean {
    return repairCache(this.state, this.layout, threadIndex);
  }

  /** Where the frame of a buffer begins in `bytes` and `view`. */
  frameByteOffset(index: number): number {
    return (Math.imul(index, this.strideBytes | 0) & FRAME_BYTE_MASK) + FRAME_OFFSET_BYTES;
  }

  /**
   * Writes a buffer's descriptor. Only the owner of the index may.
   *
   * @param capturedBytes bytes of the frame that are in the buffer.
   * @param wireBytes the frame's length on the wire.
   * @param rxUs monotonic clock at reception, microseconds modulo 2^32.
   * @param flags `FORM_OVERSIZE_BIT` and `FORM_CHECKSUM_MISSING_BIT`, or 0.
   */
  describe(
    index: number,
    capturedBytes: number,
    wireBytes: number,
    linkType: number,
    interfaceIndex: number,
    rxUs: number,
    flags: number,
  ): void {
    const { words } = this;
    const word = this.wordOf(index);
    // Int32 already, and said once more: V8 would turn a number that may be any into one, by way of a double.
    words[word + DESCRIPTOR_WIRE_BYTES] = wireBytes | 0;
    words[word + DESCRIPTOR_FORM] = capturedBytes | (linkType << FORM_LINK_TYPE_SHIFT) | flags;
    words[word + DESCRIPTOR_RX_US] = rxUs | 0;
    words[word + DESCRIPTOR_INTERFACE] = interfaceIndex | 0;
  }

  /**
   * Makes the first two lines of a free buffer this core's own, by a store that means nothing: a worker's core
   * has them. A processor holds only so many stores that wait for their line, and waiting for them frame by
   * frame took a third of the rx thread's time (0.23 us a packet at 400,000 packets/s, 0.16 with this). Lines
   * that are asked for together come together: call it for a whole burst before writing the first.
   *
   * @param index a free buffer of the caller's own cache.
   */
  fetch(index: number): void {
    const { words } = this;
    const word = this.wordOf(index);
    words[word] = 0;
    words[word + LINE_WORDS] = 0;
  }

  /** Word of a buffer's descriptor in `words`. */
  private wordOf(index: number): number {
    return Math.imul(index, this.strideWords | 0) & FRAME_WORD_MASK;
  }

  capturedBytes(index: number): number {
    return this.form(index) & FORM_CAPTURED_MASK;
  }

  /** Captured bytes, link type and flags, as the FORM_ masks of pool-layout.ts take them apart. */
  form(index: number): number {
    return this.words[index * this.strideWords + DESCRIPTOR_FORM];
  }

  wireBytes(index: number): number {
    return this.words[index * this.strideWords + DESCRIPTOR_WIRE_BYTES];
  }

  linkType(index: number): number {
    return (
      (this.words[index * this.strideWords + DESCRIPTOR_FORM] >>> FORM_LINK_TYPE_SHIFT) & FORM_LINK_TYPE_MASK
    );
  }

  isOversize(index: number): boolean {
    return (this.words[index * this.strideWords + DESCRIPTOR_FORM] & FORM_OVERSIZE_BIT) !== 0;
  }

  interfaceIndex(index: number): number {
    return this.words[index * this.strideWords + DESCRIPTOR_INTERFACE];
  }

  rxUs(index: number): number {
    return this.words[index * this.strideWords + DESCRIPTOR_RX_US];
  }

  /**
   * Buffers in the global list, in the return rings and in all caches, read without stopping anybody: exact when the
   * threads rest, a close estimate while they work.
   */
  freeCount(): number {
    let count = Atomics.load(this.state, this.layout.freeCountWord);
    for (let thread = 0; thread < this.shape.threadCount; thread++) {
      count += Atomics.load(this.state, this.layout.threadWord(thread));
    }
    // The read cursor first: the other one can only be ahead of it.
    for (const ring of this.returns) {
      const { readCursor } = ring;
      count += (ring.writeCursor - readCursor) | 0;
    }
    return Math.min(count, this.shape.bufferCount);
  }

  /**
   * Counts every free buffer once, with the threads at rest.
   *
   * @returns how many buffers are neither in the global list nor in a return ring or a cache.
   * @throws InvariantError naming the buffer when one is free twice: somebody freed it twice.
   */
  audit(): { readonly heldCount: number } {
    const seen = new Uint8Array(this.shape.bufferCount);
    const note = (index: number, where: string) => {
      if (!(index >= 0 && index < this.shape.bufferCount)) {
        throw new InvariantError(`pool: ${where} holds ${index}, which is no buffer`);
      }
      if (seen[index] === 1)
        throw new InvariantError(`pool: buffer ${index} is free twice, again in ${where}`);
      seen[index] = 1;
    };
    const freeCount = Atomics.load(this.state, this.layout.freeCountWord);
    for (let i = 0; i < freeCount; i++) note(this.state[this.layout.freeListWord + i], 'the global list');
    for (let thread = 0; thread < this.shape.threadCount; thread++) {
      const word = this.layout.threadWord(thread);
      const cached = Math.min(this.state[word], CACHE_BUFFERS);
      for (let i = 0; i < cached; i++)
        note(this.state[word + this.layout.cacheSlotsOffset + i], `the cache of thread ${thread}`);
    }
    this.returns.forEach((ring, worker) => {
      for (const index of ring.buffers()) note(index, `the return ring of worker ${worker}`);
    });
    return { heldCount: seen.reduce((held, free) => held + (free === 0 ? 1 : 0), 0) };
  }
}
