import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { graph } from '../panels.js';
import { bits, perSecond, sum, top } from '../queries.js';
import { RULE } from './table.js';

/** As many as one can tell apart in a graph. */
const SHOWN = 10;
const LEGEND = '{{rule}} ({{action}})';

export function topRules(): Section {
  return {
    title: 'Top rules',
    lines: [
      [byPackets(), byBits()],
      [dropped(), unmatched(), unmatchedBits()],
    ],
  };
}

function byPackets(): Panel {
  return graph({
    title: 'Top rules by packets',
    description:
      'The ten rules that match most packets at each moment. A new one at the top, or one that jumps: that traffic is what has changed; choose the rule above to see on which instance.',
    unit: 'pps',
    width: 12,
    height: 9,
    queries: [{ expression: top(SHOWN, sum(perSecond('upe_rule_packets_total'), RULE)), legend: LEGEND }],
  });
}

function byBits(): Panel {
  return graph({
    title: 'Top rules by bits',
    description:
      'The ten rules that match most bits at each moment: who fills the line. Compare with the graph by packets: high here and low there are large packets.',
    unit: 'bps',
    width: 12,
    height: 9,
    queries: [{ expression: top(SHOWN, bits(sum(perSecond('upe_rule_bytes_total'), RULE))), legend: LEGEND }],
  });
}

function dropped(): Panel {
  return graph({
    title: 'Drops by rule',
    description:
      'The ten rules that drop most; while only watching, what they would drop. Somebody complains that nothing goes through: look whether a rule here has begun when the complaint did, and its match in the table above.',
    unit: 'pps',
    width: 8,
    queries: [
      {
        expression: top(SHOWN, sum(perSecond('upe_rule_packets_total', 'action="drop"'), ['rule'])),
        legend: '{{rule}}',
      },
    ],
  });
}

function unmatched(): Panel {
  return graph({
    title: 'Packets that no rule matched',
    description:
      'By what the default action did with them. Rising: traffic that the table does not know. If the default is drop, this may be the outage: find out what it is (tcpdump) and write a rule.',
    unit: 'pps',
    width: 8,
    queries: [
      { expression: sum(perSecond('upe_unmatched_packets_total'), ['action']), legend: '{{action}}' },
    ],
  });
}

function unmatchedBits(): Panel {
  return graph({
    title: 'Bits that no rule matched',
    description:
      'The same in bits. Many bits and few packets are large transfers; few bits and many packets are small frames, such as a scan.',
    unit: 'bps',
    width: 8,
    queries: [
      { expression: bits(sum(perSecond('upe_unmatched_bytes_total'), ['action'])), legend: '{{action}}' },
    ],
  });
}
