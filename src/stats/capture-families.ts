import { CAPTURE_DROP_REASONS, CAPTURE_ENDS } from './capture/capture-totals.js';
import { type MetricFamily, one } from './metric-family.js';

/** What is captured on request. */
export const CAPTURE_FAMILIES: readonly MetricFamily[] = [
  {
    name: 'upe_captures_running',
    help: 'Captures that take packets at this moment.',
    type: 'gauge',
    samples: ({ captures }) => one(captures.runningCount),
  },
  {
    name: 'upe_captures_ended_total',
    help: 'Captures that have ended, by what has ended them.',
    type: 'counter',
    samples: ({ captures }) =>
      CAPTURE_ENDS.map((reason) => ({ labels: { reason }, value: captures.totals.ended(reason) })),
  },
  {
    name: 'upe_capture_packets_total',
    help: 'Packets that are in captures.',
    type: 'counter',
    samples: ({ captures }) => one(captures.totals.packets),
  },
  {
    name: 'upe_capture_bytes_total',
    help: 'Bytes of captures, as pcapng.',
    type: 'counter',
    samples: ({ captures }) => one(captures.totals.bytes),
  },
  {
    name: 'upe_capture_dropped_packets_total',
    help: 'Packets of captured rules that are in no capture, by reason; they were judged as all others.',
    type: 'counter',
    samples: ({ captures }) =>
      CAPTURE_DROP_REASONS.map((reason) => ({ labels: { reason }, value: captures.totals.dropped(reason) })),
  },
];
