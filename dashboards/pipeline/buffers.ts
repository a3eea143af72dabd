import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { graph } from '../panels.js';
import { INSTANCE, perSecond, selected, sum } from '../queries.js';
import { POOL_OCCUPANCY, RING_OCCUPANCY } from './state.js';

export function buffers(): Section {
  return {
    title: 'Rings and buffers',
    lines: [
      [rings(), pool()],
      [inFlight(), dropped()],
    ],
  };
}

function rings(): Panel {
  return graph({
    title: 'Ring occupancy',
    description:
      'Slots in use of the ring from rx to each worker, at the moment of each scrape. Filling again and again: bursts of traffic, larger rings help (UPE_RING_SLOTS). Full all the time: the worker is too slow or stands still.',
    unit: 'percentunit',
    width: 12,
    max: 1,
    queries: [{ expression: RING_OCCUPANCY, legend: 'rx {{rx}} to worker {{worker}} {{instance}}' }],
  });
}

function pool(): Panel {
  return graph({
    title: 'Pool in use',
    description:
      'Packet buffers in use, at the moment of each scrape. High while rings are empty: frames wait to be sent, see what failed to be sent on the overview. Rising and never falling: buffers are not given back; the accounting violations say so as well.',
    unit: 'percentunit',
    width: 12,
    max: 1,
    queries: [{ expression: POOL_OCCUPANCY, legend: '{{instance}}' }],
  });
}

function inFlight(): Panel {
  return graph({
    title: 'Packets in flight',
    description:
      'Enqueued and not yet judged, as of the last pass of the statistics. About a burst is right. As many as a ring has slots: its worker is behind.',
    unit: 'short',
    width: 12,
    queries: [{ expression: sum(selected('upe_in_flight_packets'), INSTANCE), legend: '{{instance}}' }],
  });
}

function dropped(): Panel {
  return graph({
    title: 'Dropped before a worker',
    description:
      'ring_full: the worker did not keep up; pool_exhausted: no buffer was free. Single peaks: larger rings or pool. All the time: too few workers, or too large a rule table.',
    unit: 'pps',
    width: 12,
    queries: [
      {
        expression: sum(perSecond('upe_rx_dropped_packets_total'), [...INSTANCE, 'reason']),
        legend: '{{reason}} {{instance}}',
      },
    ],
  });
}
