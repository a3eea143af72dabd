import { alignUp, CACHE_LINE_BYTES } from '../memory/layout.js';
import {
  FIRST_RULE_SLOT,
  RX_LEVELS,
  rxTransmitCell,
  SLOT_CELLS,
  TX_INTERFACE_CELLS,
  WORKER_LEVELS,
  WORKER_TOTALS,
} from './catalogue.js';

const CELL_BYTES = Float64Array.BYTES_PER_ELEMENT;
const LINE_CELLS = CACHE_LINE_BYTES / CELL_BYTES;

/*
 * One thread's counters: two banks of Float64 cells in a SharedArrayBuffer (why two: counter-banks.ts).
 *
 *   | (empty line) | bank 0: levels | totals | outcome slots (4 cells each) ... | bank 1: the same | (empty line) |
 *
 *   cells    writer               readers                        meaning
 *   levels   the owning thread    stats, when the bank rests     state at the moment of publication
 *   totals   the owning thread    stats, when the bank rests     counts; bank 0 + bank 1 is the total
 *   slots    the owning thread    stats, when the bank rests     packets, bytes, last ms, spare
 */
export interface CountersShape {
  readonly levelCount: number;
  readonly totalCount: number;
  /** Outcome slots; 0 for a thread that judges no packets. */
  readonly slotCount: number;
}

/** Shape of a worker's counters, sized by `UPE_RULE_CAPACITY` and the interfaces that it may send to. */
export function workerCountersShape(ruleCapacity: number, interfaceCount: number): CountersShape {
  return {
    levelCount: WORKER_LEVELS.count,
    totalCount: WORKER_TOTALS.firstTransmit + interfaceCount * TX_INTERFACE_CELLS,
    slotCount: FIRST_RULE_SLOT + ruleCapacity,
  };
}

/** Shape of the rx thread's counters. */
export function rxCountersShape(interfaceCount: number, workerCount: number): CountersShape {
  return {
    levelCount: RX_LEVELS.firstWriteCursor + workerCount,
    totalCount: rxTransmitCell(interfaceCount, workerCount) + interfaceCount * TX_INTERFACE_CELLS,
    slotCount: 0,
  };
}

export class CountersLayout {
  readonly levelsCell = 0;
  /** First cell of bank 0; an empty line on either side keeps malloc's other blocks away from the banks. */
  readonly firstCell = LINE_CELLS;
  readonly totalsCell: number;
  readonly slotsCell: number;
  /** Cells of one bank, a whole number of cache lines. */
  readonly bankCells: number;
  readonly bytes: number;

  constructor(readonly shape: CountersShape) {
    this.totalsCell = alignUp(this.levelsCell + shape.levelCount, LINE_CELLS);
    this.slotsCell = alignUp(this.totalsCell + shape.totalCount, LINE_CELLS);
    this.bankCells = alignUp(this.slotsCell + shape.slotCount * SLOT_CELLS, LINE_CELLS);
    this.bytes = (this.firstCell + 2 * this.bankCells + LINE_CELLS) * CELL_BYTES;
  }
}

/** A thread's counters as they are handed to threads. */
export interface CountersMemory {
  readonly shape: CountersShape;
  readonly buffer: SharedArrayBuffer;
}

/** Allocates a thread's counters, resident, all zero. */
export function createCounters(shape: CountersShape): CountersMemory {
  const buffer = new SharedArrayBuffer(new CountersLayout(shape).bytes);
  new Float64Array(buffer).fill(0);
  return { shape, buffer };
}
