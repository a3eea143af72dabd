import type { BufferCache } from '../memory/buffer-cache.js';
import type { PacketPool } from '../memory/packet-pool.js';
import * as poolLayout from '../memory/pool-layout.js';
import type { RxDesk } from '../memory/rx-desk.js';
import { FlowHash, workerOf } from './flow-hash.js';
import type { FrameBatch } from './frame-batch.js';
import * as frameBatch from './frame-batch.js';
import { copyAlignedFrame, copyFrame } from './frame-copy.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  DESCRIPTOR_FORM,
  DESCRIPTOR_INTERFACE,
  DESCRIPTOR_RX_US,
  DESCRIPTOR_WIRE_BYTES,
  DESCRIPTOR_WORDS,
  FORM_CHECKSUM_MISSING_BIT,
  FORM_LINK_TYPE_SHIFT,
  FORM_OVERSIZE_BIT,
} = poolLayout;
const { BURST_FRAMES } = frameBatch;

export interface FrameIntakeDeps {
  readonly pool: PacketPool;
  readonly cache: BufferCache;
  /** Where frames wait for their ring: `BURST_FRAMES` words a worker. */
  readonly hand: Int32Array;
  readonly desk: RxDesk;
  readonly workerCount: number;
  /** The pool is empty: waits for a buffer, as long as it may. Returns it, still in the cache, or -1. */
  readonly waitForBuffer: () => number;
  /** There is no buffer for a frame. */
  readonly onDropped: (interfaceIndex: number, wireBytes: number) => void;
}

/** Takes the frames of a burst into the pool, and stages each for its worker. Used by the rx loop alone. */
export class FrameIntake {
  private readonly flowHash: FlowHash;

  constructor(private readonly deps: FrameIntakeDeps) {
    this.flowHash = new FlowHash(deps.pool);
  }

  /** @param rxUs the time of their reception, microseconds modulo 2^32. */
  take(batch: FrameBatch, rxUs: number): void {
    this.fetchBuffers(batch.frameCount);
    // As locals, because V8 loads and checks a field again after every store and call in the loop.
    const { pool, cache, hand, desk, workerCount } = this.deps;
    const { words, strideWords } = pool;
    const { bufferBytes } = pool.shape;
    const { view, words: from, byteOffset, frameCount } = batch;
    const { capturedBytes, wireBytes, linkType, interfaceIndex, isChecksumMissing } = batch;
    const hasWords = from.length > 0;
    for (let i = 0; i < frameCount; i++) {
      let buffer = cache.peek();
      if (buffer < 0) {
        buffer = this.deps.waitForBuffer();
        if (buffer < 0) {
          this.deps.onDropped(interfaceIndex[i], wireBytes[i]);
          continue;
        }
      }
      const captured = capturedBytes[i];
      const kept = Math.min(captured, bufferBytes);
      const word = buffer * strideWords;
      const at = byteOffset[i];
      if (hasWords && (at & 3) === 0) copyAlignedFrame(from, at >> 2, words, word + DESCRIPTOR_WORDS, kept);
      else copyFrame(view, at, words, word + DESCRIPTOR_WORDS, kept);
      words[word + DESCRIPTOR_WIRE_BYTES] = wireBytes[i];
      words[word + DESCRIPTOR_FORM] =
        kept |
        (linkType[i] << FORM_LINK_TYPE_SHIFT) |
        (kept < captured ? FORM_OVERSIZE_BIT : 0) |
        (isChecksumMissing[i] === 0 ? 0 : FORM_CHECKSUM_MISSING_BIT);
      words[word + DESCRIPTOR_RX_US] = rxUs;
      words[word + DESCRIPTOR_INTERFACE] = interfaceIndex[i];
      const worker = workerCount === 1 ? 0 : workerOf(this.flowHash.hash(buffer), workerCount);
      const staged = desk.staged(worker);
      hand[worker * BURST_FRAMES + staged] = buffer;
      desk.setStaged(worker, staged + 1);
      // Free until here: a frame whose buffer is still in the cache is read again by a successor.
      cache.take();
    }
  }

  /** Has the buffers of a burst at hand, and their memory in this core's cache, before the first is written. */
  private fetchBuffers(frames: number): void {
    const { pool, cache } = this.deps;
    cache.stock(frames);
    for (let i = 0; i < frames; i++) {
      const buffer = cache.upcoming(i);
      if (buffer < 0) return;
      pool.fetch(buffer);
    }
  }
}
