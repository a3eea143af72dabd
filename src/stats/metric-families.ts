import { ANOMALY_KINDS, DROP_REASONS, LATENCY_BOUNDS_SECONDS } from '../counters/catalogue.js';
import {
  type EngineState,
  malformedCounts,
  unclassifiedCounts,
  unmatchedCounts,
  verdictPackets,
} from './engine-state.js';

/** One line of a family: its labels and its value. */
export interface Sample {
  readonly labels: Record<string, string | number>;
  readonly value: number;
  /** Where the line's name is not the family's: a histogram's parts. */
  readonly metricName?: string;
}

/** A metric as it is described to Prometheus, and how its lines are read from the engine's state. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  samples(state: EngineState): Sample[];
}

const one = (value: number): Sample[] => [{ labels: {}, value }];

const RULES: MetricFamily[] = [
  {
    name: 'upe_rule_packets_total',
    help: 'Packets that matched a rule, by rule and action.',
    type: 'counter',
    samples: ({ series, aggregator }) =>
      series
        .all(aggregator.totals.slots)
        .map(({ rule, action, packets }) => ({ labels: { rule, action }, value: packets })),
  },
  {
    name: 'upe_rule_bytes_total',
    help: 'Bytes of the packets that matched a rule, as the source presents frames.',
    type: 'counter',
    samples: ({ series, aggregator }) =>
      series
        .all(aggregator.totals.slots)
        .map(({ rule, action, bytes }) => ({ labels: { rule, action }, value: bytes })),
  },
  {
    name: 'upe_rule_last_match_timestamp_seconds',
    help: 'Unix time of the last packet that matched a rule of the table; 0: none since the process started.',
    type: 'gauge',
    samples: ({ series, aggregator }) =>
      series.notice.live.map((entry) => ({
        labels: { rule: entry.rule },
        value: series.counts(entry, aggregator.totals.slots).lastMs / 1000,
      })),
  },
  {
    name: 'upe_rule_info',
    help: 'The rules of the table: always 1.',
    type: 'gauge',
    samples: ({ series }) =>
      series.notice.live.map(({ rule, action, priority, matchText, outInterface }) => ({
        labels: { rule, action, priority, match: matchText, out_interface: outInterface ?? '' },
        value: 1,
      })),
  },
  {
    name: 'upe_retired_rule_packets_total',
    help: 'Packets of rules that left the table so long ago that their own series were folded.',
    type: 'counter',
    samples: ({ series }) => one(series.foldedPackets),
  },
  {
    name: 'upe_retired_rule_bytes_total',
    help: 'Bytes of rules that left the table so long ago that their own series were folded.',
    type: 'counter',
    samples: ({ series }) => one(series.foldedBytes),
  },
  {
    name: 'upe_rules',
    help: 'Rules in the table.',
    type: 'gauge',
    samples: ({ series }) => one(series.notice.live.length),
  },
  {
    name: 'upe_rules_generation',
    help: 'Number of the rule table in use; goes up by one with every reload.',
    type: 'gauge',
    samples: ({ reload }) => one(reload.generation),
  },
  {
    name: 'upe_rules_info',
    help: 'SHA-256 of the rule file in use: always 1.',
    type: 'gauge',
    samples: ({ series }) => [{ labels: { sha256: series.notice.sha256 }, value: 1 }],
  },
  {
    name: 'upe_config_last_reload_successful',
    help: 'Whether the last attempt to load the rules succeeded.',
    type: 'gauge',
    samples: ({ reload }) => one(reload.successful ? 1 : 0),
  },
  {
    name: 'upe_config_last_reload_success_timestamp_seconds',
    help: 'Unix time at which the rules in use were loaded.',
    type: 'gauge',
    samples: ({ reload }) => one(reload.successMs / 1000),
  },
];

const OUTCOMES: MetricFamily[] = [
  {
    name: 'upe_unmatched_packets_total',
    help: 'Packets that no rule matched, by default action.',
    type: 'counter',
    samples: ({ aggregator }) =>
      unmatchedCounts(aggregator.totals).map(({ action, packets }) => ({
        labels: { action },
        value: packets,
      })),
  },
  {
    name: 'upe_unmatched_bytes_total',
    help: 'Bytes of the packets that no rule matched, by default action.',
    type: 'counter',
    samples: ({ aggregator }) =>
      unmatchedCounts(aggregator.totals).map(({ action, bytes }) => ({ labels: { action }, value: bytes })),
  },
  {
    name: 'upe_malformed_packets_total',
    help: 'Frames that lie about themselves, by reason; they reach no rule.',
    type: 'counter',
    samples: ({ aggregator }) =>
      malformedCounts(aggregator.totals).map(({ reason, packets }) => ({
        labels: { reason },
        value: packets,
      })),
  },
  {
    name: 'upe_malformed_bytes_total',
    help: 'Bytes of the frames that lie about themselves, by reason.',
    type: 'counter',
    samples: ({ aggregator }) =>
      malformedCounts(aggregator.totals).map(({ reason, bytes }) => ({ labels: { reason }, value: bytes })),
  },
  {
    name: 'upe_unclassified_packets_total',
    help: 'Frames without a whole IP header to judge, by kind; they reach no rule.',
    type: 'counter',
    samples: ({ aggregator }) =>
      unclassifiedCounts(aggregator.totals).map(({ kind, packets }) => ({
        labels: { kind },
        value: packets,
      })),
  },
  {
    name: 'upe_unclassified_bytes_total',
    help: 'Bytes of the frames without a whole IP header to judge, by kind.',
    type: 'counter',
    samples: ({ aggregator }) =>
      unclassifiedCounts(aggregator.totals).map(({ kind, bytes }) => ({ labels: { kind }, value: bytes })),
  },
  {
    name: 'upe_anomalies_total',
    help: 'Oddities of packets that are counted elsewhere as well, by kind; they overlap, never sum them.',
    type: 'counter',
    samples: ({ aggregator }) =>
      ANOMALY_KINDS.map((kind, i) => ({ labels: { kind }, value: aggregator.totals.anomalies[i] })),
  },
  {
    name: 'upe_verdict_packets_total',
    help: 'Packets by what became of them; together, all that were processed.',
    type: 'counter',
    samples: (state) =>
      verdictPackets(state).map(({ verdict, packets }) => ({ labels: { verdict }, value: packets })),
  },
];

const RECEPTION: MetricFamily[] = [
  {
    name: 'upe_rx_packets_total',
    help: 'Frames read from the source.',
    type: 'counter',
    samples: ({ aggregator }) =>
      aggregator.totals.interfaces.map(({ name, packets }) => ({
        labels: { interface: name },
        value: packets,
      })),
  },
  {
    name: 'upe_rx_bytes_total',
    help: 'Bytes of the frames read from the source, at their length on the wire.',
    type: 'counter',
    samples: ({ aggregator }) =>
      aggregator.totals.interfaces.map(({ name, bytes }) => ({ labels: { interface: name }, value: bytes })),
  },
  {
    name: 'upe_rx_dropped_packets_total',
    help: 'Frames read from the source and dropped before a worker saw them, by reason.',
    type: 'counter',
    samples: ({ aggregator }) =>
      aggregator.totals.interfaces.flatMap(({ name, dropped }) =>
        DROP_REASONS.map((reason, i) => ({ labels: { interface: name, reason }, value: dropped[i] })),
      ),
  },
  {
    name: 'upe_source_finished',
    help: '1 after the last packet of the last file.',
    type: 'gauge',
    samples: ({ isSourceFinished }) => one(isSourceFinished ? 1 : 0),
  },
];

const PIPELINE: MetricFamily[] = [
  {
    name: 'upe_worker_packets_total',
    help: 'Packets that each worker has processed.',
    type: 'counter',
    samples: ({ aggregator }) =>
      aggregator.totals.workers.map(({ packets }, worker) => ({ labels: { worker }, value: packets })),
  },
  {
    name: 'upe_worker_bursts_total',
    help: 'Bursts that each worker has taken from its ring.',
    type: 'counter',
    samples: ({ aggregator }) =>
      aggregator.totals.workers.map(({ bursts }, worker) => ({ labels: { worker }, value: bursts })),
  },
  {
    name: 'upe_ring_used_slots',
    help: 'Slots in use of the ring from rx to each worker.',
    type: 'gauge',
    samples: ({ aggregator, ringUsedSlots }) =>
      aggregator.totals.workers.map((_, worker) => ({
        labels: { rx: 0, worker },
        value: ringUsedSlots(worker),
      })),
  },
  {
    name: 'upe_ring_slots',
    help: 'Slots of the ring from rx to each worker.',
    type: 'gauge',
    samples: ({ aggregator, ringSlots }) =>
      aggregator.totals.workers.map((_, worker) => ({ labels: { rx: 0, worker }, value: ringSlots })),
  },
  {
    name: 'upe_pool_free_buffers',
    help: 'Packet buffers that nobody uses.',
    type: 'gauge',
    samples: ({ poolFreeBuffers }) => one(poolFreeBuffers()),
  },
  {
    name: 'upe_pool_buffers',
    help: 'Packet buffers in the pool.',
    type: 'gauge',
    samples: ({ poolBuffers }) => one(poolBuffers),
  },
  {
    name: 'upe_in_flight_packets',
    help: 'Packets enqueued and not yet processed, as of the last stats pass.',
    type: 'gauge',
    samples: ({ aggregator }) => one(aggregator.totals.inFlight),
  },
  {
    name: 'upe_accounting_violations_total',
    help: 'Stats passes in which the accounting identity did not hold; anything but 0 is a defect.',
    type: 'counter',
    samples: ({ aggregator }) => one(aggregator.violationCount),
  },
  {
    name: 'upe_packet_latency_seconds',
    help: 'Time from reception to verdict.',
    type: 'histogram',
    samples: ({ aggregator }) => latencySamples(aggregator.totals),
  },
  {
    name: 'upe_thread_busy_seconds_total',
    help: 'Time that each thread has spent working rather than waiting.',
    type: 'counter',
    samples: (state) =>
      threads(state).map(({ thread, busySeconds }) => ({ labels: { thread }, value: busySeconds })),
  },
  {
    name: 'upe_thread_heap_bytes',
    help: 'JavaScript heap in use in each thread.',
    type: 'gauge',
    samples: (state) =>
      threads(state).map(({ thread, heapBytes }) => ({ labels: { thread }, value: heapBytes })),
  },
  {
    name: 'upe_mode_info',
    help: 'Where packets come from and what is done with them: always 1.',
    type: 'gauge',
    samples: ({ source, mode }) => [{ labels: { source, mode }, value: 1 }],
  },
  {
    name: 'upe_build_info',
    help: 'Version of UPE and of Node.js: always 1.',
    type: 'gauge',
    samples: ({ version }) => [{ labels: { version, node_version: process.version }, value: 1 }],
  },
];

function threads(state: EngineState): { thread: string; busySeconds: number; heapBytes: number }[] {
  const { totals } = state.aggregator;
  return [
    ...state.eventLoopThreads,
    { thread: 'rx', busySeconds: totals.rxBusySeconds, heapBytes: totals.rxHeapBytes },
    ...totals.workers.map(({ busySeconds, heapBytes }, worker) => ({
      thread: `worker${worker}`,
      busySeconds,
      heapBytes,
    })),
  ];
}

function latencySamples(totals: EngineState['aggregator']['totals']): Sample[] {
  const name = 'upe_packet_latency_seconds';
  let count = 0;
  const buckets = [...totals.latencyBuckets].map((packets, i) => {
    count += packets;
    return {
      metricName: `${name}_bucket`,
      labels: { le: LATENCY_BOUNDS_SECONDS[i] ?? '+Inf' },
      value: count,
    };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: {}, value: totals.latencySumSeconds },
    { metricName: `${name}_count`, labels: {}, value: count },
  ];
}

/** All metrics of UPE's own, in the order in which they are exported. */
export const METRIC_FAMILIES: readonly MetricFamily[] = [...RULES, ...OUTCOMES, ...RECEPTION, ...PIPELINE];
