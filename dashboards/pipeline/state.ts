import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { latencyP99 } from '../latency.js';
import type { Section } from '../layout.js';
import { lostPackets } from '../losses.js';
import { stat, type Threshold } from '../panels.js';
import { max, perSecond, selected, sum } from '../queries.js';

export function state(): Section {
  return {
    title: 'Where does it get tight?',
    lines: [
      [packets(), busiestWorker(), busiestRx(), fullestRing(), fullestPool(), p99(), loopLag(), lost()],
    ],
  };
}

const NEAR_FULL: readonly Threshold[] = [
  ['green', null],
  ['orange', 0.7],
  ['red', 0.9],
];

/** How full the rings are, 0 to 1. */
export const RING_OCCUPANCY = `${selected('upe_ring_used_slots')} / ${selected('upe_ring_slots')}`;

/** How much of the pool is in use, 0 to 1. */
export const POOL_OCCUPANCY = `1 - ${selected('upe_pool_free_buffers')} / ${selected('upe_pool_buffers')}`;

function packets(): Panel {
  return stat({
    title: 'Packets per second',
    description:
      'What all selected instances read. 0 with traffic on the line: the source, not the pipeline; see the interfaces on the overview.',
    unit: 'pps',
    width: 3,
    hasSparkline: true,
    queries: [{ expression: sum(perSecond('upe_rx_packets_total')), legend: 'in' }],
  });
}

function busiestWorker(): Panel {
  return stat({
    title: 'Busiest worker',
    description:
      'Near 100 % a worker is the bottleneck. All workers near it: start more (UPE_WORKERS), or shorten the rule table. One alone: a single large flow, which cannot be split.',
    unit: 'percentunit',
    decimals: 0,
    width: 3,
    thresholds: NEAR_FULL,
    queries: [
      { expression: max(perSecond('upe_thread_busy_seconds_total', 'thread=~"worker.+"')), legend: 'worker' },
    ],
  });
}

function busiestRx(): Panel {
  return stat({
    title: 'Busiest rx thread',
    description:
      'Near 100 % the reading thread is the bottleneck, and the kernel drops next. Filter at the mirror port, or spread the interfaces over more instances.',
    unit: 'percentunit',
    decimals: 0,
    width: 3,
    thresholds: NEAR_FULL,
    queries: [{ expression: max(perSecond('upe_thread_busy_seconds_total', 'thread="rx"')), legend: 'rx' }],
  });
}

function fullestRing(): Panel {
  return stat({
    title: 'Fullest ring',
    description:
      'The part of its slots that are in use, of the fullest ring, in this time range; each scrape sees one moment. Near 100 %: its worker does not keep up, or stands still; ring_full drops follow.',
    unit: 'percentunit',
    decimals: 0,
    width: 3,
    thresholds: NEAR_FULL,
    queries: [{ expression: `max(max_over_time((${RING_OCCUPANCY})[$__range:]))`, legend: 'ring' }],
  });
}

function fullestPool(): Panel {
  return stat({
    title: 'Fullest pool',
    description:
      'The part of the packet buffers that are in use, of the instance with fewest left, in this time range. Near 100 %: frames that wait in rings or to be sent hold them; pool_exhausted drops follow. Raise UPE_POOL_BUFFERS.',
    unit: 'percentunit',
    decimals: 0,
    width: 3,
    thresholds: NEAR_FULL,
    queries: [{ expression: `max(max_over_time((${POOL_OCCUPANCY})[$__range:]))`, legend: 'pool' }],
  });
}

function p99(): Panel {
  return latencyP99(
    'High with idle threads: waking up (UPE_IDLE=spin avoids it); high with busy ones: queueing.',
  );
}

function loopLag(): Panel {
  return stat({
    title: 'Longest loop lag',
    description:
      'How late timers of the main and stats threads come. Seconds: scrapes are slow or time out, but packets are not affected; see garbage collection and the number of rules.',
    unit: 's',
    width: 3,
    thresholds: [
      ['green', null],
      ['orange', 0.5],
      ['red', 2],
    ],
    queries: [{ expression: max(selected('upe_thread_event_loop_lag_seconds')), legend: 'lag' }],
  });
}

function lost(): Panel {
  return stat({
    title: 'Lost per second',
    description:
      'Packets that no worker saw: lost at the card, in the kernel or in UPE. Frames dropped at the interface are not in it: UPE may have read them. Not 0: the section on losses of the overview says where and why.',
    unit: 'pps',
    width: 3,
    hasSparkline: true,
    thresholds: [
      ['green', null],
      ['red', 0.000001],
    ],
    queries: [{ expression: lostPackets(perSecond), legend: 'lost' }],
  });
}
