import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { graph } from '../panels.js';
import { INSTANCE, max, perSecond, selected, sum } from '../queries.js';

const THREAD = [...INSTANCE, 'thread'];
const LEGEND = '{{thread}} {{instance}}';

export function threads(): Section {
  return {
    title: 'Threads',
    lines: [
      [busy(), heap()],
      [heartbeat(), restarts()],
    ],
  };
}

function busy(): Panel {
  return graph({
    title: 'Busy part of each thread',
    description:
      'Working rather than waiting, of one processor. rx or a worker near 100 %: the bottleneck. stats near 100 %: scrapes are late, packets are not affected. Below 100 % with losses: the machine has no processor free for the thread (UPE_CPU_AFFINITY, top -H).',
    unit: 'percentunit',
    width: 12,
    max: 1,
    queries: [{ expression: sum(perSecond('upe_thread_busy_seconds_total'), THREAD), legend: LEGEND }],
  });
}

function heap(): Panel {
  return graph({
    title: 'Heap of each thread',
    description:
      'JavaScript heap in use. A saw-tooth is right for main and stats, a flat line for rx and workers, which allocate nothing per packet. A line that only rises for hours is a leak: report it with this graph.',
    unit: 'bytes',
    width: 12,
    queries: [{ expression: sum(selected('upe_thread_heap_bytes'), THREAD), legend: LEGEND }],
  });
}

function heartbeat(): Panel {
  return graph({
    title: 'Heartbeat of each thread',
    description:
      'Time since the thread was last seen to move. Up to about 2 s is right: one that has nothing to do moves once a second. A line that rises steadily is a thread that stands still, or is dead; it is on zero again when it goes on.',
    unit: 's',
    width: 12,
    queries: [{ expression: max(selected('upe_thread_heartbeat_age_seconds'), THREAD), legend: LEGEND }],
  });
}

function restarts(): Panel {
  return graph({
    title: 'Threads replaced',
    description:
      'How often a thread has died and another one has taken its place, since the instance was started. Any is a defect of UPE or a want of memory: the log of that moment says which. Too many in a minute end the process.',
    unit: 'short',
    width: 12,
    queries: [{ expression: sum(selected('upe_thread_restarts_total'), THREAD), legend: LEGEND }],
  });
}

/** Only main and stats have an event loop; the dataplane's threads never return to one. */
export function eventLoops(): Section {
  return { title: 'Event loops of main and stats', lines: [[lag(), collections()]] };
}

function lag(): Panel {
  return graph({
    title: 'Event loop lag',
    description:
      'How late the last periodic timer came. Tens of milliseconds while rules load or a scrape is written are right. Seconds: too many series for the scrape interval, or no processor free; the dataplane does not wait for these threads.',
    unit: 's',
    width: 12,
    queries: [{ expression: max(selected('upe_thread_event_loop_lag_seconds'), THREAD), legend: LEGEND }],
  });
}

function collections(): Panel {
  return graph({
    title: 'Garbage collection',
    description:
      'The part of the time that main and stats spend in garbage collection. Above a few percent in stats: many rules and frequent scrapes; scrape less often, or raise UPE_STATS_INTERVAL_MS.',
    unit: 'percentunit',
    width: 12,
    queries: [{ expression: sum(perSecond('upe_thread_gc_seconds_total'), THREAD), legend: LEGEND }],
  });
}

export function processes(): Section {
  return { title: 'Process', lines: [[processor(), memory(), descriptors()]] };
}

function processor(): Panel {
  return graph({
    title: 'Processor time',
    description:
      'Processors in use, 100 % is one. Much system time: many small bursts; see the burst sizes. Flat at the limit of a container: raise its limit, or the dataplane is throttled.',
    unit: 'percentunit',
    width: 8,
    isStacked: true,
    queries: [
      { expression: sum(perSecond('process_cpu_user_seconds_total'), INSTANCE), legend: 'user {{instance}}' },
      {
        expression: sum(perSecond('process_cpu_system_seconds_total'), INSTANCE),
        legend: 'system {{instance}}',
      },
    ],
  });
}

function memory(): Panel {
  return graph({
    title: 'Memory',
    description:
      'Resident memory of the process. Pool, rings and counters are allocated and touched at the start, so it hardly grows. Growing: see the heaps; near the limit of a container, raise the limit or lower UPE_POOL_BUFFERS and UPE_RULE_CAPACITY.',
    unit: 'bytes',
    width: 8,
    queries: [
      { expression: sum(selected('process_resident_memory_bytes'), INSTANCE), legend: '{{instance}}' },
    ],
  });
}

function descriptors(): Panel {
  return graph({
    title: 'Open file descriptors',
    description:
      'A few tens are right. Rising for hours: connections to /metrics that nobody closes; look who scrapes (ss -tnp).',
    unit: 'short',
    width: 8,
    queries: [{ expression: sum(selected('process_open_fds'), INSTANCE), legend: '{{instance}}' }],
  });
}
