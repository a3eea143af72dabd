import { InvariantError } from '../errors.js';
import { BufferCache } from './buffer-cache.js';
import {
  CACHE_BUFFERS,
  DESCRIPTOR_ANOMALIES,
  DESCRIPTOR_CAPTURED_BYTES,
  DESCRIPTOR_INTERFACE,
  DESCRIPTOR_LINK_TYPE,
  DESCRIPTOR_RX_US,
  DESCRIPTOR_WIRE_BYTES,
  DESCRIPTOR_WORDS,
  PoolLayout,
  type PoolShape,
} from './pool-layout.js';

/** What a thread needs to use the pool: passed through `workerData`, shared, never copied. */
export interface PoolMemory {
  readonly shape: PoolShape;
  readonly state: SharedArrayBuffer;
  readonly frames: SharedArrayBuffer;
}

/**
 * Allocates the whole pool, touches every page, and puts every buffer into the global free list.
 * Called once, by main, before any thread runs.
 */
export function createPool(shape: PoolShape): PoolMemory {
  const layout = new PoolLayout(shape);
  const state = new SharedArrayBuffer(layout.stateBytes);
  const frames = new SharedArrayBuffer(layout.framesBytes);
  // A SharedArrayBuffer is not resident until it is written: a page fault must not meet a packet.
  new Uint8Array(frames).fill(0);
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
  /** All frames; buffer i begins at `i * bufferBytes`. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The same memory by words, for copying. */
  readonly words: Int32Array;
  /** All descriptors, `DESCRIPTOR_WORDS` each; buffer i's begins at `i * DESCRIPTOR_WORDS`. */
  readonly descriptors: Int32Array;
  private readonly state: Int32Array;

  constructor(memory: PoolMemory) {
    this.shape = memory.shape;
    this.layout = new PoolLayout(memory.shape);
    const framesBytes = memory.shape.bufferCount * memory.shape.bufferBytes;
    this.bytes = new Uint8Array(memory.frames, this.layout.framesByteOffset, framesBytes);
    this.view = new DataView(memory.frames, this.layout.framesByteOffset, framesBytes);
    this.words = new Int32Array(memory.frames, this.layout.framesByteOffset, framesBytes / 4);
    this.state = new Int32Array(memory.state);
    this.descriptors = this.state.subarray(this.layout.descriptorsWord);
  }

  /** The private cache of one thread; only that thread may use it. */
  cacheOf(threadIndex: number): BufferCache {
    return new BufferCache(this.state, this.layout, threadIndex);
  }

  /** The words in which a thread keeps the buffers that it works on, found again if it dies. */
  handOf(threadIndex: number): Int32Array {
    const word = this.layout.threadWord(threadIndex) + this.layout.handOffset;
    return this.state.subarray(word, word + this.shape.handBuffers);
  }

  /** Where the frame of a buffer begins in `bytes` and `view`. */
  frameByteOffset(index: number): number {
    return index * this.shape.bufferBytes;
  }

  /**
   * Writes a buffer's descriptor. Only the owner of the index may.
   *
   * @param capturedBytes bytes of the frame that are in the buffer.
   * @param wireBytes the frame's length on the wire.
   * @param rxUs monotonic clock at reception, microseconds modulo 2^32.
   * @param anomalies bits of `anomalyBit` that only reception can know.
   */
  describe(
    index: number,
    capturedBytes: number,
    wireBytes: number,
    linkType: number,
    interfaceIndex: number,
    rxUs: number,
    anomalies: number,
  ): void {
    const { descriptors } = this;
    const word = index * DESCRIPTOR_WORDS;
    descriptors[word + DESCRIPTOR_CAPTURED_BYTES] = capturedBytes;
    descriptors[word + DESCRIPTOR_WIRE_BYTES] = wireBytes;
    descriptors[word + DESCRIPTOR_LINK_TYPE] = linkType;
    descriptors[word + DESCRIPTOR_INTERFACE] = interfaceIndex;
    descriptors[word + DESCRIPTOR_RX_US] = rxUs;
    descriptors[word + DESCRIPTOR_ANOMALIES] = anomalies;
  }

  capturedBytes(index: number): number {
    return this.descriptors[index * DESCRIPTOR_WORDS + DESCRIPTOR_CAPTURED_BYTES];
  }

  wireBytes(index: number): number {
    return this.descriptors[index * DESCRIPTOR_WORDS + DESCRIPTOR_WIRE_BYTES];
  }

  linkType(index: number): number {
    return this.descriptors[index * DESCRIPTOR_WORDS + DESCRIPTOR_LINK_TYPE];
  }

  interfaceIndex(index: number): number {
    return this.descriptors[index * DESCRIPTOR_WORDS + DESCRIPTOR_INTERFACE];
  }

  rxUs(index: number): number {
    return this.descriptors[index * DESCRIPTOR_WORDS + DESCRIPTOR_RX_US];
  }

  anomalies(index: number): number {
    return this.descriptors[index * DESCRIPTOR_WORDS + DESCRIPTOR_ANOMALIES];
  }

  /**
   * Buffers in the global list and in all caches, read without stopping anybody: exact when the threads
   * rest, a close estimate while they work.
   */
  freeCount(): number {
    let count = Atomics.load(this.state, this.layout.freeCountWord);
    for (let thread = 0; thread < this.shape.threadCount; thread++) {
      count += Atomics.load(this.state, this.layout.threadWord(thread));
    }
    return Math.min(count, this.shape.bufferCount);
  }

  /**
   * Counts every free buffer once, with the threads at rest.
   *
   * @returns how many buffers are neither in the global list nor in a cache.
   * @throws InvariantError naming the buffer when one is free twice: somebody freed it twice.
   */
  audit(): { readonly heldCount: number } {
    const seen = new Uint8Array(this.shape.bufferCount);
    const note = (word: number, where: string) => {
      const index = this.state[word];
      if (!(index >= 0 && index < this.shape.bufferCount)) {
        throw new InvariantError(`pool: ${where} holds ${index}, which is no buffer`);
      }
      if (seen[index] === 1)
        throw new InvariantError(`pool: buffer ${index} is free twice, again in ${where}`);
      seen[index] = 1;
    };
    const freeCount = Atomics.load(this.state, this.layout.freeCountWord);
    for (let i = 0; i < freeCount; i++) note(this.layout.freeListWord + i, 'the global list');
    for (let thread = 0; thread < this.shape.threadCount; thread++) {
      const word = this.layout.threadWord(thread);
      const cached = Math.min(this.state[word], CACHE_BUFFERS);
      for (let i = 0; i < cached; i++)
        note(word + this.layout.cacheSlotsOffset + i, `the cache of thread ${thread}`);
    }
    return { heldCount: seen.reduce((held, free) => held + (free === 0 ? 1 : 0), 0) };
  }
}
