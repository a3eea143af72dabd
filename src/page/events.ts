/**
 * What `GET /api/v1/events` tells, one shape an event. The stats thread makes them and the page's script reads them:
 * this file and what it imports run in both. Rates are per second, and null before there were two passes.
 */

/** Packets of one kind and how many come each second. */
export interface Flowing {
  readonly packets: number;
  readonly packets_per_second: number | null;
}

export interface InterfaceFigures {
  readonly interface: string;
  readonly packets: number;
  readonly packets_per_second: number | null;
  readonly bytes_per_second: number | null;
  /** Read, and dropped before a worker saw them. */
  readonly dropped: number;
  readonly kernel_dropped: number;
  readonly sent_packets: number;
  readonly sent_packets_per_second: number | null;
  readonly sent_bytes_per_second: number | null;
  readonly send_failed: number;
}

export interface LossFigures {
  readonly interface: string;
  readonly reason: string;
  readonly packets: number;
}

export interface WorkerFigures extends Flowing {
  /** Part of the time that it was at work. */
  readonly busy_ratio: number | null;
  readonly lost: number;
  /** Slots of its ring that are in use, and their part of all. */
  readonly ring_used: number;
  readonly ring_ratio: number;
}

export interface VerdictFigures extends Flowing {
  /** Part of all that was processed; null before there was anything. */
  readonly ratio: number | null;
}

/** Why no rule of the table has counted a packet; `retired`: one has that is no longer in the table. */
export type NoRuleKind = 'retired' | 'unmatched' | 'malformed' | 'unclassified';

/** Packets that no rule of the table has counted, by why and by what becomes of them. */
export interface NoRuleFigures extends Flowing {
  readonly kind: NoRuleKind;
  /** `null` for those of several rules. */
  readonly action: string | null;
  /** Part of all that was processed; null before there was anything. */
  readonly ratio: number | null;
}

/** `event: pass`, after each pass of the statistics. */
export interface PassEvent {
  /** Unix time of the pass, milliseconds. */
  readonly at_ms: number;
  /** Time until the next one, milliseconds. */
  readonly interval_ms: number;
  readonly uptime_seconds: number;
  /** Differs whenever something of the page has changed that is not a figure of this event. */
  readonly page: string;
  readonly received: Flowing & { readonly bytes_per_second: number | null };
  readonly interfaces: readonly InterfaceFigures[];
  /** What the source lost before UPE could read it. */
  readonly lost_before: { readonly missed: number; readonly kernel_ring: number };
  readonly dropped: { readonly pool_exhausted: number; readonly ring_full: number };
  readonly worker_lost: number;
  readonly send_failed: number;
  readonly sent: Flowing;
  /** All of what is certainly lost. */
  readonly lost: number;
  /** Every loss that has happened, nearest to the wire first. */
  readonly losses: readonly LossFigures[];
  readonly workers: readonly WorkerFigures[];
  readonly ring_slots: number;
  readonly pool: { readonly free: number; readonly buffers: number; readonly used_ratio: number };
  readonly verdicts: {
    readonly count: VerdictFigures;
    readonly drop: VerdictFigures;
    readonly forward: VerdictFigures;
  };
  /** The accounting identity. */
  readonly accounting: {
    readonly holds: boolean;
    readonly passes: number;
    readonly violations: number;
    readonly enqueued: number;
    readonly dropped: number;
    readonly processed: number;
    readonly lost: number;
    readonly in_flight: number;
    readonly rules: number;
    readonly unmatched: number;
    readonly malformed: number;
    readonly unclassified: number;
  };
  /** With the packets of the table's rules, all that was processed. */
  readonly no_rule: readonly NoRuleFigures[];
  /** Frames that no rule judges and that have come, malformed ones first. */
  readonly unjudged: readonly {
    readonly kind: string;
    readonly packets: number;
    readonly bytes: number;
    readonly ratio: number | null;
  }[];
  readonly rules: { readonly total: number; readonly never_matched: number };
}

/** `event: table`: other rules are in use from now on, and their counts will be told from 0. */
export interface TableEvent {
  readonly generation: number;
  readonly rules: number;
}

/** `event: counts`: what rules of the table have counted since the event before. */
export interface CountsEvent {
  readonly generation: number;
  /** As of the pass event that follows. */
  readonly at_ms: number;
  /**
   * Three numbers for each rule that has counted anything: positions in the table from the rule before it (from -1 for
   * the first), packets, bytes.
   */
  readonly changes: readonly number[];
}
