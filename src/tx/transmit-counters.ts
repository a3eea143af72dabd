import * as catalogue from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { TX_INTERFACE_BYTES, TX_INTERFACE_CELLS, TX_INTERFACE_FIRST_FAILURE, TX_INTERFACE_PACKETS } =
  catalogue;

/** Where a thread that sends counts what became of it, by interface. */
export class TransmitCounters {
  /**
   * @param firstCell the first of its transmit cells among the totals: `WORKER_TOTALS.firstTransmit` or
   *   `rxTransmitCell`.
   */
  constructor(
    private readonly banks: CounterBanks,
    private readonly firstCell: number,
  ) {}

  /** @param interfaceIndex position in the engine's list of interfaces. */
  countSent(interfaceIndex: number, bytes: number): void {
    const { cells } = this.banks;
    const cell = this.cellOf(interfaceIndex);
    cells[cell + TX_INTERFACE_PACKETS] += 1;
    cells[cell + TX_INTERFACE_BYTES] += bytes;
  }

  /** @param reason position in `TRANSMIT_FAILURES`. */
  countFailed(interfaceIndex: number, reason: number): void {
    this.banks.cells[this.cellOf(interfaceIndex) + TX_INTERFACE_FIRST_FAILURE + reason] += 1;
  }

  /** All that was sent and all that failed, by this thread and by those whose successor it is. */
  settled(): number {
    let frames = 0;
    // They are the last cells of a thread's totals.
    for (let cell = this.firstCell; cell < this.banks.totalCount; cell++) {
      if ((cell - this.firstCell) % TX_INTERFACE_CELLS !== TX_INTERFACE_BYTES)
        frames += this.banks.total(cell);
    }
    return frames;
  }

  private cellOf(interfaceIndex: number): number {
    return this.banks.totals + this.firstCell + interfaceIndex * TX_INTERFACE_CELLS;
  }
}
