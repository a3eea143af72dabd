import { createHash } from 'node:crypto';
import {
  DROP_REASONS,
  FIRST_MALFORMED_SLOT,
  FIRST_UNCLASSIFIED_SLOT,
  FIRST_UNMATCHED_SLOT,
  MALFORMED_REASONS,
  UNCLASSIFIED_KINDS,
} from '../../counters/catalogue.js';
import type {
  Flowing,
  InterfaceFigures,
  PassEvent,
  VerdictFigures,
  WorkerFigures,
} from '../../page/events.js';
import { ACTIONS, type Action } from '../../rules/rule.js';
import {
  type EngineState,
  malformedCounts,
  unclassifiedCounts,
  unmatchedCounts,
  verdictPackets,
} from '../engine-state.js';
import { type Loss, lossesOf } from '../landing/losses.js';
import { type RulesOverview, rulesOverview } from '../landing/top-rules.js';
import { rate } from '../pass-rates.js';
import { sumOf } from '../totals.js';
import { noRuleFigures } from './no-rule-figures.js';

/** What a pass is told with. */
export interface PassContext {
  /** Why the engine is not ready, or `null` when it is. */
  readonly notReadyBecause: string | null;
  /** Time between two passes, milliseconds. */
  readonly intervalMs: number;
  readonly rules: RulesOverview;
  readonly losses: readonly Loss[];
}

/** The figures of the last pass: the page shows them, and the event tells them. */
export function passEvent(state: EngineState, context: PassContext): PassEvent {
  const { aggregator, readInterfaceCount } = state;
  const { totals, rates } = aggregator;
  const { losses, rules } = context;
  const read = totals.interfaces.slice(0, readInterfaceCount);
  const sum = (of: (interfaceIndex: number) => number) => read.reduce((all, _, i) => all + of(i), 0);
  const free = state.poolFreeBuffers();
  const noRule = noRuleFigures(state, rules);
  const unjudged = unjudgedFigures(state);
  return {
    at_ms: totals.atMs,
    interval_ms: context.intervalMs,
    uptime_seconds: Math.round(state.uptimeMs / 1000),
    page: pageKey(state, context, noRule, unjudged),
    received: {
      packets: totals.received,
      packets_per_second: rate(sum((i) => rates.packets(i))),
      bytes_per_second: rate(sum((i) => rates.bytes(i))),
    },
    interfaces: totals.interfaces.map((_, i) => interfaceFigures(state, i)),
    lost_before: {
      missed: packetsOf(losses.filter(({ reason }) => reason === 'missed')),
      kernel_ring: sum((i) => totals.interfaces[i].kernelDropped),
    },
    dropped: {
      pool_exhausted: sum((i) => totals.interfaces[i].dropped[DROP_REASONS.indexOf('pool_exhausted')]),
      ring_full: sum((i) => totals.interfaces[i].dropped[DROP_REASONS.indexOf('ring_full')]),
    },
    worker_lost: totals.lost,
    sent: sentFigures(state),
    send_failed: totals.interfaces.reduce((all, { failed }) => all + sumOf(failed), 0),
    lost: packetsOf(losses.filter(({ isCertain }) => isCertain)),
    losses: losses.map(({ interfaceName, reason, packets }) => ({
      interface: interfaceName,
      reason,
      packets,
    })),
    workers: totals.workers.map((_, worker) => workerFigures(state, worker)),
    ring_slots: state.ringSlots,
    pool: { free, buffers: state.poolBuffers, used_ratio: 1 - free / state.poolBuffers },
    verdicts: verdictFigures(state, rules),
    accounting: accountingFigures(state, rules),
    no_rule: noRule,
    unjudged,
    rules: { total: state.series.notice.live.length, never_matched: rules.unusedCount },
  };
}

/** The same for whoever has not gone over the rules and the losses already. */
export function lastPass(
  state: EngineState,
  context: Pick<PassContext, 'notReadyBecause' | 'intervalMs'>,
): PassEvent {
  return passEvent(state, { ...context, rules: rulesOverview(state), losses: lossesOf(state) });
}

function interfaceFigures({ aggregator }: EngineState, i: number): InterfaceFigures {
  const { totals, rates } = aggregator;
  const own = totals.interfaces[i];
  return {
    interface: own.name,
    packets: own.packets,
    packets_per_second: rate(rates.packets(i)),
    bytes_per_second: rate(rates.bytes(i)),
    dropped: sumOf(own.dropped),
    kernel_dropped: own.kernelDropped,
    sent_packets: own.sentPackets,
    sent_packets_per_second: rate(rates.sentPackets(i)),
    sent_bytes_per_second: rate(rates.sentBytes(i)),
    send_failed: sumOf(own.failed),
  };
}

