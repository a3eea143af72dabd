import {
  CONTROL_COUNTERS_PUBLISHED,
  CONTROL_COUNTERS_REQUESTED,
  CONTROL_DOORBELL,
  CONTROL_STATE,
  STATE_DEAD,
  STATE_STARTING,
  STATE_STOPPED,
} from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import { SLOT_CELLS, SLOT_LAST_MS } from './catalogue.js';
import { CountersLayout, type CountersMemory } from './counters-layout.js';

/**
 * The reader's side of one thread's counters: asks for publications and keeps what was published. One
 * reader at a time (the stats thread, or main where there is none); the protocol is described in
 * counter-banks.ts.
 *
 * A reader may follow one that has died: it begins with what both banks hold, the resting one as it is found
 * and the other when it has come to rest. Until then it shows nothing.
 *
 * A thread that does not answer, stalled or dead, costs the reader nothing: it keeps the last state,
 * in which everything still adds up, and takes the late answer when it comes.
 */
export class CounterReader {
  /** Levels at the last publication taken. */
  readonly levels: Float64Array;
  /** Total cells at the last publication taken. */
  readonly totals: Float64Array;
  /** Outcome slots at the last publication taken, `SLOT_CELLS` each. */
  readonly slots: Float64Array;
  private readonly layout: CountersLayout;
  private readonly cells: Float64Array;
  /** What each bank held when it was last seen at rest: the other bank's part of the total. */
  private readonly seen: readonly [Float64Array, Float64Array];
  private readonly doorbell: Doorbell;
  private taken = 0;
  /** Whether the bank that rested when this reader began has been read. */
  private hasBegun = false;
  /** Whether `levels`, `totals` and `slots` are a state of the thread. */
  hasState = false;
  /** Set once the thread's last state has been read. */
  private closed = false;

  constructor(
    memory: CountersMemory,
    private readonly control: Int32Array,
  ) {
    this.layout = new CountersLayout(memory.shape);
    this.cells = new Float64Array(memory.buffer);
    this.levels = new Float64Array(memory.shape.levelCount);
    this.totals = new Float64Array(memory.shape.totalCount);
    this.slots = new Float64Array(memory.shape.slotCount * SLOT_CELLS);
    this.seen = [new Float64Array(this.layout.bankCells), new Float64Array(this.layout.bankCells)];
    this.doorbell = new Doorbell(control, CONTROL_DOORBELL);
  }

  /**
   * Asks for a publication, unless one is still owed, and wakes the thread if it sleeps. A bank that a
   * late answer has left at rest is taken first.
   */
  request(slotCount: number): void {
    if (!this.isAnswered()) return;
    // Of a thread that has ended nothing moves any more: that is the state to begin and to end with.
    if (this.hasBegun || this.hasEnded()) this.take(slotCount);
    else this.begin(slotCount);
    Atomics.store(this.control, CONTROL_COUNTERS_REQUESTED, (this.taken + 1) | 0);
    this.doorbell.ring();
  }

  /** True when the last request has been answered, or the thread has ended. */
  isAnswered(): boolean {
    const requested = Atomics.load(this.control, CONTROL_COUNTERS_REQUESTED);
    return Atomics.load(this.control, CONTROL_COUNTERS_PUBLISHED) === requested || this.hasEnded();
  }

  /** Sleeps until the last request has been answered, or for `timeoutMs` milliseconds. */
  awaitAnswer(timeoutMs: number): void {
    const published = Atomics.load(this.control, CONTROL_COUNTERS_PUBLISHED);
    if (!this.isAnswered()) Atomics.wait(this.control, CONTROL_COUNTERS_PUBLISHED, published, timeoutMs);
  }

  /** True from the death of the thread until its successor is at work. */
  isDead(): boolean {
    return Atomics.load(this.control, CONTROL_STATE) === STATE_DEAD;
  }

  /** True until the thread begins to count. */
  isStarting(): boolean {
    return Atomics.load(this.control, CONTROL_STATE) === STATE_STARTING;
  }

  /** True when the last state of a thread that has ended has been taken. */
  get isClosed(): boolean {
    return this.closed;
  }

  /**
   * Takes what the thread has published since the last time, if anything.
   *
   * @param slotCount outcome slots in use, counted from 0: those behind have never been written. Of a
   *   thread that has ended all slots are taken: its last packets may be of rules younger than the caller's count.
   * @returns true when `levels`, `totals` and `slots` are newer than before.
   */
  take(slotCount: number): boolean {
    if (this.closed) return false;
    if (this.hasEnded()) {
      const { slotCount: allSlots } = this.layout.shape;
      this.takeBank(0, allSlots);
      this.takeBank(1, allSlots);
      const active = Atomics.load(this.control, CONTROL_COUNTERS_PUBLISHED) & 1;
      this.merge(active, allSlots);
      this.closed = true;
      this.hasState = true;
      return true;
    }
    if (!this.hasBegun) return false;
    const published = Atomics.load(this.control, CONTROL_COUNTERS_PUBLISHED);
    if (published === this.taken) return false;
    const resting = (published & 1) ^ 1;
    this.takeBank(resting, slotCount);
    this.merge(resting, slotCount);
    this.taken = published;
    this.hasState = true;
    return true;
  }

  private hasEnded(): boolean {
    return Atomics.load(this.control, CONTROL_STATE) === STATE_STOPPED;
  }

  /** No request is open: the bank that rests does so until the next one. */
  private begin(slotCount: number): void {
    this.taken = Atomics.load(this.control, CONTROL_COUNTERS_PUBLISHED);
    this.takeBank((this.taken & 1) ^ 1, slotCount);
    this.hasBegun = true;
  }

  private takeBank(bank: number, slotCount: number): void {
    const first = this.layout.firstCell + bank * this.layout.bankCells;
    const count = this.layout.slotsCell + slotCount * SLOT_CELLS;
    const seen = this.seen[bank];
    for (let i = 0; i < count; i++) seen[i] = this.cells[first + i];
  }

  private merge(newest: number, slotCount: number): void {
    const now = this.seen[newest];
    const before = this.seen[newest ^ 1];
    const { levelsCell, totalsCell, slotsCell } = this.layout;
    for (let i = 0; i < this.levels.length; i++) this.levels[i] = now[levelsCell + i];
    for (let i = 0; i < this.totals.length; i++)
      this.totals[i] = now[totalsCell + i] + before[totalsCell + i];
    for (let i = 0; i < slotCount * SLOT_CELLS; i++) {
      const a = now[slotsCell + i];
      const b = before[slotsCell + i];
      this.slots[i] = i % SLOT_CELLS === SLOT_LAST_MS ? Math.max(a, b) : a + b;
    }
  }
}
