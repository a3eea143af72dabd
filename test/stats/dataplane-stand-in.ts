import {
  DROP_REASONS,
  type DropReason,
  enqueuedCell,
  RX_INTERFACE_BYTES,
  RX_INTERFACE_CELLS,
  RX_INTERFACE_FIRST_DROP,
  RX_INTERFACE_KERNEL_DROPPED,
  RX_INTERFACE_PACKETS,
  RX_LEVELS,
  RX_TOTALS,
  rxTransmitCell,
  SLOT_BYTES,
  SLOT_CELLS,
  SLOT_LAST_MS,
  SLOT_PACKETS,
  TRANSMIT_FAILURES,
  type TransmitFailure,
  WORKER_LEVELS,
  WORKER_TOTALS,
} from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import { createCounters, rxCountersShape, workerCountersShape } from '../../src/counters/counters-layout.js';
import { LatencyHistogram } from '../../src/counters/latency-histogram.js';
import { CONTROL_STATE, controlOf, createControl, STATE_RUNNING } from '../../src/memory/control-layout.js';
import type { AggregatorConfig } from '../../src/stats/aggregator.js';
import { TransmitCounters } from '../../src/tx/transmit-counters.js';

export const RULE_CAPACITY = 8;

/** A worker's counters, moved by the test on its own thread. */
class WorkerStandIn {
  readonly banks: CounterBanks;
  readonly latency: LatencyHistogram;
  readonly transmit: TransmitCounters;
  heapBytes = 0;
  /** False while it answers no request. */
  answers = true;
  private processed = 0;
  private orders = 0;

  constructor(config: AggregatorConfig, index: number) {
    this.banks = new CounterBanks(config.workerCounters[index], controlOf(config.control, 1 + index));
    this.latency = new LatencyHistogram(this.banks);
    this.transmit = new TransmitCounters(this.banks, WORKER_TOTALS.firstTransmit);
  }

  /** Judges one packet and gives its buffer back. */
  process(slot: number, bytes: number, atMs: number): void {
    const { cells, slots } = this.banks;
    const cell = slots + slot * SLOT_CELLS;
    cells[cell + SLOT_PACKETS]++;
    cells[cell + SLOT_BYTES] += bytes;
    cells[cell + SLOT_LAST_MS] = atMs;
    this.processed++;
  }

  /** Has orders to send that many frames. */
  order(frames: number): void {
    this.orders += frames;
  }

  /** Has judged so many packets long ago, of one byte each. */
  resume(slot: number, packets: number): void {
    const cell = this.banks.slots + slot * SLOT_CELLS;
    this.banks.cells[cell + SLOT_PACKETS] += packets;
    this.banks.cells[cell + SLOT_BYTES] += packets;
    this.processed += packets;
  }

  /** Sends a frame that it had the order to send. */
  send(interfaceIndex: number, bytes: number): void {
    this.order(1);
    this.transmit.countSent(interfaceIndex, bytes);
  }

  /** Cannot send a frame that it had the order to send. */
  failToSend(interfaceIndex: number, reason: TransmitFailure): void {
    this.order(1);
    this.transmit.countFailed(interfaceIndex, TRANSMIT_FAILURES.indexOf(reason));
  }

  /** Adds to a cell of `WORKER_TOTALS`. */
  addTotal(total: number, value: number): void {
    this.banks.cells[this.banks.totals + total] += value;
  }

  setLevels(): void {
    this.banks.setLevel(WORKER_LEVELS.readCursor, this.processed | 0);
    this.banks.setLevel(WORKER_LEVELS.poolReturned, this.processed | 0);
    this.banks.setLevel(WORKER_LEVELS.heapBytes, this.heapBytes);
    this.banks.setLevel(WORKER_LEVELS.transmitOrders, this.orders | 0);
  }

  answerIfAsked(): void {
    if (!this.banks.isRequested()) return;
    this.setLevels();
    this.banks.publish();
  }
}

/** The rx thread's counters, moved by the test on its own thread. */
class RxStandIn {
  readonly banks: CounterBanks;
  /** For what it sends in the workers' place. */
  readonly transmit: TransmitCounters;
  heapBytes = 0;
  bytesRead = 0;
  /** Buffers that are filled and in no ring yet. */
  held = 0;
  /** False while it answers no request. */
  answers = true;
  /** Called right after it has answered. */
  afterAnswer = () => {};
  readonly writeCursors: number[];

  constructor(private readonly config: AggregatorConfig) {
    const control = controlOf(config.control, 0);
    this.banks = new CounterBanks(config.rxCounters, control);
    const firstCell = rxTransmitCell(config.interfaces.length, config.workerCounters.length);
    this.transmit = new TransmitCounters(this.banks, firstCell);
    Atomics.store(control, CONTROL_STATE, STATE_RUNNING);
    this.writeCursors = config.workerCounters.map(() => 0);
  }

