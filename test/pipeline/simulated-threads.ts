import { WORKER_TOTALS } from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import type { EngineMemory } from '../../src/engine/engine-memory.js';
import type { Clock } from '../../src/memory/clock.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_DOORBELL,
  CONTROL_GENERATION_IN_USE,
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
import { abandon } from '../../src/worker/predecessor.js';
import { NoSampler } from '../../src/worker/sampler.js';
import { WorkerLoop } from '../../src/worker/worker-loop.js';
import { idleTap } from '../worker/idle-tap.js';
import { mortalCode } from '../worker/mortal-code.js';
import type { SimulatedOutcomes } from './simulated-outcomes.js';
import type { SimulatedRules } from './simulated-rules.js';
import { kindOf, outcomeOf, type SimulatedSource } from './simulated-traffic.js';

/** The classes under test: the production ones, mutants of them, or copies that can be ended at any statement. */
export interface PipelineSubjects {
  readonly Rx: typeof RxLoop;
  readonly Worker: typeof WorkerLoop;
  readonly Producer: typeof RingProducer;
  readonly Consumer: typeof RingConsumer;
  readonly Pool: typeof PacketPool;
  readonly Banks: typeof CounterBanks;
}

export const PRODUCTION: PipelineSubjects = {
  Rx: RxLoop,
  Worker: WorkerLoop,
  Producer: RingProducer,
  Consumer: RingConsumer,
  Pool: PacketPool,
  Banks: CounterBanks,
};

/** @param folder where the copies go. */
export async function mortalSubjects(folder: string): Promise<PipelineSubjects> {
  const load = mortalCode(folder);
  return {
    Rx: (await load<{ RxLoop: typeof RxLoop }>('source/rx-loop.js')).RxLoop,
    Worker: (await load<{ WorkerLoop: typeof WorkerLoop }>('worker/worker-loop.js')).WorkerLoop,
    Producer: (await load<{ RingProducer: typeof RingProducer }>('ring/ring-producer.js')).RingProducer,
    Consumer: (await load<{ RingConsumer: typeof RingConsumer }>('ring/ring-consumer.js')).RingConsumer,
    Pool: (await load<{ PacketPool: typeof PacketPool }>('memory/packet-pool.js')).PacketPool,
    Banks: (await load<{ CounterBanks: typeof CounterBanks }>('counters/counter-banks.js')).CounterBanks,
  };
}

/** The rx loop, one burst a turn. */
export class SimulatedRx {
  isFinished = false;
  private readonly loop: RxLoop;
  private readonly control: Int32Array;

  constructor(memory: EngineMemory, source: SimulatedSource, clock: Clock, subjects: PipelineSubjects) {
    const { Rx, Pool, Producer, Banks } = subjects;
    const pool = new Pool(memory.pool);
    this.control = controlOf(memory.control, 0);
    this.loop = new Rx(
      { idle: 'spin', isBridge: false },
      {
        source,
        pool,
        cache: pool.cacheOf(0),
        hand: pool.handOf(0),
        rings: memory.rings.map((ring) => new Producer(ring)),
        doorbells: memory.rings.map(
          (_, worker) => new Doorbell(controlOf(memory.control, 1 + worker), CONTROL_DOORBELL),
        ),
        banks: new Banks(memory.rxCounters, this.control),
        interfaceCount: source.interfaces.length,
        control: this.control,
        clock,
      },
    );
  }

