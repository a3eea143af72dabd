import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SLOT_CELLS } from '../../../src/counters/catalogue.js';
import { CounterReader } from '../../../src/counters/counter-reader.js';
import {
  type CountersMemory,
  createCounters,
  workerCountersShape,
} from '../../../src/counters/counters-layout.js';
import { handBuffersOf } from '../../../src/engine/engine-memory.js';
import { allowDeepInlining } from '../../../src/engine/v8-flags.js';
import { wishForHugePages } from '../../../src/kernel/huge-pages.js';
import { MonotonicClock } from '../../../src/memory/clock.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_DOORBELL,
  CONTROL_TABLE_GENERATION,
  controlOf,
  createControl,
} from '../../../src/memory/control-layout.js';
import { Doorbell } from '../../../src/memory/doorbell.js';
import { createPool, PacketPool, type PoolMemory } from '../../../src/memory/packet-pool.js';
import { createRing, type RingMemory, ringReadCursor } from '../../../src/ring/ring-layout.js';
import { createSampleRing, type SampleRingMemory } from '../../../src/ring/sample-ring-layout.js';
import type { RuleTableMemory } from '../../../src/rules/rule-table.js';
import { ALL_TRAFFIC, TopTalkers } from '../../../src/stats/talkers/top-talkers.js';
import type { WorkerLoopConfig } from '../../../src/worker/worker-loop.js';
import { yardstickTable } from './yardstick-rules.js';

/** What all threads of a run are given. */
export interface PipelineThreadData {
  readonly pool: PoolMemory;
  /** Of the workers, by their number. */
  readonly rings: readonly RingMemory[];
  readonly counters: readonly CountersMemory[];
  /** Of the workers, where top talkers are on; otherwise `null`. */
  readonly samples: readonly SampleRingMemory[] | null;
  readonly control: SharedArrayBuffer;
  /** The worker that this thread is; the producer has -1. */
  readonly worker: number;
  readonly idle: WorkerLoopConfig['idle'];
  readonly table: RuleTableMemory;
  readonly flows: number;
}

/** The yardstick's sizes: BUFFERS, BUFFER_BYTES, RING_SLOTS of pipeline.c. */
const BUFFERS = 8192;
const BUFFER_BYTES = 2048;
const RING_SLOTS = 1024;
/** As the engine has it. */
const SAMPLE_RING_SLOTS = 4096;
const WARM_UP_MS = 2500;
/** Between two looks at the rings: their cursors are 32 bits. */
const LOOK_MS = 20;

/**
 * One run, in a process of its own: `pipeline-run.js RULES FLOWS WORKERS TALKERS`. Warms up and says so, by an empty
 * answer; then each line of its standard input is for how many seconds to measure, and is answered by a JSON line like the yardstick's. At the
 * end of the input it ends, and fails when the packets counted are not those that went through the rings. TALKERS is 1
 * where top talkers are looked for, on this thread; 0 otherwise.
 */
const [rules, flows, workers, talkers] = process.argv.slice(2).map(Number);
allowDeepInlining();
const generation = 1;
const poolShape = {
  bufferCount: BUFFERS,
  bufferBytes: BUFFER_BYTES,
  threadCount: 1 + workers,
  handBuffers: handBuffersOf(workers),
};
// As the engine does.
const pool = createPool(poolShape, wishForHugePages);
const rings = Array.from({ length: workers }, () => createRing(RING_SLOTS));
const counters = rings.map(() => createCounters(workerCountersShape(rules, 1)));
const samples = talkers === 1 ? rings.map(() => createSampleRing(SAMPLE_RING_SLOTS)) : null;
const topTalkers = samples === null ? null : new TopTalkers(samples, new MonotonicClock());
const control = createControl(1 + workers);
// A worker that spins takes the processor from one that has work, where there are not enough of them.
const idle = 1 + workers > availableParallelism() ? 'park' : 'spin';
const shared = {
  pool,
  rings,
  counters,
  samples,
  control,
  idle,
  table: yardstickTable(rules, generation),
  flows,
} as const;
const consumers = rings.map((_, worker) => {
  Atomics.store(controlOf(control, 1 + worker), CONTROL_TABLE_GENERATION, generation);
  return startThread('./consumer-thread.js', { ...shared, worker });
});
const producer = startThread('./producer-thread.js', { ...shared, worker: -1 });

topTalkers?.start();
await sleep(WARM_UP_MS);
say({});
for await (const line of createInterface(process.stdin)) say(await measure(Number(line)));
topTalkers?.stop();
await stop(producer, 0);
for (let worker = 0; worker < workers; worker++) await stop(consumers[worker], 1 + worker);
rings.forEach(verify);
const { heldCount } = new PacketPool(pool).audit();
if (heldCount !== 0) throw new Error(`${heldCount} buffers are missing from the pool`);

async function measure(seconds: number): Promise<Record<string, number>> {
  // It may have stood still until now.
  await sleep(LOOK_MS);
  const cursors = rings.map(ringReadCursor);
  let packets = 0;
  const beganMs = performance.now();
  while (performance.now() - beganMs < seconds * 1000) {
    await sleep(LOOK_MS);
    rings.forEach((ring, worker) => {
      const now = ringReadCursor(ring);
      packets += (now - cursors[worker]) | 0;
      cursors[worker] = now;
    });
  }
  const elapsed = (performance.now() - beganMs) / 1000;
  const sampled = topTalkers?.answer(ALL_TRAFFIC, { by: 'flow', of: 'packets', limit: 1 })?.samples ?? 0;
  return { packets, seconds: elapsed, mpps: packets / elapsed / 1e6, sampled };
}

function say(answer: Readonly<Record<string, number>>): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function startThread(module: string, workerData: PipelineThreadData): Worker {
  return new Worker(new URL(module, import.meta.url), { workerData });
}

async function stop(thread: Worker, index: number): Promise<void> {
  const ended = once(thread, 'exit');
  const words = controlOf(control, index);
  Atomics.store(words, CONTROL_COMMAND, COMMAND_STOP);
  new Doorbell(words, CONTROL_DOORBELL).ring();
  await ended;
}

function verify(ring: RingMemory, worker: number): void {
  const { slotCount } = counters[worker].shape;
  const reader = new CounterReader(counters[worker], controlOf(control, 1 + worker));
  reader.take(slotCount);
  let counted = 0;
  for (let slot = 0; slot < slotCount; slot++) counted += reader.slots[slot * SLOT_CELLS];
  const cursorAtEnd = ringReadCursor(ring);
  if ((counted | 0) !== cursorAtEnd)
    throw new Error(`counted ${counted} packets, the ring gave ${cursorAtEnd}`);
  const lastRule = reader.slots[(slotCount - 1) * SLOT_CELLS];
  if (lastRule !== counted) throw new Error(`the last rule matched ${lastRule} of ${counted} packets`);
}
