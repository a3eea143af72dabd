import type { BufferCache } from '../../../src/memory/buffer-cache.js';
import type { PacketPool } from '../../../src/memory/packet-pool.js';
import * as poolLayout from '../../../src/memory/pool-layout.js';
import * as linkType from '../../../src/protocol/link-type.js';
import type { RingProducer } from '../../../src/ring/ring-producer.js';
import { FlowHash, workerOf } from '../../../src/source/flow-hash.js';
import * as frameCopy from '../../../src/source/frame-copy.js';
import * as yardstick from './yardstick-frame.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { FRAME_WORD_MASK } = poolLayout;
const { LINK_ETHERNET } = linkType;
const { copyAlignedFrame } = frameCopy;
const { FIRST_SRC_PORT, YARDSTICK_FRAME_BYTES } = yardstick;

const BURST = 32;
const TEMPLATE = new Int32Array(yardstick.yardstickFrame().buffer);
/** The words of a frame that differ from flow to flow, and their halves that do not; little-endian, as everywhere. */
const ADDRESSES_WORD = yardstick.SRC_ADDRESS_LOW_OFFSET >> 2;
const DST_ADDRESS_HIGH = TEMPLATE[ADDRESSES_WORD] & ~0xffff;
const PORT_WORD = yardstick.SRC_PORT_OFFSET >> 2;
const DST_ADDRESS_LOW = TEMPLATE[PORT_WORD] & 0xffff;

/**
 * The yardstick's producer: takes a buffer, writes a 64-byte frame of the next flow into it, pushes
 * bursts of 32, and gives back what the ring had no room for. Where there are several workers it deals out the
 * frames of a burst by their flows, as the rx loop does.
 */
export class FrameProducer {
  private readonly cache: BufferCache;
  private readonly burst = new Int32Array(BURST);
  private readonly hand: Int32Array;
  private readonly staged: Int32Array;
  private readonly flowHash: FlowHash;
  private flow = 0;

  /**
   * @param flows that the frames belong to, in turn; 1 to 60,000.
   * @param wake called after each push with the worker whose ring it is.
   */
  constructor(
    private readonly pool: PacketPool,
    private readonly rings: readonly RingProducer[],
    private readonly flows: number,
    private readonly wake: ((worker: number) => void) | null,
  ) {
    this.cache = pool.cacheOf(0);
    this.hand = pool.handOf(0);
    this.staged = new Int32Array(rings.length);
    this.flowHash = new FlowHash(pool);
  }

  /** `nowUs`: the time of reception, microseconds modulo 2^32. */
  produceBurst(nowUs: number): void {
    const { pool, burst, hand, staged, flows } = this;
    const { words } = pool;
    const workers = this.rings.length | 0;
    const count = this.takeBurst();
    let flow = this.flow | 0;
    for (let i = 0; i < count; i++) {
      const index = burst[i];
      const word = (pool.frameByteOffset(index) >>> 2) & FRAME_WORD_MASK;
      copyAlignedFrame(TEMPLATE, 0, words, word, YARDSTICK_FRAME_BYTES);
      words[word + ADDRESSES_WORD] = DST_ADDRESS_HIGH | bigEndian16(flow);
      words[word + PORT_WORD] = DST_ADDRESS_LOW | (bigEndian16(FIRST_SRC_PORT + flow) << 16);
      if (++flow === flows) flow = 0;
      pool.describe(index, YARDSTICK_FRAME_BYTES, YARDSTICK_FRAME_BYTES, LINK_ETHERNET, 0, nowUs, 0);
      const worker = workers === 1 ? 0 : workerOf(this.flowHash.hash(index), workers);
      hand[worker * BURST + staged[worker]] = index;
      staged[worker] += 1;
    }
    this.flow = flow;
    for (let worker = 0; worker < workers; worker++) this.pushStaged(worker);
  }

  /** Takes as many buffers as there are for a burst, and fetches their lines together. Returns how many. */
  private takeBurst(): number {
    const { pool, cache, burst } = this;
    cache.stock(BURST);
    let count = 0;
    for (; count < BURST; count++) {
      const index = cache.alloc();
      if (index < 0) break;
      burst[count] = index;
      pool.fetch(index);
    }
    return count;
  }

  private pushStaged(worker: number): void {
    const { hand, staged, cache } = this;
    const count = staged[worker];
    if (count === 0) return;
    staged[worker] = 0;
    const first = worker * BURST;
    const pushed = this.rings[worker].push(hand, first, count);
    this.wake?.(worker);
    for (let i = pushed; i < count; i++) cache.free(hand[first + i]);
  }
}

/** The two bytes of a number in the order of the network, as a little-endian word has them. */
function bigEndian16(value: number): number {
  return ((value & 0xff) << 8) | ((value >>> 8) & 0xff);
}
