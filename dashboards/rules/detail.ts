import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { graph } from '../panels.js';
import { bits, INSTANCE, perSecond, ratio, sum, top } from '../queries.js';
import { CHOSEN, RULE } from './table.js';

/** Enough for one rule on every instance of a fleet, and not too much while all rules are chosen. */
const SHOWN = 20;

/** The rule that is chosen at the top. */
export function detail(): Section {
  return {
    title: 'One rule in detail: choose it at the top, or click it in the table',
    lines: [
      [packets(), bitRate()],
      [share(), packetSize()],
    ],
  };
}

function packets(): Panel {
  return graph({
    title: 'Packets per second of the chosen rules, by instance',
    description:
      'At most twenty lines. One instance differs from the others: its traffic is another, or its rules are (see the table of instances below).',
    unit: 'pps',
    width: 12,
    queries: [
      {
        expression: top(SHOWN, sum(perSecond('upe_rule_packets_total', CHOSEN), [...RULE, ...INSTANCE])),
        legend: '{{rule}} ({{action}}) {{instance}}',
      },
    ],
  });
}

function bitRate(): Panel {
  return graph({
    title: 'Bits per second of the chosen rules, by instance',
    description:
      'At most twenty lines. A flat top is a full line or a rate limit somewhere on the way; compare with the speed of the interface.',
    unit: 'bps',
    width: 12,
    queries: [
      {
        expression: top(SHOWN, bits(sum(perSecond('upe_rule_bytes_total', CHOSEN), [...RULE, ...INSTANCE]))),
        legend: '{{rule}} ({{action}}) {{instance}}',
      },
    ],
  });
}

function share(): Panel {
  return graph({
    title: 'Share of all packets',
    description:
      'Which part of all received packets the chosen rules match. It moves while the rate stays: the other traffic has changed, not this rule.',
    unit: 'percentunit',
    width: 12,
    queries: [
      {
        expression: top(
          SHOWN,
          ratio(
            sum(perSecond('upe_rule_packets_total', CHOSEN), ['rule']),
            sum(perSecond('upe_rx_packets_total')),
            'on () group_left () ',
          ),
        ),
        legend: '{{rule}}',
      },
    ],
  });
}

function packetSize(): Panel {
  return graph({
    title: 'Mean packet size',
    description:
      'Bytes per packet of the chosen rules. Near 64: acknowledgements, scans, floods; near the MTU: transfers. Above the MTU: receive offload has joined frames (ethtool -K gro off).',
    unit: 'decbytes',
    width: 12,
    queries: [
      {
        expression: top(
          SHOWN,
          ratio(
            sum(perSecond('upe_rule_bytes_total', CHOSEN), ['rule']),
            sum(perSecond('upe_rule_packets_total', CHOSEN), ['rule']),
          ),
        ),
        legend: '{{rule}}',
      },
    ],
  });
}