  /** Reads one frame and puts it into a worker's ring. */
  enqueue(interfaceIndex: number, worker: number, bytes: number): void {
    this.receive(interfaceIndex, bytes);
    this.banks.cells[this.banks.totals + enqueuedCell(this.config.interfaces.length, worker)]++;
    this.writeCursors[worker]++;
  }

  /** Has put so many frames of one byte each into a worker's ring long ago. */
  resume(worker: number, frames: number): void {
    const { cells, totals } = this.banks;
    cells[totals + RX_TOTALS.firstInterface + RX_INTERFACE_PACKETS] += frames;
    cells[totals + RX_TOTALS.firstInterface + RX_INTERFACE_BYTES] += frames;
    cells[totals + enqueuedCell(this.config.interfaces.length, worker)] += frames;
    this.writeCursors[worker] += frames;
  }

  /** Reads one frame and drops it. */
  drop(interfaceIndex: number, reason: DropReason, bytes: number): void {
    const cell = this.receive(interfaceIndex, bytes);
    this.banks.cells[cell + RX_INTERFACE_FIRST_DROP + DROP_REASONS.indexOf(reason)]++;
  }

  /** Reads one frame and forgets what became of it: a defect. */
  forget(interfaceIndex: number): void {
    this.receive(interfaceIndex, 60);
  }

  /** Learns that the kernel had no room for frames. */
  loseInKernel(interfaceIndex: number, frames: number): void {
    const cell = this.banks.totals + RX_TOTALS.firstInterface + interfaceIndex * RX_INTERFACE_CELLS;
    this.banks.cells[cell + RX_INTERFACE_KERNEL_DROPPED] += frames;
  }

  addBusyMs(busyMs: number): void {
    this.banks.cells[this.banks.totals + RX_TOTALS.busyMs] += busyMs;
  }

  answerIfAsked(): void {
    if (!this.banks.isRequested()) return;
    const enqueued = this.writeCursors.reduce((sum, cursor) => sum + cursor, 0);
    this.banks.setLevel(RX_LEVELS.held, this.held);
    this.banks.setLevel(RX_LEVELS.poolTaken, (enqueued + this.held) | 0);
    this.banks.setLevel(RX_LEVELS.heapBytes, this.heapBytes);
    this.banks.setLevel(RX_LEVELS.sourceBytesRead, this.bytesRead);
    this.writeCursors.forEach((cursor, worker) => {
      this.banks.setLevel(RX_LEVELS.firstWriteCursor + worker, cursor | 0);
    });
    this.banks.publish();
    this.afterAnswer();
  }

  private receive(interfaceIndex: number, bytes: number): number {
    const cell = this.banks.totals + RX_TOTALS.firstInterface + interfaceIndex * RX_INTERFACE_CELLS;
    this.banks.cells[cell + RX_INTERFACE_PACKETS]++;
    this.banks.cells[cell + RX_INTERFACE_BYTES] += bytes;
    return cell;
  }
}

/**
 * Stands in for the dataplane: the counters of rx and of the workers, with the test as their thread.
 * Requests are answered between two turns of the event loop, by those threads whose `answers` is true.
 */
export class DataplaneStandIn {
  readonly config: AggregatorConfig;
  readonly rx: RxStandIn;
  readonly workers: readonly WorkerStandIn[];
  private next: NodeJS.Immediate;

  constructor(interfaces: readonly string[], workerCount: number) {
    const workers = Array.from({ length: workerCount }, (_, index) => index);
    this.config = {
      control: createControl(1 + workerCount),
      rxCounters: createCounters(rxCountersShape(interfaces.length, workerCount)),
      workerCounters: workers.map(() =>
        createCounters(workerCountersShape(RULE_CAPACITY, interfaces.length)),
      ),
      interfaces,
    };
    this.rx = new RxStandIn(this.config);
    this.workers = workers.map((index) => new WorkerStandIn(this.config, index));
    const serve = () => {
      for (const worker of this.workers) if (worker.answers) worker.answerIfAsked();
      if (this.rx.answers) this.rx.answerIfAsked();
      this.next = setImmediate(serve);
    };
    this.next = setImmediate(serve);
  }

  /** A packet of 100 bytes all the way from the first interface through a worker into a slot. */
  pass(worker: number, slot: number, packets = 1): void {
    for (let i = 0; i < packets; i++) {
      this.rx.enqueue(0, worker, 100);
      this.workers[worker].process(slot, 100, 1000);
    }
  }

  /** Lets so many packets of one byte have passed long ago. */
  resume(worker: number, slot: number, packets: number): void {
    this.rx.resume(worker, packets);
    this.workers[worker].resume(slot, packets);
  }

  /** Notes bursts and busy time of a worker. */
  work(worker: number, bursts: number, busyMs: number): void {
    this.workers[worker].addTotal(WORKER_TOTALS.bursts, bursts);
    this.workers[worker].addTotal(WORKER_TOTALS.busyMs, busyMs);
  }

  stop(): void {
    clearImmediate(this.next);
  }
}
