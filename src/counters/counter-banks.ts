import {
  CONTROL_COUNTERS_PUBLISHED,
  CONTROL_COUNTERS_REQUESTED,
  CONTROL_STATE,
  STATE_STOPPED,
} from '../memory/control-layout.js';
import { SLOT_CELLS, SLOT_PACKETS } from './catalogue.js';
import { CountersLayout, type CountersMemory } from './counters-layout.js';

/**
 * The writer's side of a thread's counters. Used by the thread that owns them, and by nobody else.
 *
 * There are two banks of cumulative cells, and the thread counts in one of them. To publish, at a boundary
 * between bursts (a worker: hands), it notes its levels (ring cursor, pool) in the bank and goes on in the
 * other one: the bank it left rests until the next publication, and the reader takes its time with it. So publishing
 * costs a few stores however many rules there are, nothing is copied on the dataplane, and the reader sees
 * every counter as it was at one and the same boundary: the sum of the outcomes equals the cursor.
 *
 * Why Float64 cells may be written plainly although ECMAScript lets a shared Float64 tear: a bank is
 * read only between the atomic store that publishes it and the atomic store that asks for the next
 * publication. Store and load of the published number order every write before every read (ECMAScript,
 * memory model, "synchronizes-with"), so there is no race that could tear. They are exact to 2^53.
 */
export class CounterBanks {
  /** All cells of both banks. */
  readonly cells: Float64Array;
  /** First total cell of the bank in use. */
  totals: number;
  /** First cell of the outcome slots of the bank in use. */
  slots: number;
  private levels: number;
  private active: number;
  private readonly layout: CountersLayout;

  constructor(
    memory: CountersMemory,
    private readonly control: Int32Array,
  ) {
    this.layout = new CountersLayout(memory.shape);
    this.cells = new Float64Array(memory.buffer);
    this.active = Atomics.load(control, CONTROL_COUNTERS_PUBLISHED) & 1;
    const bank = this.layout.firstCell + this.active * this.layout.bankCells;
    this.levels = bank + this.layout.levelsCell;
    this.totals = bank + this.layout.totalsCell;
    this.slots = bank + this.layout.slotsCell;
  }

  /** True when the reader waits for a publication. One load; asked at each boundary. */
  isRequested(): boolean {
    return (
      Atomics.load(this.control, CONTROL_COUNTERS_REQUESTED) !== this.control[CONTROL_COUNTERS_PUBLISHED]
    );
  }

  /** Notes a level in the bank in use; call it for every level right before `publish`. */
  setLevel(level: number, value: number): void {
    this.cells[this.levels + level] = value;
  }

  /** At a boundary, levels set: lets the bank in use rest for the reader and takes the other. */
  publish(): void {
    const published = Atomics.load(this.control, CONTROL_COUNTERS_REQUESTED);
    this.active = published & 1;
    const bank = this.layout.firstCell + this.active * this.layout.bankCells;
    this.levels = bank + this.layout.levelsCell;
    this.totals = bank + this.layout.totalsCell;
    this.slots = bank + this.layout.slotsCell;
    // Cells first, number second: whoever sees the number sees the cells.
    Atomics.store(this.control, CONTROL_COUNTERS_PUBLISHED, published);
    // It may wait in `CounterReader.awaitAnswer`.
    Atomics.notify(this.control, CONTROL_COUNTERS_PUBLISHED, 1);
  }

  get totalCount(): number {
    return this.layout.shape.totalCount;
  }

  /** A total of this thread and of those whose successor it is: of both banks. */
  total(cell: number): number {
    const { cells, layout } = this;
    const first = layout.firstCell + layout.totalsCell + cell;
    return cells[first] + cells[first + layout.bankCells];
  }

  /** Packets in all outcome slots, of both banks. Looks at every slot: for the successor of a thread that died. */
  outcomes(): number {
    const { cells, layout } = this;
    let packets = 0;
    for (let slot = 0; slot < layout.shape.slotCount; slot++) {
      const cell = layout.firstCell + layout.slotsCell + slot * SLOT_CELLS + SLOT_PACKETS;
      packets += cells[cell] + cells[cell + layout.bankCells];
    }
    return packets;
  }

  /** The last words of the thread, levels set: after this both banks rest for ever. */
  close(): void {
    Atomics.store(this.control, CONTROL_STATE, STATE_STOPPED);
  }
}
