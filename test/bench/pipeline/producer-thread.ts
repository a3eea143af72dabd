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
import {
  FIRST_SRC_PORT,
  SRC_ADDRESS_LOW_OFFSET,
  SRC_PORT_OFFSET,
  YARDSTICK_FRAME_BYTES,
  yardstickFrame,
} from './yardstick-frame.js';

const BURST = 32;

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
const template = yardstickFrame();
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
    copyFrame(template, 0, pool.words, frame >>> 2, YARDSTICK_FRAME_BYTES);
    pool.view.setUint16(frame + SRC_ADDRESS_LOW_OFFSET, flow);
    pool.view.setUint16(frame + SRC_PORT_OFFSET, FIRST_SRC_PORT + flow);
    if (++flow === flows) flow = 0;
    pool.describe(index, YARDSTICK_FRAME_BYTES, YARDSTICK_FRAME_BYTES, LINK_ETHERNET, 0, nowUs, 0);
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
