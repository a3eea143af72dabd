import { randomInt } from 'node:crypto';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { CounterBanks } from '../counters/counter-banks.js';
import { type CountersMemory, createCounters } from '../counters/counters-layout.js';
import { pinThread } from '../kernel/affinity.js';
import { threadId } from '../kernel/thread-id.js';
import {
  type CaptureTapMemory,
  captureTapMemory,
  createCaptureMemory,
  IDLE_RING_WORDS,
} from '../memory/capture-layout.js';
import { MonotonicClock } from '../memory/clock.js';
import {
  CONTROL_DOORBELL,
  CONTROL_TABLE_GENERATION,
  CONTROL_THREAD_ID,
  controlOf,
  createControl,
} from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import { createPool, PacketPool, type PoolMemory } from '../memory/packet-pool.js';
import { RX_INDEX } from '../memory/pool-layout.js';
import { RingConsumer } from '../ring/ring-consumer.js';
import { createRing, type RingMemory } from '../ring/ring-layout.js';
import { RingProducer } from '../ring/ring-producer.js';
import { createSampleRing, type SampleRingMemory } from '../ring/sample-ring-layout.js';
import { createMatcher } from '../rules/create-matcher.js';
import { RuleTable, type RuleTableMemory } from '../rules/rule-table.js';
import { CaptureTap } from './capture-tap.js';
import { FlowSampler } from './flow-sampler.js';
import { WORKER_HAND } from './hand.js';
import type { Judgement } from './packet-judge.js';
import { NoSampler } from './sampler.js';
import type { Passage } from './verdicts.js';
import { warmUp } from './warm-up.js';
import { WorkerLoop, type WorkerLoopConfig } from './worker-loop.js';
import { createTransmitter, type WorkerTransmit } from './worker-transmit.js';

/** What main passes to a worker thread. */
export interface WorkerThreadData {
  readonly config: WorkerLoopConfig;
  /** Index among the threads that the control block and the pool know: rx is 0, worker i is 1 + i. */
  readonly threadIndex: number;
  /** The processor to run on, or `null`. */
  readonly cpu: number | null;
  readonly pool: PoolMemory;
  readonly ring: RingMemory;
  readonly control: SharedArrayBuffer;
  readonly counters: CountersMemory;
  readonly capture: CaptureTapMemory;
  /** Where samples of the packets go; `null`: nobody wants any. */
  readonly samples: SampleRingMemory | null;
  readonly table: RuleTableMemory;
  /** Rule tables that come later; read between hands, never by an event. */
  readonly tables: MessagePort;
  readonly passage: Passage;
  /** `null` where nothing can be sent. */
  readonly transmit: WorkerTransmit | null;
  /** The packets of a thread that died wait: it begins at once, and becomes fast on the way. */
  readonly isSuccessor: boolean;
}

/** What a worker thread tells main. */
export type FromWorker = { readonly kind: 'ready' } | { readonly kind: 'warning'; readonly message: string };

const port = parentPort;
if (port === null) throw new Error('worker-thread.js runs as a worker thread only');
const data = workerData as WorkerThreadData;

function judgementOf(memory: RuleTableMemory): Judgement {
  const table = new RuleTable(memory);
  return { table, matcher: createMatcher(memory, table) };
}

/** A worker loop over the given memory, and its pool. */
function createLoop(
  memory: Pick<
    WorkerThreadData,
    'pool' | 'ring' | 'control' | 'counters' | 'capture' | 'samples' | 'threadIndex' | 'transmit'
  >,
  nextJudgement: () => Judgement | null,
): { readonly loop: WorkerLoop; readonly pool: PacketPool } {
  const pool = new PacketPool(memory.pool);
  const cache = pool.cacheOf(memory.threadIndex);
  const control = controlOf(memory.control, memory.threadIndex);
  const banks = new CounterBanks(memory.counters, control);
  const loop = new WorkerLoop(data.config, {
    ring: new RingConsumer(memory.ring),
    pool,
    cache,
    hand: pool.handOf(memory.threadIndex),
    orders: pool.ordersOf(memory.threadIndex),
    banks,
    control,
    rxDoorbell: new Doorbell(controlOf(memory.control, RX_INDEX), CONTROL_DOORBELL),
    clock: new MonotonicClock(),
    transmitter: createTransmitter(memory.transmit, {
      pool,
      cache,
      queue: pool.sendQueueOf(memory.threadIndex),
      banks,
      control: memory.control,
    }),
    // A thread that follows another one must not repeat its gaps.
    sampler:
      memory.samples === null ? new NoSampler() : new FlowSampler(memory.samples, randomInt(1, 2 ** 31)),
    passage: data.passage,
    tap: new CaptureTap(memory.capture, pool),
    judgement: judgementOf(data.table),
    nextJudgement,
  });
  return { loop, pool };
}

/** Lets V8 see packets before there are any, in memory that goes when this returns. */
function warmUpThread(): void {
  const scratch = {
    threadIndex: 1,
    pool: createPool({ bufferCount: 256, bufferBytes: 128, threadCount: 2, handBuffers: WORKER_HAND }),
    ring: createRing(WORKER_HAND),
    control: createControl(2),
    counters: createCounters(data.counters.shape),
    capture: captureTapMemory(createCaptureMemory(1, IDLE_RING_WORDS), 0),
    samples: data.samples === null ? null : createSampleRing(data.samples.slots),
    transmit: null,
  };
  Atomics.store(controlOf(scratch.control, 1), CONTROL_TABLE_GENERATION, data.table.generation);
  const { loop, pool } = createLoop(scratch, () => null);
  warmUp({ pool, cache: pool.cacheOf(RX_INDEX), producer: new RingProducer(scratch.ring), loop });
}

Atomics.store(controlOf(data.control, data.threadIndex), CONTROL_THREAD_ID, threadId());
const notPinned = pinThread(`worker ${data.threadIndex - 1}`, data.cpu);
if (notPinned !== null) port.postMessage({ kind: 'warning', message: notPinned } satisfies FromWorker);
if (!data.isSuccessor) warmUpThread();
const { loop } = createLoop(data, () => {
  const received = receiveMessageOnPort(data.tables);
  return received === undefined ? null : judgementOf(received.message as RuleTableMemory);
});
port.postMessage({ kind: 'ready' } satisfies FromWorker);
loop.run();
data.tables.close();
