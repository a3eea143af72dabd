import type { CountsEvent, TableEvent } from '../../page/events.js';
import type { EngineState } from '../engine-state.js';
import type { RulesNotice } from '../rule-series.js';

/**
 * What the rules in use have counted from one look to the next. A rule that has counted nothing costs nothing to tell,
 * and one that has costs the digits of three small numbers: ten thousand rules that all count are some 100 kB.
 */
export class RuleChanges {
  private notice: RulesNotice | null = null;
  /** By position in the table, as of the last look. */
  private packets = new Float64Array();
  private bytes = new Float64Array();
  private atMs = 0;

  constructor(private readonly state: EngineState) {}

  /** The table of the last look. */
  get table(): TableEvent {
    return { generation: this.notice?.generation ?? 0, rules: this.packets.length };
  }

  /** Looks for the first time, or after a time in which nobody was told anything. */
  begin(): void {
    this.notice = null;
    this.next();
  }

  /** All that the rules have counted up to the last look, for somebody who has not been told anything yet. */
  whole(): CountsEvent {
    return this.told((position) => [this.packets[position], this.bytes[position]]);
  }

  /**
   * Looks again.
   *
   * @returns what has been counted since the last look, and whether the table is another one since: then it is all
   * that its rules have counted.
   */
  next(): { readonly isOtherTable: boolean; readonly counts: CountsEvent } {
    const { rulesInUse, series, aggregator } = this.state;
    const { slots, atMs } = aggregator.totals;
    const isOtherTable = rulesInUse !== this.notice;
    if (isOtherTable) {
      this.notice = rulesInUse;
      this.packets = new Float64Array(rulesInUse.live.length);
      this.bytes = new Float64Array(rulesInUse.live.length);
    }
    this.atMs = atMs;
    const counts = this.told((position) => {
      const rule = rulesInUse.live[position];
      const packets = series.packets(rule, slots);
      const bytes = series.bytes(rule, slots);
      const more = [packets - this.packets[position], bytes - this.bytes[position]] as const;
      this.packets[position] = packets;
      this.bytes[position] = bytes;
      return more;
    });
    return { isOtherTable, counts };
  }

  private told(more: (position: number) => readonly [packets: number, bytes: number]): CountsEvent {
    const changes: number[] = [];
    let last = -1;
    for (let position = 0; position < this.packets.length; position++) {
      const [packets, bytes] = more(position);
      if (packets === 0 && bytes === 0) continue;
      changes.push(position - last, packets, bytes);
      last = position;
    }
    return { generation: this.notice?.generation ?? 0, at_ms: this.atMs, changes };
  }
}
