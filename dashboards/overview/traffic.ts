import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { graph } from '../panels.js';
import { bits, INSTANCE, perSecond, sum } from '../queries.js';

export function traffic(): Section {
  return {
    title: 'Traffic',
    lines: [
      [packetsIn(), bitsIn(), byVerdict()],
      [byOutcome(), bitsByOutcome()],
    ],
  };
}

function packetsIn(): Panel {
  return graph({
    title: 'Packets per second in',
    description:
      'Packets that each instance reads. A sudden 0 with the interface up: the mirror session or the cable towards it; see also whether a capture file has come to its end (table of instances). A sudden rise: the top rules, on the dashboard on rules, say of what.',
    unit: 'pps',
    width: 8,
    queries: [{ expression: sum(perSecond('upe_rx_packets_total'), INSTANCE), legend: '{{instance}}' }],
  });
}

function bitsIn(): Panel {
  return graph({
    title: 'Bits per second in',
    description:
      'Bits that each instance reads, as the source presents frames: for interfaces from the Ethernet header on, without the check sequence. Many packets and few bits are small frames: a scan or a flood.',
    unit: 'bps',
    width: 8,
    queries: [{ expression: bits(sum(perSecond('upe_rx_bytes_total'), INSTANCE)), legend: '{{instance}}' }],
  });
}

function byVerdict(): Panel {
  return graph({
    title: 'Packets per second by verdict',
    description:
      'What became of the packets that were judged: counted, dropped or forwarded. While only watching, "drop" is what a bridge would stop. More drops than usual: the dashboard on rules says by which rule.',
    unit: 'pps',
    width: 8,
    isStacked: true,
    queries: [
      { expression: sum(perSecond('upe_verdict_packets_total'), ['verdict']), legend: '{{verdict}}' },
    ],
  });
}

/** The outcomes of a packet: each counter of packets, with that of bytes where there is one. */
const OUTCOMES: readonly (readonly [legend: string, counter: string])[] = [
  ['matched a rule', 'upe_rule'],
  ['no rule', 'upe_unmatched'],
  ['malformed', 'upe_malformed'],
  ['unclassified', 'upe_unclassified'],
];

function byOutcome(): Panel {
  return graph({
    title: 'Packets per second by outcome',
    description:
      'Every packet ends in exactly one of these. Much without a rule: the table has gaps. Much malformed: a broken sender or an attack, by reason below. Much unclassified: protocols that are not IP, by kind below.',
    unit: 'pps',
    width: 12,
    isStacked: true,
    queries: [
      ...OUTCOMES.map(([legend, counter]) => ({
        expression: sum(perSecond(`${counter}_packets_total`)),
        legend,
      })),
      { expression: sum(perSecond('upe_rx_dropped_packets_total')), legend: 'dropped before a worker' },
    ],
  });
}

function bitsByOutcome(): Panel {
  return graph({
    title: 'Bits per second by outcome',
    description:
      'The same in bits; packets that were dropped before a worker are counted in packets only. If the shape differs from that of the packets, packet sizes have changed.',
    unit: 'bps',
    width: 12,
    isStacked: true,
    queries: OUTCOMES.map(([legend, counter]) => ({
      expression: bits(sum(perSecond(`${counter}_bytes_total`))),
      legend,
    })),
  });
}
