import { SLOT_BYTES, SLOT_CELLS, SLOT_LAST_MS, SLOT_PACKETS } from '../../src/counters/catalogue.js';
import { SHAPE, type Shown } from './counters-stand-in.js';

/** What a reader shows before the first publication. */
export const NOTHING: Shown = {
  levels: new Array(SHAPE.levelCount).fill(0),
  totals: new Array(SHAPE.totalCount).fill(0),
  slots: new Array(SHAPE.slotCount * SLOT_CELLS).fill(0),
};

/** The counters as one would write them down without banks. */
export class CountersModel {
  private readonly totals = new Array<number>(SHAPE.totalCount).fill(0);
  private readonly slots = new Array<number>(SHAPE.slotCount * SLOT_CELLS).fill(0);
  private isOwed = false;
  private isClosed = false;
  private published: Shown | null = null;
  shown = NOTHING;

  addTotal(total: number, value: number): void {
    this.totals[total] += value;
  }

  countPacket(slot: number, bytes: number, atMs: number): void {
    this.slots[slot * SLOT_CELLS + SLOT_PACKETS]++;
    this.slots[slot * SLOT_CELLS + SLOT_BYTES] += bytes;
    this.slots[slot * SLOT_CELLS + SLOT_LAST_MS] = atMs;
  }

  request(): void {
    if (this.isOwed && !this.isClosed) return;
    this.take();
    this.isOwed = true;
  }

  publish(level: number): void {
    if (!this.isOwed) return;
    this.isOwed = false;
    this.published = this.now(level);
  }

  close(level: number): void {
    this.isClosed = true;
    this.published = this.now(level);
  }

  take(): boolean {
    if (this.published === null) return false;
    this.shown = this.published;
    this.published = null;
    return true;
  }

  private now(level: number): Shown {
    return { levels: [level, -level], totals: [...this.totals], slots: [...this.slots] };
  }
}
