import { SLOT_BYTES, SLOT_CELLS, SLOT_LAST_MS, SLOT_PACKETS } from '../counters/catalogue.js';
import type { Action } from '../rules/rule.js';
import type { SlotEntry } from '../rules/slot-registry.js';

/** A rule of the table as the metrics show it. */
export interface LiveRule extends SlotEntry {
  readonly priority: number;
  readonly matchText: string;
  readonly outInterface: string | null;
  /** Unix time since which the pair has been in the table without a break, milliseconds. */
  readonly inTableSinceMs: number;
}

/** What the stats thread is told of a rule table before the workers begin to use it. */
export interface RulesNotice {
  readonly generation: number;
  readonly sha256: string;
  readonly defaultAction: Action;
  /** In table order. */
  readonly live: readonly LiveRule[];
  readonly retired: readonly SlotEntry[];
  readonly folded: readonly SlotEntry[];
  readonly slotCount: number;
  /** The table itself, of rules/rule-table.ts: shared with the workers, so that nothing is copied for it. */
  readonly table: SharedArrayBuffer;
}

/** Packets and bytes that a slot's earlier occupants left in its cells. */
export interface SlotBase {
  readonly packets: number;
  readonly bytes: number;
}

const NO_BASE: SlotBase = { packets: 0, bytes: 0 };

/** One (rule, action) pair with its counts. */
export interface RuleCounts {
  readonly rule: string;
  readonly action: Action;
  readonly packets: number;
  readonly bytes: number;
  /**
   * Unix time of the last match, milliseconds; 0 for never. The latest that any worker has written: after the clock
   * was set back it may lie ahead, until the clock has caught up.
   */
  readonly lastMs: number;
}

/** What a series knows that is in no counter and in no notice: for the successor of a stats thread that died. */
export interface SeriesHistory {
  readonly foldedBytes: number;
  readonly foldedPacketsByAction: Readonly<Record<Action, number>>;
  /** By slot. */
  readonly bases: ReadonlyMap<number, SlotBase>;
}

/**
 * Turns outcome slots into series: which pair owns which slot, what slots held before they were given
 * to another pair, and what has been folded. The workers' cells only ever grow; everything that looks
 * like a reset is arithmetic here.
 */
export class RuleSeries {
  notice: RulesNotice;
  /** Every pair that has a series of its own: the table in its order, then the retired ones. */
  pairs: readonly SlotEntry[];
  foldedBytes: number;
  /** Packets of folded pairs by action: verdicts go on counting them. */
  readonly foldedPacketsByAction: Record<Action, number>;
  private readonly bases: Map<number, SlotBase>;

  constructor(notice: RulesNotice, history: SeriesHistory | null = null) {
    this.notice = notice;
    this.pairs = [...notice.live, ...notice.retired];
    this.foldedBytes = history?.foldedBytes ?? 0;
    this.foldedPacketsByAction = { ...(history?.foldedPacketsByAction ?? { count: 0, drop: 0, forward: 0 }) };
    this.bases = new Map(history?.bases);
  }

  get history(): SeriesHistory {
    const { foldedBytes, foldedPacketsByAction, bases } = this;
    return { foldedBytes, foldedPacketsByAction, bases };
  }

  get foldedPackets(): number {
    const { count, drop, forward } = this.foldedPacketsByAction;
    return count + drop + forward;
  }

  /**
   * Takes over another table's pairs.
   *
   * @param slots totals of a pass that began after the folded pairs had left every worker: their counts
   * are final in it.
   */
  apply(notice: RulesNotice, slots: Float64Array): void {
    for (const entry of notice.folded) {
      const counts = this.counts(entry, slots);
      this.foldedPacketsByAction[entry.action] += counts.packets;
      this.foldedBytes += counts.bytes;
      const cell = entry.slot * SLOT_CELLS;
      this.bases.set(entry.slot, {
        packets: slots[cell + SLOT_PACKETS],
        bytes: slots[cell + SLOT_BYTES],
      });
    }
    this.notice = notice;
    this.pairs = [...notice.live, ...notice.retired];
  }

  /** Packets of a pair, those of earlier occupants of its slot taken off. */
  packets(entry: SlotEntry, slots: Float64Array): number {
    return slots[entry.slot * SLOT_CELLS + SLOT_PACKETS] - this.base(entry).packets;
  }

  /** Bytes of them. */
  bytes(entry: SlotEntry, slots: Float64Array): number {
    return slots[entry.slot * SLOT_CELLS + SLOT_BYTES] - this.base(entry).bytes;
  }

  /** Unix time of a pair's last match, milliseconds; 0 for never. */
  lastMs(entry: SlotEntry, slots: Float64Array): number {
    // By the packets, not by the time: where the clock was set back, an earlier occupant's time lies ahead.
    return this.packets(entry, slots) > 0 ? slots[entry.slot * SLOT_CELLS + SLOT_LAST_MS] : 0;
  }

  /** All counts of a pair. */
  counts(entry: SlotEntry, slots: Float64Array): RuleCounts {
    return {
      rule: entry.rule,
      action: entry.action,
      packets: this.packets(entry, slots),
      bytes: this.bytes(entry, slots),
      lastMs: this.lastMs(entry, slots),
    };
  }

  /** The counts of all `pairs`. */
  all(slots: Float64Array): RuleCounts[] {
    return this.pairs.map((entry) => this.counts(entry, slots));
  }

  private base(entry: SlotEntry): SlotBase {
    return this.bases.get(entry.slot) ?? NO_BASE;
  }
}
