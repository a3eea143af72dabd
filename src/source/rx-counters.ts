import * as catalogue from '../counters/catalogue.js';
import { enqueuedCell } from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  RX_INTERFACE_BYTES,
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
  ) {}

  countReceived(interfaceIndex: number, wireBytes: number): void {
    const { cells } = this.banks;
    const cell = this.cellOf(interfaceIndex);
    cells[cell + RX_INTERFACE_PACKETS] += 1;
    cells[cell + RX_INTERFACE_BYTES] += wireBytes;
  }

  /** @param reason position in `DROP_REASONS`. */
  countDropped(interfaceIndex: number, reason: number): void {
    this.banks.cells[this.cellOf(interfaceIndex) + RX_INTERFACE_FIRST_DROP + reason] += 1;
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

  private cellOf(interfaceIndex: number): number {
    return this.banks.totals + RX_TOTALS.firstInterface + interfaceIndex * RX_INTERFACE_CELLS;
  }
}
