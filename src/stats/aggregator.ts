import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import {
  enqueuedCell,
  RX_INTERFACE_BYTES,
  RX_INTERFACE_CELLS,
  RX_INTERFACE_FIRST_DROP,
  RX_INTERFACE_KERNEL_DROPPED,
  RX_INTERFACE_PACKETS,
  RX_LEVELS,
  RX_TOTALS,
  rxTransmitCell,
  SLOT_CELLS,
  SLOT_LAST_MS,
  SLOT_PACKETS,
  TX_INTERFACE_BYTES,
  TX_INTERFACE_CELLS,
  TX_INTERFACE_FIRST_FAILURE,
  TX_INTERFACE_PACKETS,
  WORKER_LEVELS,
  WORKER_TOTALS,
} from '../counters/catalogue.js';
import { CounterReader } from '../counters/counter-reader.js';
import type { CountersMemory } from '../counters/counters-layout.js';
import type { Clock } from '../memory/clock.js';
import { controlOf } from '../memory/control-layout.js';
import { checkIdentity } from './identity.js';
import { PassRates } from './pass-rates.js';
import type { StatsSummary } from './stats-messages.js';
import { createTotals, sumOf, type Totals } from './totals.js';

/** What the aggregator reads: the counters of the rx thread and of every worker, and their control blocks. */
export interface AggregatorConfig {
  readonly control: SharedArrayBuffer;
  readonly rxCounters: CountersMemory;
  readonly workerCounters: readonly CountersMemory[];
  readonly interfaces: readonly string[];
}

/**
 * How often a pass looks for the answers of the workers, and again for that of rx, before it goes by what it has; and how
 * long it sleeps over each look, milliseconds: a thread under load answers within one hand, and one that has to wake up
 * within a tenth of this.
 */
const ANSWER_LOOKS = 50;
const ANSWER_SLEEP_MS = 1;

/**
 * Sums the private counters of all dataplane threads without stopping them, and checks the accounting
 * identity. The only reader of the counters: one instance, on the stats thread or, in a replay, on main.
 */
export class Aggregator {
  readonly totals: Totals;
  readonly rates: PassRates;
  /** Passes so far, and those of them in which the identity did not hold. */
  passCount = 0;
  violationCount = 0;
  private readonly rx: CounterReader;
  private readonly workers: readonly CounterReader[];
  private running: Promise<boolean> | null = null;

  /** @param sleepOver waits a little for the answer that a reader is owed; by default it blocks this thread. */
  constructor(
    private readonly config: AggregatorConfig,
    private readonly clock: Clock,
    private readonly sleepOver = (reader: CounterReader) => reader.awaitAnswer(ANSWER_SLEEP_MS),
  ) {
    this.rx = new CounterReader(config.rxCounters, controlOf(config.control, 0));
    this.workers = config.workerCounters.map(
      (memory, worker) => new CounterReader(memory, controlOf(config.control, 1 + worker)),
    );
    this.totals = createTotals(
      config.interfaces,
      config.workerCounters[0].shape.slotCount,
      config.workerCounters.length,
    );
    this.rates = new PassRates(this.totals);
  }

