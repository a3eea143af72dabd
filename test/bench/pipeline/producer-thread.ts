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
import { RingProducer } from '../../../src/ring/ring-producer.js';
import { FrameProducer } from './frame-producer.js';
import type { PipelineThreadData } from './pipeline-run.js';

/** Produces until it is told to stop, and wakes workers that may be parked. */
const data = workerData as PipelineThreadData;
const rings = data.rings.map((memory) => new RingProducer(memory));
const doorbells = rings.map(
  (_, worker) => new Doorbell(controlOf(data.control, 1 + worker), CONTROL_DOORBELL),
);
const control = controlOf(data.control, 0);
const clock = new MonotonicClock();
const wake = data.idle === 'park' ? (worker: number) => doorbells[worker].ring() : null;
const producer = new FrameProducer(new PacketPool(data.pool), rings, data.flows, wake);

while (Atomics.load(control, CONTROL_COMMAND) !== COMMAND_STOP) {
  producer.produceBurst(microseconds(clock.nowMs()));
}
