import { DROP_REASONS, LATENCY_BOUNDS_SECONDS } from '../counters/catalogue.js';
import type { EngineState } from './engine-state.js';
import { type MetricFamily, one, type Sample } from './metric-family.js';

/** Reception, workers, rings, pool, threads: the way of the packets. */
export const PIPELINE_FAMILIES: readonly MetricFamily[] = [
  {
    name: 'upe_rx_packets_total',
    help: 'Frames read from the source.',
    type: 'counter',
    samples: (state) =>
      readInterfaces(state).map(({ name, packets }) => ({
        labels: { interface: name },
        value: packets,
      })),
  },
  {
    name: 'upe_rx_bytes_total',
    help: 'Bytes of the frames read from the source, at their length on the wire.',
    type: 'counter',
    samples: (state) =>
      readInterfaces(state).map(({ name, bytes }) => ({ labels: { interface: name }, value: bytes })),
  },
  {
    name: 'upe_rx_dropped_packets_total',
    help: 'Frames read from the source and dropped before a worker saw them, by reason.',
    type: 'counter',
    samples: (state) =>
      readInterfaces(state).flatMap(({ name, dropped }) =>
        DROP_REASONS.map((reason, i) => ({ labels: { interface: name, reason }, value: dropped[i] })),
      ),
  },
  {
    name: 'upe_rx_kernel_dropped_packets_total',
    help: 'Frames that the kernel dropped because its receive ring was full: UPE never had them.',
    type: 'counter',
    samples: (state) =>
      readInterfaces(state).map(({ name, kernelDropped }) => ({
        labels: { interface: name },
        value: kernelDropped,
      })),
  },
  {
    name: 'upe_source_finished',
    help: '1 after the last packet of the last file.',
    type: 'gauge',
    samples: ({ isSourceFinished }) => one(isSourceFinished ? 1 : 0),
  },
  {
    name: 'upe_worker_packets_total',
    help: 'Packets that each worker has processed.',
    type: 'counter',
    samples: ({ aggregator }) =>
      aggregator.totals.workers.map(({ packets }, worker) => ({ labels: { worker }, value: packets })),
  },
  {
    name: 'upe_worker_bursts_total',
    help: 'Bursts, of 32 packets at most, that each worker has judged.',
    type: 'counter',
    samples: ({ aggregator }) =>
      aggregator.totals.workers.map(({ bursts }, worker) => ({ labels: { worker }, value: bursts })),
  },
  {
    name: 'upe_worker_lost_packets_total',
    help: 'Packets that a worker had taken from its ring when it died, and that nobody else can process.',
    type: 'counter',
    samples: ({ aggregator }) =>
      aggregator.totals.workers.map(({ lost }, worker) => ({ labels: { worker }, value: lost })),
  },
  {
    name: 'upe_ring_used_slots',
    help: 'Slots in use of the ring from rx to each worker, at the moment of the scrape.',
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
    help: 'Packet buffers that nobody uses, at the moment of the scrape.',
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
    help: 'Packets enqueued and neither processed nor lost, as of the last stats pass.',
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
    name: 'upe_thread_restarts_total',
    help: 'How often each thread has died and been replaced.',
    type: 'counter',
    samples: (state) =>
      state.threadHealth().map(({ thread, restarts }) => ({ labels: { thread }, value: restarts })),
  },
  {
    name: 'upe_thread_heartbeat_age_seconds',
    help: 'Time since each thread was last seen to move; one that has nothing to do moves once a second.',
    type: 'gauge',
    samples: (state) =>
      state
        .threadHealth()
        .map(({ thread, heartbeatAgeSeconds }) => ({ labels: { thread }, value: heartbeatAgeSeconds })),
  },
  {
    name: 'upe_thread_event_loop_lag_seconds',
    help: 'How late the last periodic timer of a thread came; the dataplane has no event loop.',
    type: 'gauge',
    samples: ({ eventLoopThreads }) =>
      eventLoopThreads.map(({ thread, lagSeconds }) => ({ labels: { thread }, value: lagSeconds })),
  },
  {
    name: 'upe_thread_gc_seconds_total',
    help: 'Time that a thread with an event loop has spent in garbage collection.',
    type: 'counter',
    samples: ({ eventLoopThreads }) =>
      eventLoopThreads.map(({ thread, gcSeconds }) => ({ labels: { thread }, value: gcSeconds })),
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

function readInterfaces({ aggregator, readInterfaceCount }: EngineState) {
  return aggregator.totals.interfaces.slice(0, readInterfaceCount);
}

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
