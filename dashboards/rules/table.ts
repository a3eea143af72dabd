import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { drillDown } from '../links.js';
import { word } from '../mappings.js';
import { bits, inRange, max, perSecond, ratio, selected, sum } from '../queries.js';
import { type Column, table } from '../tables.js';

/** The rules chosen at the top. */
export const CHOSEN = 'rule=~"$rule"';

/** What tells one rule from another: one whose action has changed has a series for each. */
export const RULE = ['rule', 'action'] as const;

/** The rule table with what each rule sees, over all selected instances. */
export function ruleTable(): Panel {
  return table({
    title: 'Rules',
    description:
      'Every rule, over the selected instances. "never" in orange: nothing has matched since the processes started; the rule is unused, or one before it takes its packets. A line without priority is a rule that has left the table, or had another action. Click a name to see that rule alone in the graphs below.',
    unit: 'short',
    width: 24,
    height: 14,
    sortBy: 'Packets/s',
    columns: [
      {
        title: 'Rule',
        label: 'rule',
        width: 210,
        link: drillDown('This rule alone', 'upe-rules', 'rule', ['datasource', 'job', 'instance']),
      },
      ...fromTheRuleFile(),
      { title: 'Packets/s', expression: sum(perSecond('upe_rule_packets_total', CHOSEN), RULE), unit: 'pps' },
      {
        title: 'Bits/s',
        expression: bits(sum(perSecond('upe_rule_bytes_total', CHOSEN), RULE)),
        unit: 'bps',
      },
      {
        title: 'Share',
        expression: ratio(
          sum(inRange('upe_rule_packets_total', CHOSEN), RULE),
          sum(inRange('upe_rx_packets_total')),
          'on () group_left () ',
        ),
        unit: 'percentunit',
        decimals: 2,
        isGauge: true,
      },
      {
        title: 'Total packets',
        expression: sum(selected('upe_rule_packets_total', CHOSEN), RULE),
        unit: 'short',
      },
      {
        title: 'Total bytes',
        expression: sum(selected('upe_rule_bytes_total', CHOSEN), RULE),
        unit: 'decbytes',
      },
      {
        title: 'Last match',
        expression: `1000 * ${max(selected('upe_rule_last_match_timestamp_seconds', CHOSEN), ['rule'])}`,
        unit: 'dateTimeFromNow',
        mappings: [word(0, 'never', 'orange')],
      },
    ],
  });
}

function fromTheRuleFile(): Column[] {
  const labels = [...RULE, 'priority', 'match', 'out_interface'];
  return [
    { title: 'In the table', expression: max(selected('upe_rule_info', CHOSEN), labels), isHidden: true },
    { title: 'Action', label: 'action', width: 80 },
    { title: 'Out of', label: 'out_interface', width: 80 },
    { title: 'Priority', label: 'priority', width: 80 },
    { title: 'Match', label: 'match' },
  ];
}
