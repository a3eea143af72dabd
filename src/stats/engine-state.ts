import {
  FIRST_MALFORMED_SLOT,
  FIRST_UNCLASSIFIED_SLOT,
  FIRST_UNMATCHED_SLOT,
  MALFORMED_REASONS,
  SLOT_BYTES,
  SLOT_CELLS,
  SLOT_PACKETS,
  UNCLASSIFIED_KINDS,
} from '../counters/catalogue.js';
import { ACTIONS, type Action } from '../rules/rule.js';
import type { Aggregator } from './aggregator.js';
import type { Captures } from './capture/captures.js';
import type { EventLoopReading } from './event-loop-load.js';
import type { Losses } from './interface-losses.js';
import type { RuleSeries, RulesNotice } from './rule-series.js';
import type { TopTalkers } from './talkers/top-talkers.js';
import type { ThreadHealth } from './thread-watch.js';
import type { Totals } from './totals.js';

/** How the attempts to load rules have gone. */
export interface ReloadState {
  /** Number of the table in use. */
  readonly generation: number;
  /** Whether the last attempt succeeded. */
  readonly successful: boolean;
  /** Unix time at which the table in use was loaded, milliseconds. */
  readonly successMs: number;
  /** Unix time of the last attempt that failed, milliseconds, and why: one sentence each. */
  readonly failure: { readonly atMs: number; readonly problems: readonly string[] } | null;
}

/** Everything that the metrics and the landing page are made of. Read-only for them. */
export interface EngineState {
  /** What is captured, and was. */
  readonly captures: Pick<Captures, 'runningCount' | 'totals'>;
  readonly version: string;
  readonly source: string;
  /** Time since the engine was started, milliseconds. */
  readonly uptimeMs: number;
  readonly mode: 'watch' | 'bridge';
  readonly aggregator: Aggregator;
  /** How many of the aggregator's interfaces are read; the others are only sent to. */
  readonly readInterfaceCount: number;
  /** The interfaces as they are now, by position; `null` where the source is no live one. */
  readonly live: {
    isUp(interfaceIndex: number): boolean;
    losses(interfaceIndex: number): Losses;
  } | null;
  /** What becomes of frames that no rule judges. */
  readonly unjudged: { readonly unclassified: Action; readonly malformed: Action };
  readonly series: RuleSeries;
  /** The table that every worker uses; while another is taken over, `series` may be ahead of it. */
  readonly rulesInUse: RulesNotice;
  /** Places in that table, from 0, of the rules that can never match; `null` while they are not known. */
  readonly shadowedRules: ReadonlySet<number> | null;
  /** The threads that have an event loop: main and stats. */
  readonly eventLoopThreads: readonly (EventLoopReading & { readonly thread: string })[];
  /** All threads, and how they are at this moment. */
  threadHealth(): readonly ThreadHealth[];
  readonly ringSlots: number;
  /** Indexes in each worker's ring at this moment. */
  ringUsedSlots(worker: number): number;
  readonly poolBuffers: number;
  /** Bytes of each. */
  readonly bufferBytes: number;
  /** Free buffers at this moment. */
  poolFreeBuffers(): number;
  /** Who sends most; `null` where nobody looks for them. */
  readonly talkers: TopTalkers | null;
  readonly reload: ReloadState;
  readonly isSourceFinished: boolean;
}

export interface Counted {
  readonly packets: number;
  readonly bytes: number;
}

export function slotCounts(totals: Totals, slot: number): Counted {
  const cell = slot * SLOT_CELLS;
  return { packets: totals.slots[cell + SLOT_PACKETS], bytes: totals.slots[cell + SLOT_BYTES] };
}

export function malformedCounts(totals: Totals): (Counted & { reason: string })[] {
  return MALFORMED_REASONS.map((reason, i) => ({ reason, ...slotCounts(totals, FIRST_MALFORMED_SLOT + i) }));
}

export function unclassifiedCounts(totals: Totals): (Counted & { kind: string })[] {
  return UNCLASSIFIED_KINDS.map((kind, i) => ({ kind, ...slotCounts(totals, FIRST_UNCLASSIFIED_SLOT + i) }));
}

export function unmatchedCounts(totals: Totals): (Counted & { action: Action })[] {
  return ACTIONS.map((action, i) => ({ action, ...slotCounts(totals, FIRST_UNMATCHED_SLOT + i) }));
}

/**
 * Packets by verdict. Watching, a malformed or unclassified frame is only counted; in a bridge it is
 * forwarded or dropped. All verdicts together are the packets processed.
 */
export function verdictPackets(state: EngineState): { verdict: Action; packets: number }[] {
  const { totals } = state.aggregator;
  const { series } = state;
  const packets = { ...series.foldedPacketsByAction };
  for (const entries of [series.notice.live, series.notice.retired]) {
    for (const entry of entries) packets[entry.action] += series.packets(entry, totals.slots);
  }
  for (const unmatched of unmatchedCounts(totals)) packets[unmatched.action] += unmatched.packets;
  for (const frame of malformedCounts(totals)) packets[state.unjudged.malformed] += frame.packets;
  for (const frame of unclassifiedCounts(totals)) packets[state.unjudged.unclassified] += frame.packets;
  return ACTIONS.map((verdict) => ({ verdict, packets: packets[verdict] }));
}
