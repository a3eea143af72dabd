import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { graph } from '../panels.js';
import { INSTANCE, perSecond, ratio, selected, sum } from '../queries.js';

const WORKER = [...INSTANCE, 'worker'];
const LEGEND = 'worker {{worker}} {{instance}}';

export function workers(): Section {
  return {
    title: 'Workers',
    lines: [[packets(), balance()], [burstSize(), bursts()], [lost()]],
  };
}

function packets(): Panel {
  return graph({
    title: 'Packets per second by worker',
    description:
      'What each worker judges. One at 0 while its ring is not empty: it stands still; take its stack if you can, then restart the instance. All at 0: nothing comes in.',
    unit: 'pps',
    width: 12,
    queries: [{ expression: sum(perSecond('upe_worker_packets_total'), WORKER), legend: LEGEND }],
  });
}

function balance(): Panel {
  return graph({
    title: 'Share of each worker',
    description:
      'Of the packets of its instance. Equal shares are best; one far above the others is a flow too large for the rest, or a tunnel whose packets have one pair of addresses: all packets of a flow meet the same worker, so more workers do not help it.',
    unit: 'percentunit',
    width: 12,
    max: 1,
    queries: [
      {
        expression: ratio(
          sum(perSecond('upe_worker_packets_total'), WORKER),
          sum(perSecond('upe_worker_packets_total'), INSTANCE),
          `on (${INSTANCE.join(', ')}) group_left () `,
        ),
        legend: LEGEND,
      },
    ],
  });
}

function burstSize(): Panel {
  return graph({
    title: 'Packets per burst',
    description:
      'How many packets a worker takes from its ring at once. Small and idle is right: packets are judged as they come. Near the largest burst all the time: the worker is behind; see its ring and its busy part.',
    unit: 'short',
    width: 12,
    queries: [
      {
        expression: ratio(
          sum(perSecond('upe_worker_packets_total'), WORKER),
          sum(perSecond('upe_worker_bursts_total'), WORKER),
        ),
        legend: LEGEND,
      },
    ],
  });
}

function bursts(): Panel {
  return graph({
    title: 'Bursts per second',
    description:
      'How often each worker takes packets from its ring. Tens of thousands with few packets each: costly, but quick; while threads are busy, bursts should be large instead.',
    unit: 'cps',
    width: 12,
    queries: [{ expression: sum(perSecond('upe_worker_bursts_total'), WORKER), legend: LEGEND }],
  });
}

function lost(): Panel {
  return graph({
    title: 'Packets lost with a worker',
    description:
      'Packets that a worker was at when it died, since the instance was started: one a death. A step here is a step of the threads replaced.',
    unit: 'short',
    width: 24,
    queries: [{ expression: sum(selected('upe_worker_lost_packets_total'), WORKER), legend: LEGEND }],
  });
}