  /**
   * Brings `totals` up to date. A call while a pass is under way waits for that one.
   *
   * The workers publish first and rx after them, so what rx has enqueued is never less than what the
   * workers have processed. A thread that does not answer in time keeps its last numbers, which still
   * add up; if it is rx, all numbers stay as they were.
   *
   * @param slotCount outcome slots in use, counted from slot 0.
   * @returns true when every thread answered, so that all numbers are of this pass.
   */
  pass(slotCount: number): Promise<boolean> {
    this.running ??= this.collect(slotCount).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  /**
   * Resolves when no pass is under way. One that is looks at the slots that were in use when it began: rules must not
   * begin to count before it has ended, as those of a worker that starts anew would.
   */
  async rest(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  /** The accounting as of the last pass. */
  summary(): StatsSummary {
    const { totals, passCount, violationCount } = this;
    return {
      received: totals.received,
      dropped: totals.received - totals.enqueued,
      enqueued: totals.enqueued,
      processed: totals.processed,
      lost: totals.lost,
      inFlight: totals.inFlight,
      holds: totals.identity.holds,
      violations: totals.identity.violations,
      passes: passCount,
      violatedPasses: violationCount,
    };
  }

  private async collect(slotCount: number): Promise<boolean> {
    for (const worker of this.workers) worker.request(slotCount);
    await this.answersOf(this.workers, (worker) => worker.isDead());
    // Taken now: an answer that comes later may be younger than what rx is about to publish.
    let fresh = true;
    for (const worker of this.workers) {
      if (worker.isAnswered()) worker.take(slotCount);
      else fresh = false;
    }
    // A reader that follows one that has died knows nothing of a thread that has not answered it yet.
    if (!this.workers.every((worker) => worker.hasState || worker.isStarting())) return false;
    this.rx.request(0);
    // Before rx has begun there is nothing to wait for: its counters are zero, and so are all others.
    await this.answersOf([this.rx], (rx) => rx.isStarting() || rx.isDead());
    if (!this.rx.isAnswered() && !this.rx.isStarting()) return false;
    this.rx.take(0);
    // Who has ended since the pass began may have counted by rules that came since.
    const { slotCount: allSlots } = this.config.workerCounters[0].shape;
    this.sumWorkers(this.workers.some(({ isClosed }) => isClosed) ? allSlots : slotCount);
    this.sumRx();
    this.sumTransmitted();
    this.judge();
    this.rates.note(this.clock.nowMs());
    return fresh;
  }

  /** Waits until all have answered of whom an answer can be expected, or until it has waited long enough. */
  private async answersOf(
    readers: readonly CounterReader[],
    isExcused: (reader: CounterReader) => boolean,
  ): Promise<void> {
    for (let looks = 0; looks < ANSWER_LOOKS; looks++) {
      const owing = readers.find((reader) => !reader.isAnswered() && !isExcused(reader));
      if (owing === undefined) return;
      this.sleepOver(owing);
      await yieldToEventLoop();
    }
  }

  private sumWorkers(slotCount: number): void {
    const { totals } = this;
    totals.slotsInUse = Math.max(totals.slotsInUse, slotCount);
    totals.slots.fill(0, 0, totals.slotsInUse * SLOT_CELLS);
    totals.anomalies.fill(0);
    totals.transmitOrders = 0;
    totals.transmitQueued = 0;
    totals.latencyBuckets.fill(0);
    totals.latencySumSeconds = 0;
    totals.processed = 0;
    totals.lost = 0;
    this.workers.forEach((reader, worker) => {
      const { slots } = reader;
      let packets = 0;
      for (let cell = 0; cell < slotCount * SLOT_CELLS; cell++) {
        if (cell % SLOT_CELLS === SLOT_LAST_MS)
          totals.slots[cell] = Math.max(totals.slots[cell], slots[cell]);
        else totals.slots[cell] += slots[cell];
        if (cell % SLOT_CELLS === SLOT_PACKETS) packets += slots[cell];
      }
      addCells(totals.anomalies, reader.totals, WORKER_TOTALS.firstAnomaly);
      totals.transmitOrders = (totals.transmitOrders + reader.levels[WORKER_LEVELS.transmitOrders]) | 0;
      totals.transmitQueued += reader.totals[WORKER_TOTALS.transmitQueued];
      addCells(totals.latencyBuckets, reader.totals, WORKER_TOTALS.firstLatencyBucket);
      totals.latencySumSeconds += reader.totals[WORKER_TOTALS.latencySumUs] / 1e6;
      totals.processed += packets;
      const own = totals.workers[worker];
      own.packets = packets;
      own.lost = reader.totals[WORKER_TOTALS.lost];
      totals.lost += own.lost;
      own.bursts = reader.totals[WORKER_TOTALS.bursts];
      own.busySeconds = reader.totals[WORKER_TOTALS.busyMs] / 1000;
      own.heapBytes = reader.levels[WORKER_LEVELS.heapBytes];
    });
  }

  private sumRx(): void {
    const { totals, rx } = this;
    totals.received = 0;
    totals.interfaces.forEach((own, index) => {
      const cell = RX_TOTALS.firstInterface + index * RX_INTERFACE_CELLS;
      own.packets = rx.totals[cell + RX_INTERFACE_PACKETS];
      own.bytes = rx.totals[cell + RX_INTERFACE_BYTES];
      own.kernelDropped = rx.totals[cell + RX_INTERFACE_KERNEL_DROPPED];
      own.dropped.fill(0);
      addCells(own.dropped, rx.totals, cell + RX_INTERFACE_FIRST_DROP);
      totals.received += own.packets;
    });
    totals.enqueued = 0;
    for (let worker = 0; worker < this.workers.length; worker++) totals.enqueued += this.enqueuedTo(worker);
    totals.inFlight = totals.enqueued - totals.processed - totals.lost;
    totals.rxBusySeconds = rx.totals[RX_TOTALS.busyMs] / 1000;
    totals.rxHeapBytes = rx.levels[RX_LEVELS.heapBytes];
    totals.sourceBytesRead = rx.levels[RX_LEVELS.sourceBytesRead];
  }

  /** What workers have sent, and rx for them. */
  private sumTransmitted(): void {
    const { interfaces } = this.totals;
    const rxFirst = rxTransmitCell(interfaces.length, this.workers.length);
    const senders = [
      ...this.workers.map(({ totals }) => ({ totals, first: WORKER_TOTALS.firstTransmit as number })),
      { totals: this.rx.totals, first: rxFirst },
    ];
    interfaces.forEach((own, index) => {
      own.sentPackets = 0;
      own.sentBytes = 0;
      own.failed.fill(0);
      for (const { totals, first } of senders) {
        const cell = first + index * TX_INTERFACE_CELLS;
        own.sentPackets += totals[cell + TX_INTERFACE_PACKETS];
        own.sentBytes += totals[cell + TX_INTERFACE_BYTES];
        addCells(own.failed, totals, cell + TX_INTERFACE_FIRST_FAILURE);
      }
    });
  }

  private judge(): void {
    const { totals, rx, workers } = this;
    totals.atMs = this.clock.unixMs();
    totals.passedMs = this.clock.nowMs();
    totals.inRings = workers.reduce((sum, reader, worker) => {
      const writeCursor = rx.levels[RX_LEVELS.firstWriteCursor + worker];
      return sum + ((writeCursor - reader.levels[WORKER_LEVELS.readCursor]) | 0);
    }, 0);
    totals.identity = checkIdentity({
      received: totals.received,
      dropped: totals.interfaces.reduce((sum, own) => sum + sumOf(own.dropped), 0),
      transmitOrders: totals.transmitOrders,
      sent: totals.interfaces.reduce((sum, own) => sum + own.sentPackets, 0),
      transmitFailed: totals.interfaces.reduce((sum, own) => sum + sumOf(own.failed), 0),
      transmitWaiting: this.transmitWaiting(),
      held: rx.levels[RX_LEVELS.held],
      pools: [rx, ...workers].map((reader) => ({
        taken: reader.levels[RX_LEVELS.poolTaken],
        returned: reader.levels[RX_LEVELS.poolReturned],
        cached: reader.levels[RX_LEVELS.poolCached],
      })),
      workers: workers.map((reader, worker) => ({
        enqueued: this.enqueuedTo(worker),
        writeCursor: rx.levels[RX_LEVELS.firstWriteCursor + worker],
        processed: totals.workers[worker].packets,
        lost: totals.workers[worker].lost,
        readCursor: reader.levels[WORKER_LEVELS.readCursor],
      })),
    });
    this.passCount++;
    if (!totals.identity.holds) this.violationCount++;
  }

  /**
   * Packets that wait in the rings from the workers to rx, where rx sends for them (raw-socket).
   *
   * Here rx is the consumer, and publishes after the producers: by then it may have sent what a worker
   * queued after its own publication, so that this comes out below zero. That is no fault, and no reason to
   * look the other way: the worker's numbers lack the same packets as frames to be sent and as buffers
   * taken, so both equations of the identity hold with the difference as it is. At the end, when all rest,
   * it is what the rings hold: nothing.
   */
  private transmitWaiting(): number {
    return (this.totals.transmitQueued - this.rx.levels[RX_LEVELS.transmitCursor]) | 0;
  }

  private enqueuedTo(worker: number): number {
    return this.rx.totals[enqueuedCell(this.config.interfaces.length, worker)];
  }
}

function addCells(sums: Float64Array, cells: Float64Array, first: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] += cells[first + i];
}
