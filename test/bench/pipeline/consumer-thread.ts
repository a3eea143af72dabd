import { workerData } from 'node:worker_threads';
import { CounterBanks } from '../../../src/counters/counter-banks.js';
import { MonotonicClock } from '../../../src/memory/clock.js';
import { controlOf } from '../../../src/memory/control-layout.js';
import { PacketPool } from '../../../src/memory/packet-pool.js';
import { RingConsumer } from '../../../src/ring/ring-consumer.js';
import { createMatcher } from '../../../src/rules/create-matcher.js';
import { RuleTable } from '../../../src/rules/rule-table.js';
import { IDLE_SPINS, WorkerLoop } from '../../../src/worker/worker-loop.js';
import type { PipelineThreadData } from './pipeline-run.js';
import { RouterTransmitter } from './router-transmitter.js';

/** UPE's own worker, with a transmitter that rewrites frames as the yardstick does. */
const data = workerData as PipelineThreadData;
const pool = new PacketPool(data.pool);
const control = controlOf(data.control, 1);
const table = new RuleTable(data.table);
new WorkerLoop(
  { idle: 'spin', idleSpins: IDLE_SPINS },
  {
    ring: new RingConsumer(data.ring),
    pool,
    cache: pool.cacheOf(1),
    hand: pool.handOf(1),
    banks: new CounterBanks(data.counters, control),
    control,
    clock: new MonotonicClock(),
    transmitter: new RouterTransmitter(pool),
    passage: { counted: false, unclassified: false, malformed: false },
    judgement: { table, matcher: createMatcher(data.table, table) },
    nextJudgement: () => null,
  },
).run();
