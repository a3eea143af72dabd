import { SLOT_BYTES, SLOT_CELLS, SLOT_PACKETS } from '../counters/catalogue.js';
import type { Totals } from './totals.js';

/**
 * Time between the two passes that a rate is taken from, milliseconds, at least: passes that scrapes ask
 * for may follow each other so closely that a burst of packets more or less would make the rate.
 */
const WINDOW_MS_MIN = 500;

/** Values remembered of an interface, before those of the workers. */
const PACKETS = 0;
const BYTES = 1;
const SENT_PACKETS = 2;
const SENT_BYTES = 3;
const INTERFACE_VALUES = 4;
/** Values remembered of a worker, before those of the slots: the first is its packets. */
const BUSY_SECONDS = 1;
const WORKER_VALUES = 2;
/** Values remembered of a slot. */
const SLOT_VALUES = 2;

/**
 * Rates between the last two passes that were far enough apart. Every pass is noted; what is remembered are
 * plain numbers in two arrays, 32 bytes a slot in use, written in turn: 16,000 slots take 0.14 ms a second.
 *
 * A slot that has just been given to another rule shows what both have counted, for one window.
 */
export class PassRates {
  private older: Float64Array;
  private newer: Float64Array;
  private olderMs = Number.NaN;
  private newerMs = Number.NaN;
  private readonly firstWorker: number;
  private readonly firstSlot: number;

  /** @param totals the ones that the passes bring up to date. */
  constructor(private readonly totals: Totals) {
    this.firstWorker = totals.interfaces.length * INTERFACE_VALUES;
    this.firstSlot = this.firstWorker + totals.workers.length * WORKER_VALUES;
    const valueCount = this.firstSlot + (totals.slots.length / SLOT_CELLS) * SLOT_VALUES;
    this.older = new Float64Array(valueCount);
    this.newer = new Float64Array(valueCount);
  }

  /** The totals are of a pass that was made at `nowMs`, on a monotonic clock in milliseconds. */
  note(nowMs: number): void {
    if (nowMs - this.newerMs < WINDOW_MS_MIN) return;
    const values = this.older;
    this.older = this.newer;
    this.olderMs = this.newerMs;
    this.newer = values;
    this.newerMs = nowMs;
    const { interfaces, workers, slots, slotsInUse } = this.totals;
    interfaces.forEach((own, i) => {
      const first = i * INTERFACE_VALUES;
      values[first + PACKETS] = own.packets;
      values[first + BYTES] = own.bytes;
      values[first + SENT_PACKETS] = own.sentPackets;
      values[first + SENT_BYTES] = own.sentBytes;
    });
    workers.forEach((own, i) => {
      const first = this.firstWorker + i * WORKER_VALUES;
      values[first + PACKETS] = own.packets;
      values[first + BUSY_SECONDS] = own.busySeconds;
    });
    const end = this.firstSlot + slotsInUse * SLOT_VALUES;
    for (let i = this.firstSlot, cell = 0; i < end; i += SLOT_VALUES, cell += SLOT_CELLS) {
      values[i + PACKETS] = slots[cell + SLOT_PACKETS];
      values[i + BYTES] = slots[cell + SLOT_BYTES];
    }
  }

  /** Seconds between the two passes; NaN before there were two, and then all rates are. */
  get windowSeconds(): number {
    return (this.newerMs - this.olderMs) / 1000;
  }

  /** Frames read from an interface, per second. */
  packets(interfaceIndex: number): number {
    return this.perSecond(interfaceIndex * INTERFACE_VALUES + PACKETS);
  }

  /** Bytes read from an interface, per second. */
  bytes(interfaceIndex: number): number {
    return this.perSecond(interfaceIndex * INTERFACE_VALUES + BYTES);
  }

  /** Frames sent by an interface, per second. */
  sentPackets(interfaceIndex: number): number {
    return this.perSecond(interfaceIndex * INTERFACE_VALUES + SENT_PACKETS);
  }

  /** Bytes sent by an interface, per second. */
  sentBytes(interfaceIndex: number): number {
    return this.perSecond(interfaceIndex * INTERFACE_VALUES + SENT_BYTES);
  }

  /** Packets processed by a worker, per second. */
  workerPackets(worker: number): number {
    return this.perSecond(this.firstWorker + worker * WORKER_VALUES + PACKETS);
  }

  /** Part of the time that a worker was at work, from 0 to 1. */
  workerBusy(worker: number): number {
    return this.perSecond(this.firstWorker + worker * WORKER_VALUES + BUSY_SECONDS);
  }

  /** Packets counted in an outcome slot, or in `slotCount` slots from this one on, per second. */
  slotPackets(slot: number, slotCount = 1): number {
    let sum = 0;
    for (let i = slot; i < slot + slotCount; i++)
      sum += this.perSecond(this.firstSlot + i * SLOT_VALUES + PACKETS);
    return sum;
  }

  /** Bytes counted in an outcome slot, per second. */
  slotBytes(slot: number): number {
    return this.perSecond(this.firstSlot + slot * SLOT_VALUES + BYTES);
  }

  private perSecond(valueIndex: number): number {
    return (this.newer[valueIndex] - this.older[valueIndex]) / this.windowSeconds;
  }
}

/** A rate as JSON takes it: that knows no NaN, and more than three decimals are noise. */
export function rate(perSecond: number): number | null {
  return Number.isFinite(perSecond) ? Math.round(perSecond * 1000) / 1000 : null;
}
