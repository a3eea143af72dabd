import { workerData } from 'node:worker_threads';
import { MonotonicClock, microseconds } from '../../../src/memory/clock.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_DOORBELL,
  controlOf,
} from '../../../src/memory/control-layout.js';
import { Doorbell } from '../../../src/memory/doorbell.js';
import { PacketPool } from '../../../src/memory/packet-pool.js';
import { LINK_ETHERNET } from '../../../src/protocol/link-type.js';
import { RingProducer } from '../../../src/ring/ring-producer.js';
import { FlowHash, workerOf } from '../../../src/source/flow-hash.js';
import { copyFrame } from '../../../src/source/frame-copy.js';
import type { PipelineThreadData } from './pipeline-run.js';

const BURST = 32;
const FRAME_BYTES = 64;
/** Where the yardstick's frame has what differs from flow to flow. */
const SRC_ADDRESS_LOW_OFFSET = 28;
const SRC_PORT_OFFSET = 34;

/**
 * The yardstick's producer: takes a buffer, writes a 64-byte frame of the next flow into it, pushes
 * bursts of 32, and gives back what the ring had no room for. Where there are several workers it deals out the
 * frames of a burst by their flows, as the rx loop does.
 */
const {
  pool: poolMemory,
  rings: ringMemories,
  control: controlBuffer,
  flows,
  idle,
} = workerData as PipelineThreadData;
const pool = new PacketPool(poolMemory);
const cache = pool.cacheOf(0);
const rings = ringMemories.map((memory) => new RingProducer(memory));
const workers = rings.length;
const staged = new Int32Array(workers);
const flowHash = new FlowHash(pool);
const doorbells = rings.map(
  (_, worker) => new Doorbell(controlOf(controlBuffer, 1 + worker), CONTROL_DOORBELL),
);
const control = controlOf(controlBuffer, 0);
const clock = new MonotonicClock();
const template = templateFrame();
const hand = pool.handOf(0);

let flow = 0;
while (Atomics.load(control, CONTROL_COMMAND) !== COMMAND_STOP) produceBurst(microseconds(clock.nowMs()));

function produceBurst(nowUs: number): void {
  cache.stock(BURST);
  for (let ahead = 0; ahead < BURST; ahead++) {
    const index = cache.upcoming(ahead);
    if (index >= 0) pool.fetch(index);
  }
  for (let count = 0; count < BURST; count++) {
    const index = cache.alloc();
    if (index < 0) break;
    const frame = pool.frameByteOffset(index);
    copyFrame(template, 0, pool.words, frame >>> 2, FRAME_BYTES);
    pool.view.setUint16(frame + SRC_ADDRESS_LOW_OFFSET, flow);
    pool.view.setUint16(frame + SRC_PORT_OFFSET, 1024 + flow);
    if (++flow === flows) flow = 0;
    pool.describe(index, FRAME_BYTES, FRAME_BYTES, LINK_ETHERNET, 0, nowUs, 0);
    const worker = workers === 1 ? 0 : workerOf(flowHash.hash(index), workers);
    hand[worker * BURST + staged[worker]++] = index;
  }
  for (let worker = 0; worker < workers; worker++) pushStaged(worker);
}

function pushStaged(worker: number): void {
  const count = staged[worker];
  if (count === 0) return;
  staged[worker] = 0;
  const first = worker * BURST;
  const pushed = rings[worker].push(hand, first, count);
  if (idle === 'park') doorbells[worker].ring();
  for (let i = pushed; i < count; i++) cache.free(hand[first + i]);
}

/** Ethernet, IPv4 10.128.x.x to 10.128.0.2, TCP to port 80: `build` of the yardstick. */
function templateFrame(): DataView {
  const bytes = new Uint8Array(FRAME_BYTES);
  bytes.set([0x08, 0x00, 0x45], 12);
  bytes.set([50], 17);
  bytes.set([64, 6], 22);
  bytes.set([10, 128], 26);
  bytes.set([10, 128, 0, 2], 30);
  bytes.set([80], 37);
  bytes.set([0x50], 46);
  return new DataView(bytes.buffer);
}
