import { SLOT_BYTES, SLOT_CELLS, SLOT_LAST_MS, SLOT_PACKETS } from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import { CounterReader } from '../../src/counters/counter-reader.js';
import { type CountersShape, createCounters } from '../../src/counters/counters-layout.js';
import { controlOf, createControl } from '../../src/memory/control-layout.js';

export const SHAPE: CountersShape = { levelCount: 2, totalCount: 3, slotCount: 4 };

/** Everything that a reader shows, as plain arrays. */
export interface Shown {
  readonly levels: number[];
  readonly totals: number[];
  readonly slots: number[];
}

/** Both sides of one thread's counters, on the test's own thread. */
export class CountersStandIn {
  readonly control = controlOf(createControl(1), 0);
  readonly memory = createCounters(SHAPE);
  readonly banks = new CounterBanks(this.memory, this.control);
  readonly reader = new CounterReader(this.memory, this.control);

  addTotal(total: number, value: number): void {
    this.banks.cells[this.banks.totals + total] += value;
  }

  countPacket(slot: number, bytes: number, atMs: number): void {
    const cell = this.banks.slots + slot * SLOT_CELLS;
    this.banks.cells[cell + SLOT_PACKETS]++;
    this.banks.cells[cell + SLOT_BYTES] += bytes;
    this.banks.cells[cell + SLOT_LAST_MS] = atMs;
  }

  /** Publishes with both levels at a value. */
  publish(level: number): void {
    this.banks.setLevel(0, level);
    this.banks.setLevel(1, -level);
    this.banks.publish();
  }

  request(): void {
    this.reader.request(SHAPE.slotCount);
  }

  take(): boolean {
    return this.reader.take(SHAPE.slotCount);
  }

  shown(): Shown {
    const { levels, totals, slots } = this.reader;
    return { levels: [...levels], totals: [...totals], slots: [...slots] };
  }
}