  /** Goes on where a predecessor has died. */
  begin(): void {
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

/**
 * The worker loops that follow each other at one post, one burst a turn, and beside them what their packets must be
 * counted as.
 */
export class SimulatedWorker {
  private readonly threadIndex: number;
  private readonly control: Int32Array;
  private readonly pool: PacketPool;
  private readonly hand: Int32Array;
  private readonly orders: Int32Array;
  private loop: WorkerLoop;
  private table = 0;
  /** The lengths of packets that were popped and have not come to an end, in their order. */
  private readonly open: number[] = [];
  private poppedBefore = 0;
  private outcomesBefore = 0;
  private lostBefore = 0;

  constructor(
    private readonly memory: EngineMemory,
    private readonly index: number,
    private readonly rules: SimulatedRules,
    private readonly outcomes: SimulatedOutcomes,
    private readonly clock: Clock,
    private readonly subjects: PipelineSubjects,
  ) {
    this.threadIndex = 1 + index;
    this.pool = new PacketPool(memory.pool);
    this.hand = this.pool.handOf(this.threadIndex);
    this.orders = this.pool.ordersOf(this.threadIndex);
    this.control = controlOf(memory.control, this.threadIndex);
    this.loop = this.successor();
  }

  /** A worker begins, as its thread does: with the newest rules, and with what its predecessor has left. */
  begin(): void {
    this.table = this.rules.renew(this.index);
    this.loop = this.successor();
    try {
      this.loop.resume();
    } finally {
      this.noteEnds();
    }
    Atomics.store(this.control, CONTROL_GENERATION_IN_USE, this.rules.newest.table.generation);
    Atomics.store(this.control, CONTROL_STATE, STATE_RUNNING);
  }

  /** @returns packets that were judged. */
  turn(): number {
    let packets = 0;
    try {
      packets = this.loop.runHand();
    } finally {
      // The buffers may be free by now, but nobody else has had a turn: their descriptors are as they were.
      this.noteEnds();
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

  /** Main closes the books of a dead one. */
  abandon(): void {
    const cache = this.pool.cacheOf(this.threadIndex);
    const banks = new CounterBanks(this.memory.workerCounters[this.index], this.control);
    const ring = new RingConsumer(this.memory.rings[this.index]);
    const transmitter = new NoTransmitter(new TransmitCounters(banks, WORKER_TOTALS.firstTransmit));
    abandon({ ring, cache, hand: this.hand, orders: this.orders, banks, transmitter });
    this.noteLost(banks.total(WORKER_TOTALS.lost) - this.lostBefore);
  }

  private successor(): WorkerLoop {
    const { memory, index, threadIndex, control, clock } = this;
    const { Worker, Consumer, Pool, Banks } = this.subjects;
    const pool = new Pool(memory.pool);
    const banks = new Banks(memory.workerCounters[index], control);
    return new Worker(
      { idle: 'spin', idleSpins: 1 },
      {
        ring: new Consumer(memory.rings[index]),
        pool,
        cache: pool.cacheOf(threadIndex),
        hand: this.hand,
        orders: this.orders,
        banks,
        control,
        rxDoorbell: new Doorbell(controlOf(memory.control, 0), CONTROL_DOORBELL),
        clock,
        transmitter: new NoTransmitter(new TransmitCounters(banks, WORKER_TOTALS.firstTransmit)),
        sampler: new NoSampler(),
        passage: { counted: false, unclassified: false, malformed: false },
        tap: idleTap(this.pool),
        judgement: this.rules.newest,
        nextJudgement: () => {
          const next = this.rules.nextOf(index);
          if (next === null) return null;
          this.table = next.table;
          return next.judgement;
        },
      },
    );
  }

  /**
   * Notes the packets that have come to an end since it was called last: by the ring's cursor and the sums of all
   * counters, which say how many they were and not where they belong.
   */
  private noteEnds(): void {
    const popped = new RingConsumer(this.memory.rings[this.index]).cursor;
    const banks = new CounterBanks(this.memory.workerCounters[this.index], this.control);
    const outcomes = banks.outcomes();
    const lost = banks.total(WORKER_TOTALS.lost);
    for (let i = 0; i < ((popped - this.poppedBefore) | 0); i++) {
      this.open.push(this.pool.wireBytes(this.hand[i]));
    }
    // A packet is lost by a successor, before it judges those behind it.
    this.noteLost(lost - this.lostBefore);
    for (const wireBytes of this.open.splice(0, outcomes - this.outcomesBefore)) {
      this.outcomes.note(outcomeOf(kindOf(wireBytes), this.rules.tables[this.table]), wireBytes);
    }
    this.poppedBefore = popped;
    this.outcomesBefore = outcomes;
    this.lostBefore = lost;
  }

  private noteLost(packets: number): void {
    for (const wireBytes of this.open.splice(0, packets)) this.outcomes.noteLost(wireBytes);
  }
}
