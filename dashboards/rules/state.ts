import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../layout.js';
import { toItsPipeline } from '../links.js';
import { GOOD_OR_FAILED } from '../mappings.js';
import { stat } from '../panels.js';
import { differentTables, INSTANCE, inRange, max, min, orZero, ratio, selected, sum } from '../queries.js';
import { table } from '../tables.js';

export function state(): Section {
  return {
    title: 'Are the rules in order?',
    lines: [
      [
        ruleCount(),
        tableCount(),
        lastReload(),
        loaded(),
        shadowed(),
        neverMatched(),
        withoutRule(),
        retired(),
      ],
    ],
  };
}

function ruleCount(): Panel {
  return stat({
    title: 'Rules in the table',
    description:
      'Rules of the instance that has most. Not what the file has: the reload has failed, or was not asked for (kill -HUP, or UPE_RULES_WATCH).',
    unit: 'none',
    width: 3,
    queries: [{ expression: max(selected('upe_rules')), legend: 'rules' }],
  });
}

function tableCount(): Panel {
  return stat({
    title: 'Different tables',
    description:
      'How many different rule files the selected instances use. More than 1 where all should be the same: the table of instances at the end says who has which checksum; compare with sha256sum of the file.',
    unit: 'none',
    width: 3,
    queries: [{ expression: differentTables(), legend: 'tables' }],
    thresholds: [
      ['green', null],
      ['orange', 2],
    ],
  });
}

function lastReload(): Panel {
  return stat({
    title: 'Last reload',
    description:
      'Whether the last attempt to load the rules succeeded everywhere. If it failed, the old rules go on; the log says file, line and reason. Try the file with upe check --rules FILE, correct it, reload.',
    unit: 'none',
    width: 3,
    queries: [{ expression: min(selected('upe_config_last_reload_successful')), legend: 'reload' }],
    mappings: GOOD_OR_FAILED,
  });
}

function loaded(): Panel {
  return stat({
    title: 'Rules loaded',
    description:
      'When the rules in use were loaded, on the instance that has waited longest. Older than your last change: that change has not arrived there; see the table of instances at the end.',
    unit: 'dateTimeFromNow',
    width: 3,
    queries: [
      {
        expression: `1000 * ${min(selected('upe_config_last_reload_success_timestamp_seconds'))}`,
        legend: 'loaded',
      },
    ],
  });
}

function shadowed(): Panel {
  return stat({
    title: 'Can never match',
    description:
      'Rules whose packets are all taken by rules before them, on the instance that has most: known a few seconds after a reload. Not 0: upe check --rules FILE names them, and the rules that take their packets; move or remove them.',
    unit: 'none',
    width: 3,
    // While it is not known it is NaN, which compares with nothing.
    queries: [{ expression: max(`${selected('upe_rules_shadowed')} >= 0`), legend: 'rules' }],
    thresholds: [
      ['green', null],
      ['orange', 1],
    ],
  });
}

function neverMatched(): Panel {
  const lastMatch = max(selected('upe_rule_last_match_timestamp_seconds'), ['rule']);
  return stat({
    title: 'Never matched',
    description:
      'Rules that no packet has matched on any selected instance since the processes started; sort the table below by its last column to see which. After a few days, ask whether they are still needed, or whether an earlier rule takes their packets.',
    unit: 'none',
    width: 3,
    queries: [{ expression: orZero(`count(${lastMatch} == 0)`), legend: 'rules' }],
    thresholds: [
      ['green', null],
      ['orange', 1],
    ],
  });
}

function withoutRule(): Panel {
  return stat({
    title: 'Packets without a rule',
    description:
      'The part of the packets in this time range that no rule matched. Higher than usual: new traffic that the table does not know. See it in the graph of unmatched packets, and write a rule that counts it.',
    unit: 'percentunit',
    decimals: 1,
    width: 3,
    queries: [
      {
        expression: ratio(sum(inRange('upe_unmatched_packets_total')), sum(inRange('upe_rx_packets_total'))),
        legend: 'no rule',
      },
    ],
  });
}

function retired(): Panel {
  return stat({
    title: 'Folded, of rules long gone',
    description:
      'Packets and bytes of rules that left the table so long ago that they have no series of their own any more (beyond 1,000 of them). Growing: rule names change with every reload; give rules lasting names.',
    unit: 'short',
    width: 3,
    queries: [
      { expression: sum(selected('upe_retired_rule_packets_total')), legend: 'packets' },
      { expression: sum(selected('upe_retired_rule_bytes_total')), legend: 'bytes' },
    ],
  });
}

/** Which rules each instance has: the end of a rollout. */
export function deployment(): Section {
  return { title: 'Do all instances have the same rules?', lines: [[instances()]] };
}

function instances(): Panel {
  return table({
    title: 'Rules by instance',
    description:
      'Checksum, number and age of the rules in use. One checksum differs: that instance has not loaded the new file; look whether its reload failed, then send it SIGHUP. Generation is 1 after a start and goes up by one with every reload.',
    unit: 'none',
    width: 24,
    height: 8,
    sortBy: 'Loaded',
    isAscending: true,
    columns: [
      {
        title: 'Instance',
        label: 'instance',
        width: 220,
        link: toItsPipeline(),
      },
      {
        title: 'Table',
        expression: max(selected('upe_rules_info'), [...INSTANCE, 'sha256']),
        isHidden: true,
      },
      { title: 'SHA-256 of the rule file', label: 'sha256' },
      { title: 'Rules', expression: max(selected('upe_rules'), INSTANCE), width: 100 },
      { title: 'Can never match', expression: max(selected('upe_rules_shadowed'), INSTANCE), width: 140 },
      { title: 'Generation', expression: max(selected('upe_rules_generation'), INSTANCE), width: 100 },
      {
        title: 'Last reload',
        expression: min(selected('upe_config_last_reload_successful'), INSTANCE),
        mappings: GOOD_OR_FAILED,
        width: 110,
      },
      {
        title: 'Loaded',
        expression: `1000 * ${max(selected('upe_config_last_reload_success_timestamp_seconds'), INSTANCE)}`,
        unit: 'dateTimeFromNow',
        width: 160,
      },
    ],
  });
}
