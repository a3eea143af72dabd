import { ANOMALY_KINDS } from '../counters/catalogue.js';
import { CAPTURE_FAMILIES } from './capture-families.js';
import { malformedCounts, unclassifiedCounts, unmatchedCounts, verdictPackets } from './engine-state.js';
import { LINK_FAMILIES } from './link-families.js';
import { type MetricFamily, one } from './metric-family.js';
import { PIPELINE_FAMILIES } from './pipeline-families.js';
import { RULE_FAMILIES } from './rule-families.js';

const RULES: MetricFamily[] = [
  {
    name: 'upe_retired_rule_packets_total',
    help: 'Packets of rules that left the table so long ago that their own series were folded.',
    type: 'counter',
    samples: ({ series }) => one(series.foldedPackets),
  },
  {
    name: 'upe_retired_rule_bytes_total',
    help: 'Bytes of rules that left the table so long ago that their own series were folded.',
    type: 'counter',
    samples: ({ series }) => one(series.foldedBytes),
  },
  {
    name: 'upe_rules',
    help: 'Rules in the table.',
    type: 'gauge',
    samples: ({ series }) => one(series.notice.live.length),
  },
  {
    name: 'upe_rules_shadowed',
    help: 'Rules of the table that can never match, because earlier ones take all their packets; NaN for the seconds until that is known.',
    type: 'gauge',
    samples: ({ shadowedRules }) => one(shadowedRules?.size ?? Number.NaN),
  },
  {
    name: 'upe_rules_generation',
    help: 'Number of the rule table in use; goes up by one with every reload.',
    type: 'gauge',
    samples: ({ reload }) => one(reload.generation),
  },
  {
    name: 'upe_rules_info',
    help: 'SHA-256 of the rule file in use: always 1.',
    type: 'gauge',
    samples: ({ series }) => [{ labels: { sha256: series.notice.sha256 }, value: 1 }],
  },
  {
    name: 'upe_config_last_reload_successful',
    help: 'Whether the last attempt to load the rules succeeded.',
    type: 'gauge',
    samples: ({ reload }) => one(reload.successful ? 1 : 0),
  },
  {
    name: 'upe_config_last_reload_success_timestamp_seconds',
    help: 'Unix time at which the rules in use were loaded.',
    type: 'gauge',
    samples: ({ reload }) => one(reload.successMs / 1000),
  },
];

const OUTCOMES: MetricFamily[] = [
  {
    name: 'upe_unmatched_packets_total',
    help: 'Packets that no rule matched, by default action.',
    type: 'counter',
    samples: ({ aggregator }) =>
      unmatchedCounts(aggregator.totals).map(({ action, packets }) => ({
        labels: { action },
        value: packets,
      })),
  },
  {
    name: 'upe_unmatched_bytes_total',
    help: 'Bytes of the packets that no rule matched, by default action.',
    type: 'counter',
    samples: ({ aggregator }) =>
      unmatchedCounts(aggregator.totals).map(({ action, bytes }) => ({ labels: { action }, value: bytes })),
  },
  {
    name: 'upe_malformed_packets_total',
    help: 'Frames that lie about themselves, by reason; they reach no rule.',
    type: 'counter',
    samples: ({ aggregator }) =>
      malformedCounts(aggregator.totals).map(({ reason, packets }) => ({
        labels: { reason },
        value: packets,
      })),
  },
  {
    name: 'upe_malformed_bytes_total',
    help: 'Bytes of the frames that lie about themselves, by reason.',
    type: 'counter',
    samples: ({ aggregator }) =>
      malformedCounts(aggregator.totals).map(({ reason, bytes }) => ({ labels: { reason }, value: bytes })),
  },
  {
    name: 'upe_unclassified_packets_total',
    help: 'Frames without a whole IP header to judge, by kind; they reach no rule.',
    type: 'counter',
    samples: ({ aggregator }) =>
      unclassifiedCounts(aggregator.totals).map(({ kind, packets }) => ({
        labels: { kind },
        value: packets,
      })),
  },
  {
    name: 'upe_unclassified_bytes_total',
    help: 'Bytes of the frames without a whole IP header to judge, by kind.',
    type: 'counter',
    samples: ({ aggregator }) =>
      unclassifiedCounts(aggregator.totals).map(({ kind, bytes }) => ({ labels: { kind }, value: bytes })),
  },
  {
    name: 'upe_anomalies_total',
    help: 'Oddities of packets that are counted elsewhere as well, by kind; they overlap, never sum them.',
    type: 'counter',
    samples: ({ aggregator }) =>
      ANOMALY_KINDS.map((kind, i) => ({ labels: { kind }, value: aggregator.totals.anomalies[i] })),
  },
  {
    name: 'upe_verdict_packets_total',
    help: 'Packets by what became of them; together, all that were processed.',
    type: 'counter',
    samples: (state) =>
      verdictPackets(state).map(({ verdict, packets }) => ({ labels: { verdict }, value: packets })),
  },
];

/** All metrics of UPE's own but those with a line for each rule. */
export const OTHER_FAMILIES: readonly MetricFamily[] = [
  ...RULES,
  ...OUTCOMES,
  ...PIPELINE_FAMILIES,
  ...LINK_FAMILIES,
  ...CAPTURE_FAMILIES,
];

/** All metrics of UPE's own, in the order in which they are exported. */
export const METRIC_FAMILIES: readonly MetricFamily[] = [...RULE_FAMILIES, ...OTHER_FAMILIES];
