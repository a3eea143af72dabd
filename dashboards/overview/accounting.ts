import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { stat, type Threshold } from '../panels.js';
import { INSTANCE, selected, sum } from '../queries.js';
import { table } from '../tables.js';

/** The proof that every packet is accounted for. */
export function accounting(): Section {
  return { title: 'Do the numbers add up?', lines: [[identity()], [identityByInstance()]] };
}

const RECEIVED = selected('upe_rx_packets_total');
const IN_FLIGHT = selected('upe_in_flight_packets');
const VIOLATIONS = selected('upe_accounting_violations_total');

/**
 * What became of a packet, as counters that together make up all that was received, but for what is in
 * flight. `or` keeps all of them, because no two have the same labels.
 */
const ACCOUNTED = [
  'upe_rule_packets_total',
  'upe_retired_rule_packets_total',
  'upe_unmatched_packets_total',
  'upe_malformed_packets_total',
  'upe_unclassified_packets_total',
  'upe_rx_dropped_packets_total',
]
  .map((counter) => selected(counter))
  .join(' or ');

/** Green at 0, and at nothing else: packets can be missing, or counted twice. */
const ZERO_ONLY: readonly Threshold[] = [
  ['red', null],
  ['green', 0],
  ['red', 1],
];

/** Received, less all that is known of: 0 at every moment, because a scrape shows one pass of the statistics. */
function unexplained(by: readonly string[] = []): string {
  return `${sum(RECEIVED, by)} - ${sum(ACCOUNTED, by)} - ${sum(IN_FLIGHT, by)}`;
}

function identity(): Panel {
  return stat({
    title: 'Every packet is accounted for: received = accounted for + in flight',
    description:
      'Totals of the selected instances since they started. Accounted for: matched by a rule, matched by none, malformed, unclassified, or dropped before a worker. Unexplained and violations must be 0; if not, it is a defect of UPE: the table below says of which instance, its log has both sides of the equation.',
    unit: 'locale',
    width: 24,
    queries: [
      { expression: sum(RECEIVED), legend: 'Received' },
      { expression: sum(ACCOUNTED), legend: 'Accounted for' },
      { expression: sum(IN_FLIGHT), legend: 'In flight' },
      { expression: unexplained(), legend: 'Unexplained' },
      { expression: sum(VIOLATIONS), legend: 'Violations' },
    ],
    byName: ['Unexplained', 'Violations'].map((name) => ({
      name,
      thresholds: ZERO_ONLY,
    })),
  });
}

function identityByInstance(): Panel {
  const part = (title: string, counter: string) => ({
    title,
    expression: sum(selected(counter), INSTANCE),
  });
  return table({
    title: 'The same by instance, with every outcome',
    description:
      'Where each received packet has gone, in packets since the start of the process. Kernel and network card stand beside it: those packets UPE never had. Unexplained must be 0; if it is not, keep the log of that instance and report it.',
    unit: 'locale',
    width: 24,
    height: 7,
    sortBy: 'Received',
    columns: [
      { title: 'Instance', label: 'instance', width: 200 },
      part('Received', 'upe_rx_packets_total'),
      part('Matched a rule', 'upe_rule_packets_total'),
      part('Rules long gone', 'upe_retired_rule_packets_total'),
      part('No rule', 'upe_unmatched_packets_total'),
      part('Malformed', 'upe_malformed_packets_total'),
      part('Unclassified', 'upe_unclassified_packets_total'),
      part('Dropped', 'upe_rx_dropped_packets_total'),
      part('In flight', 'upe_in_flight_packets'),
      {
        title: 'Unexplained',
        expression: unexplained(INSTANCE),
        thresholds: ZERO_ONLY,
      },
      part('Violations', 'upe_accounting_violations_total'),
      part('Lost by the kernel', 'upe_rx_kernel_dropped_packets_total'),
      part('Missed by the card', 'upe_interface_receive_missed_packets_total'),
    ],
  });
}
