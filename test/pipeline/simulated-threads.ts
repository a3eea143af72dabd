import { WORKER_TOTALS } from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import type { EngineMemory } from '../../src/engine/engine-memory.js';
import type { Clock } from '../../src/memory/clock.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_DOORBELL,
  CONTROL_STATE,
  controlOf,
  STATE_FINISHED,
  STATE_RUNNING,
} from '../../src/memory/control-layout.js';
import { Doorbell } from '../../src/memory/doorbell.js';
import { PacketPool } from '../../src/memory/packet-pool.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import { RxLoop } from '../../src/source/rx-loop.js';
import { SOURCE_FINISHED } from '../../src/source/source.js';
import { TransmitCounters } from '../../src/tx/transmit-counters.js';
import { NoTransmitter } from '../../src/tx/transmitter.js';
import { WorkerLoop } from '../../src/worker/worker-loop.js';
import type { SimulatedOutcomes } from './simulated-outcomes.js';
import type { SimulatedRules } from './simulated-rules.js';
import { kindOf, outcomeOf, type SimulatedSource } from './simulated-traffic.js';

/** The classes under test: the production ones, or mutants of them. */
export interface PipelineSubjects {
  readonly Rx: typeof RxLoop;
  readonly Worker: typeof WorkerLoop;
  readonly Consumer: typeof RingConsumer;
}

export const PRODUCTION: PipelineSubjects = { Rx: RxLoop, Worker: WorkerLoop, Consumer: RingConsumer };

/** The rx loop, one burst a turn. */
export class SimulatedRx {
  isFinished = false;
  private readonly loop: RxLoop;
  private readonly control: Int32Array;

  constructor(memory: EngineMemory, source: SimulatedSource, clock: Clock, { Rx }: PipelineSubjects) {
    const pool = new PacketPool(memory.pool);
    this.control = controlOf(memory.control, 0);
    this.loop = new Rx(
      { idle: 'spin' },
      {
        source,
        pool,
        cache: pool.cacheOf(0),
        hand: pool.handOf(0),
        rings: memory.rings.map((ring) => new RingProducer(ring)),
        doorbells: memory.rings.map(
          (_, worker) => new Doorbell(controlOf(memory.control, 1 + worker), CONTROL_DOORBELL),
        ),
        banks: new CounterBanks(memory.rxCounters, this.control),
        interfaceCount: source.interfaces.length,
        control: this.control,
        clock,
      },
    );
    this.loop.begin();
  }

  turn(): void {
    if (!this.isFinished && this.loop.runBurst() === SOURCE_FINISHED) {
      this.isFinished = true;
      Atomics.store(this.control, CONTROL_STATE, STATE_FINISHED);
    }
    this.loop.attend();
  }

  attend(): void {
    this.loop.attend();
  }

  stop(): void {
    this.loop.end();
  }
}

/** A worker loop, one burst a turn, and beside it what its packets must be counted as. */
export class SimulatedWorker {
  private readonly loop: WorkerLoop;
  private readonly control: Int32Array;
  private readonly pool: PacketPool;
  private readonly hand: Int32Array;
  private table = 0;

  constructor(
    memory: EngineMemory,
    index: number,
    private readonly rules: SimulatedRules,
    private readonly outcomes: SimulatedOutcomes,
    clock: Clock,
    { Worker, Consumer }: PipelineSubjects,
  ) {
    const threadIndex = 1 + index;
    this.pool = new PacketPool(memory.pool);
    this.hand = this.pool.handOf(threadIndex);
    this.control = controlOf(memory.control, threadIndex);
    const banks = new CounterBanks(memory.workerCounters[index], this.control);
    const ring = new Consumer(memory.rings[index]);
    this.loop = new Worker(
      { idle: 'spin', idleSpins: 1 },
      {
        ring,
        pool: this.pool,
        cache: this.pool.cacheOf(threadIndex),
        hand: this.hand,
        banks,
        control: this.control,
        clock,
        transmitter: new NoTransmitter(new TransmitCounters(banks, WORKER_TOTALS.firstTransmit)),
        passage: { counted: false, unclassified: false, malformed: false },
        judgement: rules.first,
        nextJudgement: () => {
          const next = this.rules.nextOf(index);
          if (next === null) return null;
          this.table = next.table;
          return next.judgement;
        },
      },
    );
    Atomics.store(this.control, CONTROL_STATE, STATE_RUNNING);
  }

  /** @returns packets that were judged. */
  turn(): number {
    const { table } = this;
    const packets = this.loop.runBurst();
    // The buffers are free by now, but nobody else has had a turn: their descriptors are as they were.
    for (let i = 0; i < packets; i++) {
      const wireBytes = this.pool.wireBytes(this.hand[i]);
      this.outcomes.note(outcomeOf(kindOf(wireBytes), this.rules.tables[table]), wireBytes);
    }
    this.loop.attend();
    return packets;
  }

  attend(): void {
    this.loop.attend();
  }

  /** Empties its ring, and ends as its thread does. */
  stop(): void {
    while (this.turn() > 0);
    Atomics.store(this.control, CONTROL_COMMAND, COMMAND_STOP);
    this.loop.run();
  }
}