function sentFigures({ aggregator }: EngineState): Flowing {
  const { totals, rates } = aggregator;
  return {
    packets: totals.interfaces.reduce((sum, { sentPackets }) => sum + sentPackets, 0),
    packets_per_second: rate(totals.interfaces.reduce((sum, _, i) => sum + rates.sentPackets(i), 0)),
  };
}

function workerFigures(state: EngineState, worker: number): WorkerFigures {
  const { totals, rates } = state.aggregator;
  const { packets, lost } = totals.workers[worker];
  const used = state.ringUsedSlots(worker);
  const busy = rate(rates.workerBusy(worker));
  return {
    packets,
    packets_per_second: rate(rates.workerPackets(worker)),
    // Work is noted when a burst ends, which may be in the pass after.
    busy_ratio: busy === null ? null : Math.min(1, busy),
    lost,
    ring_used: used,
    ring_ratio: used / state.ringSlots,
  };
}

function verdictFigures(state: EngineState, rules: RulesOverview): PassEvent['verdicts'] {
  const { processed } = state.aggregator.totals;
  const perSecond = verdictRates(state, rules);
  const figures = verdictPackets(state).map(({ verdict, packets }) => [
    verdict,
    { packets, packets_per_second: rate(perSecond[verdict]), ratio: part(packets, processed) },
  ]);
  return Object.fromEntries(figures) as Record<Action, VerdictFigures>;
}

/** Packets per second by verdict, as `verdictPackets` has their number. */
function verdictRates({ aggregator, unjudged }: EngineState, rules: RulesOverview): Record<Action, number> {
  const { rates } = aggregator;
  const perSecond = { ...rules.perSecond };
  ACTIONS.forEach((action, i) => {
    perSecond[action] += rates.slotPackets(FIRST_UNMATCHED_SLOT + i);
  });
  perSecond[unjudged.malformed] += rates.slotPackets(FIRST_MALFORMED_SLOT, MALFORMED_REASONS.length);
  perSecond[unjudged.unclassified] += rates.slotPackets(FIRST_UNCLASSIFIED_SLOT, UNCLASSIFIED_KINDS.length);
  return perSecond;
}

function accountingFigures({ aggregator }: EngineState, rules: RulesOverview): PassEvent['accounting'] {
  const { totals, passCount, violationCount } = aggregator;
  return {
    holds: totals.identity.holds,
    passes: passCount,
    violations: violationCount,
    enqueued: totals.enqueued,
    dropped: totals.interfaces.reduce((sum, own) => sum + sumOf(own.dropped), 0),
    processed: totals.processed,
    lost: totals.lost,
    in_flight: totals.inRings,
    rules: rules.packets + rules.retiredPackets,
    unmatched: packetsOf(unmatchedCounts(totals)),
    malformed: packetsOf(malformedCounts(totals)),
    unclassified: packetsOf(unclassifiedCounts(totals)),
  };
}

function unjudgedFigures({ aggregator }: EngineState): PassEvent['unjudged'] {
  const { totals } = aggregator;
  return [
    ...malformedCounts(totals).map(({ reason, ...own }) => ({ kind: `malformed: ${reason}`, ...own })),
    ...unclassifiedCounts(totals).map(({ kind, ...own }) => ({ kind: `unclassified: ${kind}`, ...own })),
  ]
    .filter(({ packets }) => packets > 0)
    .map((own) => ({ ...own, ratio: part(own.packets, totals.processed) }));
}

/** Tells pages apart that differ in more than figures. */
function pageKey(
  state: EngineState,
  { notReadyBecause, losses, rules }: PassContext,
  noRule: PassEvent['no_rule'],
  unjudged: PassEvent['unjudged'],
): string {
  const { aggregator, live, reload, series } = state;
  const { totals } = aggregator;
  const parts = [
    state.version,
    notReadyBecause,
    state.isSourceFinished,
    totals.identity.violations,
    totals.lost > 0,
    aggregator.passCount === 1,
    rules.unusedCount === 0,
    losses.map(({ interfaceName, reason }) => [interfaceName, reason]),
    unjudged.map(({ kind }) => kind),
    noRule.map(({ kind, action }) => [kind, action]),
    totals.interfaces.map((_, i) => live?.isUp(i)),
    [series.notice.sha256, reload.generation, reload.successful, reload.successMs, reload.failure?.atMs],
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 16);
}

function part(packets: number, all: number): number | null {
  return all === 0 ? null : packets / all;
}

function packetsOf(counts: readonly { packets: number }[]): number {
  return counts.reduce((sum, { packets }) => sum + packets, 0);
}
