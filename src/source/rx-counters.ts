import * as catalogue from '../counters/catalogue.js';
import { enqueuedCell } from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';
import type { RxDesk } from '../memory/rx-desk.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  RX_INTERFACE_CELLS,
  RX_INTERFACE_FIRST_DROP,
  RX_INTERFACE_KERNEL_DROPPED,
  RX_INTERFACE_PACKETS,
  RX_TOTALS,
} = catalogue;

/** What rx counts of each frame, by interface and by worker. Used by the rx loop alone. */
export class RxCounters {
  /** @param interfaceCount as in the shape of the counters: the engine's list, not only what is read. */
  constructor(
    private readonly banks: CounterBanks,
    private readonly interfaceCount: number,
    private readonly desk: RxDesk,
  ) {}

  /** Counts frames of one interface that are in a ring: all of it or nothing, should the thread die. */
  countReceived(interfaceIndex: number, packets: number, bytes: number): void {
    const { desk } = this;
    const { cells } = this.banks;
    desk.open(cells, this.cellOf(interfaceIndex), packets, bytes, -1, -1, -1);
    desk.carryOut(cells);
    desk.close();
  }

  /**
   * Counts a frame that is received and dropped. The desk's entry stays open: the caller closes it when the buffer is
   * back and unstaged.
   *
   * @param reason position in `DROP_REASONS`.
   * @param buffer the last one staged for `worker`; -1 where the frame had none.
   */
  countDropped(interfaceIndex: number, bytes: number, reason: number, buffer: number, worker: number): void {
    const { cells } = this.banks;
    const cell = this.cellOf(interfaceIndex);
    this.desk.open(cells, cell, 1, bytes, cell + RX_INTERFACE_FIRST_DROP + reason, buffer, worker);
    this.desk.carryOut(cells);
  }

  countKernelDrops(interfaceIndex: number, packets: number): void {
    this.banks.cells[this.cellOf(interfaceIndex) + RX_INTERFACE_KERNEL_DROPPED] += packets;
  }

  countEnqueued(worker: number, packets: number): void {
    this.banks.cells[this.banks.totals + enqueuedCell(this.interfaceCount, worker)] += packets;
  }

  countBurst(busyMs: number): void {
    const { cells, totals } = this.banks;
    cells[totals + RX_TOTALS.bursts] += 1;
    cells[totals + RX_TOTALS.busyMs] += busyMs;
  }

  /** Packets ever counted into a worker's ring. */
  enqueued(worker: number): number {
    return this.banks.total(enqueuedCell(this.interfaceCount, worker));
  }

  received(): number {
    let packets = 0;
    for (let i = 0; i < this.interfaceCount; i++)
      packets += this.banks.total(totalOf(i) + RX_INTERFACE_PACKETS);
    return packets;
  }

  dropped(): number {
    let packets = 0;
    for (let i = 0; i < this.interfaceCount; i++) {
      for (let cell = RX_INTERFACE_FIRST_DROP; cell < RX_INTERFACE_CELLS; cell++) {
        packets += this.banks.total(totalOf(i) + cell);
      }
    }
    return packets;
  }

  private cellOf(interfaceIndex: number): number {
    return this.banks.totals + totalOf(interfaceIndex) + RX_INTERFACE_PACKETS;
  }
}

/** The first total cell of an interface. */
function totalOf(interfaceIndex: number): number {
  return RX_TOTALS.firstInterface + interfaceIndex * RX_INTERFACE_CELLS;
}
