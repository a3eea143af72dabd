import { WORKER_TOTALS } from '../../../src/counters/catalogue.js';
import { CounterBanks } from '../../../src/counters/counter-banks.js';
import {
  createCounters,
  rxCountersShape,
  workerCountersShape,
} from '../../../src/counters/counters-layout.js';
import { handBuffersOf } from '../../../src/engine/engine-memory.js';
import { MonotonicClock } from '../../../src/memory/clock.js';
import {
  CONTROL_DOORBELL,
  CONTROL_TABLE_GENERATION,
  controlOf,
  createControl,
} from '../../../src/memory/control-layout.js';
import { Doorbell } from '../../../src/memory/doorbell.js';
import { createPool, PacketPool } from '../../../src/memory/packet-pool.js';
import { RingConsumer } from '../../../src/ring/ring-consumer.js';
import { createRing } from '../../../src/ring/ring-layout.js';
import { RingProducer } from '../../../src/ring/ring-producer.js';
import { createMatcher } from '../../../src/rules/create-matcher.js';
import { RuleTable, type RuleTableMemory } from '../../../src/rules/rule-table.js';
import { BURST_FRAMES } from '../../../src/source/frame-batch.js';
import { RxLoop } from '../../../src/source/rx-loop.js';
import type { Source } from '../../../src/source/source.js';
import { TransmitCounters } from '../../../src/tx/transmit-counters.js';
import { NoTransmitter } from '../../../src/tx/transmitter.js';
import { NoSampler } from '../../../src/worker/sampler.js';
import { IDLE_SPINS, WorkerLoop } from '../../../src/worker/worker-loop.js';
import { idleTap } from '../../worker/idle-tap.js';
import { yardstickTable } from '../pipeline/yardstick-rules.js';

/** Packets that a ring holds: what rx takes in, and then the workers judge. */
export const LANE_PACKETS = 1024;
const BURSTS = LANE_PACKETS / BURST_FRAMES;
const BUFFERS = 2 * LANE_PACKETS;
const RX = 0;
const FIRST_WORKER = 1;
const GENERATION = 1;

/**
 * UPE's own rx loop and worker loops, in turn on one thread: so that each can be timed without the other, and
 * without waiting for what another core has written.
 */
export class Lane {
  private readonly rx: RxLoop;
  private readonly workers: readonly WorkerLoop[];

  /**
   * @param source gives bursts whenever it is asked, and is open.
   * @param rules of the yardstick's table.
   * @param workers that rx deals packets out to.
   */
  constructor(source: Source, rules: number, workers: number) {
    const pool = new PacketPool(
      createPool({
        bufferCount: BUFFERS,
        bufferBytes: 2048,
        threadCount: 1 + workers,
        handBuffers: handBuffersOf(workers),
      }),
    );
    const rings = Array.from({ length: workers }, () => createRing(LANE_PACKETS));
    const controls = createControl(1 + workers);
    const producers = rings.map((ring) => new RingProducer(ring));
    this.rx = rxLoopOf(source, pool, producers, controls);
    const memory = yardstickTable(rules, GENERATION);
    this.workers = rings.map((ring, worker) =>
      workerLoopOf(memory, pool, new RingConsumer(ring), controls, FIRST_WORKER + worker),
    );
    this.rx.begin();
  }

  /** Fills the empty rings. @returns how many packets the source gave, at most `LANE_PACKETS`. */
  receive(): number {
    let packets = 0;
    for (let burst = 0; burst < BURSTS; burst++) {
      packets += this.rx.runBurst();
      this.rx.attend();
    }
    return packets;
  }

  /** Empties them again. @returns how many packets came out. */
  judge(): number {
    let packets = 0;
    for (const worker of this.workers) {
      for (let judged = worker.runHand(); judged > 0; judged = worker.runHand()) {
        packets += judged;
        worker.attend();
      }
    }
    return packets;
  }
}

function rxLoopOf(
  source: Source,
  pool: PacketPool,
  rings: readonly RingProducer[],
  controls: SharedArrayBuffer,
): RxLoop {
  const control = controlOf(controls, RX);
  return new RxLoop(
    { idle: 'spin', isBridge: false },
    {
      source,
      pool,
      cache: pool.cacheOf(RX),
      hand: pool.handOf(RX),
      rings,
      doorbells: rings.map(
        (_, worker) => new Doorbell(controlOf(controls, FIRST_WORKER + worker), CONTROL_DOORBELL),
      ),
      banks: new CounterBanks(createCounters(rxCountersShape(1, rings.length)), control),
      interfaceCount: 1,
      control,
      clock: new MonotonicClock(),
    },
  );
}

function workerLoopOf(
  memory: RuleTableMemory,
  pool: PacketPool,
  ring: RingConsumer,
  controls: SharedArrayBuffer,
  thread: number,
): WorkerLoop {
  const control = controlOf(controls, thread);
  const table = new RuleTable(memory);
  const banks = new CounterBanks(createCounters(workerCountersShape(table.ruleCount, 1)), control);
  Atomics.store(control, CONTROL_TABLE_GENERATION, GENERATION);
  return new WorkerLoop(
    { idle: 'spin', idleSpins: IDLE_SPINS },
    {
      ring,
      pool,
      cache: pool.cacheOf(thread),
      hand: pool.handOf(thread),
      orders: pool.ordersOf(thread),
      banks,
      control,
      rxDoorbell: new Doorbell(controlOf(controls, RX), CONTROL_DOORBELL),
      clock: new MonotonicClock(),
      transmitter: new NoTransmitter(new TransmitCounters(banks, WORKER_TOTALS.firstTransmit)),
      sampler: new NoSampler(),
      passage: { counted: false, unclassified: false, malformed: false },
      tap: idleTap(pool),
      judgement: { table, matcher: createMatcher(memory, table) },
      nextJudgement: () => null,
    },
  );
}
