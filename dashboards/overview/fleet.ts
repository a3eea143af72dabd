import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { toItsPipeline } from '../links.js';
import { lostShare } from '../losses.js';
import { GOOD_OR_FAILED, word } from '../mappings.js';
import { graph, type Threshold } from '../panels.js';
import { bits, INSTANCE, latencyQuantile, max, perSecond, selected, sum } from '../queries.js';
import { type Column, table } from '../tables.js';

export function fleet(): Section {
  return {
    title: 'Instances and interfaces',
    lines: [[instances()], [interfaces()], [packetsOut(), bitsOut()]],
  };
}

const BUSY: readonly Threshold[] = [
  ['text', null],
  ['orange', 0.7],
  ['red', 0.9],
];
const BAD_ABOVE_0: readonly Threshold[] = [
  ['text', null],
  ['red', 0.000001],
];
const UP_OR_DOWN = [word(0, 'down', 'red'), word(1, 'up', 'green')];

function instances(): Panel {
  return table({
    title: 'Instances',
    description:
      'One line an instance: find the one that differs. Down: nothing else is known of it. Finished: its last capture file has ended. Click a name for its threads, rings and latency.',
    unit: 'short',
    width: 24,
    height: 9,
    sortBy: 'Up',
    isAscending: true,
    columns: [
      {
        title: 'Instance',
        label: 'instance',
        width: 200,
        link: toItsPipeline(),
      },
      { title: 'Job', label: 'job' },
      { title: 'Up', expression: max(selected('up'), INSTANCE), mappings: UP_OR_DOWN },
      ...mode(),
      { title: 'Packets/s', expression: sum(perSecond('upe_rx_packets_total'), INSTANCE), unit: 'pps' },
      { title: 'Bits/s', expression: bits(sum(perSecond('upe_rx_bytes_total'), INSTANCE)), unit: 'bps' },
      {
        title: 'Lost',
        expression: lostShare(INSTANCE),
        unit: 'percentunit',
        decimals: 3,
        thresholds: BAD_ABOVE_0,
      },
      {
        title: 'Busiest thread',
        expression: max(perSecond('upe_thread_busy_seconds_total', 'thread!="stats"'), INSTANCE),
        unit: 'percentunit',
        decimals: 0,
        thresholds: BUSY,
      },
      { title: 'p99', expression: latencyQuantile(0.99, INSTANCE), unit: 's' },
      {
        title: 'Violations',
        expression: sum(selected('upe_accounting_violations_total'), INSTANCE),
        thresholds: BAD_ABOVE_0,
      },
      { title: 'Rules', expression: max(selected('upe_rules'), INSTANCE) },
      {
        title: 'Reload',
        expression: max(selected('upe_config_last_reload_successful'), INSTANCE),
        mappings: GOOD_OR_FAILED,
      },
      {
        title: 'CPU',
        expression: sum(perSecond('process_cpu_seconds_total'), INSTANCE),
        unit: 'percentunit',
      },
      {
        title: 'Memory',
        expression: sum(selected('process_resident_memory_bytes'), INSTANCE),
        unit: 'bytes',
      },
      ...version(),
    ],
  });
}

function mode(): Column[] {
  const expression = max(selected('upe_mode_info'), [...INSTANCE, 'source', 'mode']);
  return [
    { title: 'Source and mode', expression, isHidden: true },
    { title: 'Source', label: 'source' },
    { title: 'Mode', label: 'mode' },
    {
      title: 'State',
      expression: max(selected('upe_source_finished'), INSTANCE),
      mappings: [word(0, 'running', 'text'), word(1, 'finished', 'orange')],
    },
  ];
}

function version(): Column[] {
  const expression = max(selected('upe_build_info'), [...INSTANCE, 'version', 'node_version']);
  return [
    {
      title: 'Started',
      expression: `1000 * ${max(selected('process_start_time_seconds'), INSTANCE)}`,
      unit: 'dateTimeFromNow',
    },
    { title: 'Versions', expression, isHidden: true },
    { title: 'Version', label: 'version' },
    { title: 'Node.js', label: 'node_version' },
  ];
}

function interfaces(): Panel {
  const by = [...INSTANCE, 'interface'];
  const rate = (title: string, counter: string, isLoss = false): Column => ({
    title,
    expression: sum(perSecond(counter), by),
    unit: 'pps',
    ...(isLoss ? { thresholds: BAD_ABOVE_0 } : {}),
  });
  return table({
    title: 'Interfaces',
    description:
      'One line an interface; demo traffic and capture files have one under their own name, with what they have of this. A loss in red: the graphs of losses above say since when, and what to do. Of those dropped at the interface UPE may have read some. Down: ip link, cable, switch port.',
    unit: 'short',
    width: 24,
    height: 7,
    sortBy: 'In',
    columns: [
      { title: 'Instance', label: 'instance', width: 200 },
      { title: 'Interface', label: 'interface' },
      { title: 'Link', expression: max(selected('upe_interface_up'), by), mappings: UP_OR_DOWN },
      rate('In', 'upe_rx_packets_total'),
      { title: 'Bits in', expression: bits(sum(perSecond('upe_rx_bytes_total'), by)), unit: 'bps' },
      rate('Dropped by UPE', 'upe_rx_dropped_packets_total', true),
      rate('Lost by the kernel', 'upe_rx_kernel_dropped_packets_total', true),
      rate('Missed by the card', 'upe_interface_receive_missed_packets_total', true),
      rate('Dropped at the interface', 'upe_interface_receive_dropped_packets_total'),
      rate('Out', 'upe_tx_packets_total'),
      { title: 'Bits out', expression: bits(sum(perSecond('upe_tx_bytes_total'), by)), unit: 'bps' },
      rate('Failed to be sent', 'upe_tx_failed_packets_total', true),
    ],
  });
}

function packetsOut(): Panel {
  return graph({
    title: 'Packets per second out',
    description:
      'Frames that each interface has sent: in a bridge, and for rules that forward. Less than comes in while rules drop is right; less without drops: see what failed to be sent. Live sources only.',
    unit: 'pps',
    width: 12,
    queries: [
      {
        expression: sum(perSecond('upe_tx_packets_total'), [...INSTANCE, 'interface']),
        legend: '{{instance}} {{interface}}',
      },
    ],
  });
}

function bitsOut(): Panel {
  return graph({
    title: 'Bits per second out',
    description:
      'Bits of the frames sent, from the Ethernet header on. A flat top is the speed of the port or of the bridge: see what failed to be sent, and the busy threads. Live sources only.',
    unit: 'bps',
    width: 12,
    queries: [
      {
        expression: bits(sum(perSecond('upe_tx_bytes_total'), [...INSTANCE, 'interface'])),
        legend: '{{instance}} {{interface}}',
      },
    ],
  });
}
