import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { graph, heatmap } from '../panels.js';
import { INSTANCE, latencyQuantile, perSecond, ratio, sum } from '../queries.js';

export function latency(): Section {
  return {
    title: 'How late are verdicts?',
    lines: [
      [buckets(), quantiles()],
      [byInstance(), mean()],
    ],
  };
}

function buckets(): Panel {
  return heatmap({
    title: 'Latency, from reception to verdict',
    description:
      'How many packets took how long. One dark band is right. A second band far above it: packets that queue behind something, such as a collection of garbage or another process on the same processor. The band moves up with the load: see rings and busy threads.',
    unit: 's',
    width: 12,
    buckets: sum(perSecond('upe_packet_latency_seconds_bucket'), ['le']),
  });
}

function quantiles(): Panel {
  const at = (quantile: number, legend: string) => ({ expression: latencyQuantile(quantile), legend });
  return graph({
    title: 'Latency, quantiles',
    description:
      'Over all selected instances, estimated from the buckets: no finer than those. p50 rises: load. Only p99.9 rises: single pauses; see the heatmap for how long. No line: no packets.',
    unit: 's',
    width: 12,
    height: 9,
    queries: [at(0.5, 'p50'), at(0.9, 'p90'), at(0.99, 'p99'), at(0.999, 'p99.9')],
  });
}

function byInstance(): Panel {
  return graph({
    title: 'Latency, p99 by instance',
    description:
      'The instance that differs is the one to look at: select it above. If it is not busier than the others, something else runs on its processors.',
    unit: 's',
    width: 12,
    queries: [{ expression: latencyQuantile(0.99, INSTANCE), legend: '{{instance}}' }],
  });
}

function mean(): Panel {
  return graph({
    title: 'Latency, mean by instance',
    description:
      'All the time that packets have waited, by their number. Far above p50: few packets wait very long; see the heatmap.',
    unit: 's',
    width: 12,
    queries: [
      {
        expression: ratio(
          sum(perSecond('upe_packet_latency_seconds_sum'), INSTANCE),
          sum(perSecond('upe_packet_latency_seconds_count'), INSTANCE),
        ),
        legend: '{{instance}}',
      },
    ],
  });
}
