import type { BufferCache } from '../memory/buffer-cache.js';
import type { PacketPool } from '../memory/packet-pool.js';
import * as poolLayout from '../memory/pool-layout.js';
import type { RxDesk } from '../memory/rx-desk.js';
import * as flowHashModule from './flow-hash.js';
import { FlowHash } from './flow-hash.js';
import type { FrameBatch } from './frame-batch.js';
import * as frameBatch from './frame-batch.js';
import * as frameCopy from './frame-copy.js';
import type { WorkerDeal } from './worker-deal.js';

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
  FRAME_WORD_MASK,
} = poolLayout;
const { BURST_FRAMES } = frameBatch;
const { copyAlignedFrame, copyFrame } = frameCopy;
const { workerOf } = flowHashModule;

export interface FrameIntakeDeps {
  readonly pool: PacketPool;
  readonly cache: BufferCache;
  /** Where frames wait for their ring: `BURST_FRAMES` words a worker. */
  readonly hand: Int32Array;
  readonly desk: RxDesk;
  /** By the index of an interface. */
  readonly deal: WorkerDeal;
  /** The pool is empty: waits for a buffer, as long as it may. Returns it, still in the cache, or -1. */
  readonly waitForBuffer: () => number;
  /** There is no buffer for a frame. */
  readonly onDropped: (interfaceIndex: number, wireBytes: number) => void;
}

/**
 * Takes the frames of a burst into the pool, and stages each for its worker. Used by the rx loop alone.
 *
 * Everything that a frame needs is a field of this one object, or of the batch, and is read from there each time: V8
 * knows what a field holds, and checks a local of it anew in each turn of a loop.
 */
export class FrameIntake {
  private readonly flowHash: FlowHash;
  private readonly pool: PacketPool;
  private readonly cache: BufferCache;
  private readonly desk: RxDesk;
  private readonly hand: Int32Array;
  private readonly words: Int32Array;
  private readonly firstWorker: Int32Array;
  private readonly workerCount: Int32Array;

  constructor(private readonly deps: FrameIntakeDeps) {
    const { pool, cache, desk, hand, deal } = deps;
    this.flowHash = new FlowHash(pool);
    this.pool = pool;
    this.cache = cache;
    this.desk = desk;
    this.hand = hand;
    this.words = pool.words;
    this.firstWorker = deal.first;
    this.workerCount = deal.count;
  }

  /** @param rxUs the time of their reception, microseconds modulo 2^32. */
  take(batch: FrameBatch, rxUs: number): void {
    this.fetchBuffers(batch.frameCount);
    const strideWords = this.pool.strideWords | 0;
    const bufferBytes = this.pool.shape.bufferBytes | 0;
    const frameCount = batch.frameCount | 0;
    const hasWords = batch.words.length > 0;
    for (let i = 0; i < frameCount; i++) {
      let buffer = this.cache.peek();
      if (buffer < 0) {
        buffer = this.deps.waitForBuffer();
        if (buffer < 0) {
          this.deps.onDropped(batch.interfaceIndex[i], batch.wireBytes[i]);
          continue;
        }
      }
      const captured = batch.capturedBytes[i];
      const kept = Math.min(captured, bufferBytes);
      const word = Math.imul(buffer, strideWords) & FRAME_WORD_MASK;
      const frameWord = word + DESCRIPTOR_WORDS;
      const at = batch.byteOffset[i];
      if (hasWords && (at & 3) === 0) copyAlignedFrame(batch.words, at >> 2, this.words, frameWord, kept);
      else copyFrame(batch.view, at, this.words, frameWord, kept);
      this.words[word + DESCRIPTOR_WIRE_BYTES] = batch.wireBytes[i];
      this.words[word + DESCRIPTOR_FORM] =
        kept |
        (batch.linkType[i] << FORM_LINK_TYPE_SHIFT) |
        (kept < captured ? FORM_OVERSIZE_BIT : 0) |
        (batch.isChecksumMissing[i] === 0 ? 0 : FORM_CHECKSUM_MISSING_BIT);
      this.words[word + DESCRIPTOR_RX_US] = rxUs | 0;
      const port = batch.interfaceIndex[i];
      this.words[word + DESCRIPTOR_INTERFACE] = port;
      const worker = this.dealtWorker(port, buffer);
      const staged = this.desk.staged(worker);
      this.hand[(worker * BURST_FRAMES + staged) | 0] = buffer;
      this.desk.setStaged(worker, staged + 1);
      // Free until here: a frame whose buffer is still in the cache is read again by a successor.
      this.cache.take();
    }
  }

  /** The worker that a frame of an interface goes to, whose descriptor is written. */
  private dealtWorker(port: number, buffer: number): number {
    const among = this.workerCount[port];
    return (this.firstWorker[port] + (among === 1 ? 0 : workerOf(this.flowHash.hash(buffer), among))) | 0;
  }

  /** Has the buffers of a burst at hand, and their memory in this core's cache, before the first is written. */
  private fetchBuffers(frames: number): void {
    this.cache.stock(frames);
    for (let i = 0; i < frames; i++) {
      const buffer = this.cache.upcoming(i);
      if (buffer < 0) return;
      this.pool.fetch(buffer);
    }
  }
}
