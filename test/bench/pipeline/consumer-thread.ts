import { workerData } from 'node:worker_threads';
import { CounterBanks } from '../../../src/counters/counter-banks.js';
import { MonotonicClock } from '../../../src/memory/clock.js';
import { CONTROL_DOORBELL, controlOf } from '../../../src/memory/control-layout.js';
import { Doorbell } from '../../../src/memory/doorbell.js';
import { PacketPool } from '../../../src/memory/packet-pool.js';
import { RingConsumer } from '../../../src/ring/ring-consumer.js';
import { createMatcher } from '../../../src/rules/create-matcher.js';
import { RuleTable } from '../../../src/rules/rule-table.js';
import { FlowSampler } from '../../../src/worker/flow-sampler.js';
import { NoSampler } from '../../../src/worker/sampler.js';
import { IDLE_SPINS, WorkerLoop } from '../../../src/worker/worker-loop.js';
import { idleTap } from '../../worker/idle-tap.js';
import type { PipelineThreadData } from './pipeline-run.js';
import { RouterTransmitter } from './router-transmitter.js';

/** UPE's own worker, with a transmitter that rewrites frames as the yardstick does. */
const data = workerData as PipelineThreadData;
const pool = new PacketPool(data.pool);
const thread = 1 + data.worker;
const control = controlOf(data.control, thread);
const table = new RuleTable(data.table);
new WorkerLoop(
  { idle: data.idle, idleSpins: IDLE_SPINS },
  {
    ring: new RingConsumer(data.rings[data.worker]),
    pool,
    cache: pool.cacheOf(thread),
    hand: pool.handOf(thread),
    orders: pool.ordersOf(thread),
    banks: new CounterBanks(data.counters[data.worker], control),
    control,
    rxDoorbell: new Doorbell(controlOf(data.control, 0), CONTROL_DOORBELL),
    clock: new MonotonicClock(),
    transmitter: new RouterTransmitter(pool),
    sampler:
      data.samples === null ? new NoSampler() : new FlowSampler(data.samples[data.worker], 1 + data.worker),
    passage: { counted: false, unclassified: false, malformed: false },
    tap: idleTap(pool),
    judgement: { table, matcher: createMatcher(data.table, table) },
    nextJudgement: () => null,
  },
).run();
