import type { SlotEntry } from '../rules/slot-registry.js';
import type { MetricFamily, Sample } from './metric-family.js';
import type { RuleSeries } from './rule-series.js';

/**
 * A family with a line for each rule. There may be ten thousand of them, so what such a line begins with and
 * what number it ends with are had apart: rule-exposition.ts.
 */
export interface RuleFamily extends MetricFamily {
  /** The rules that have a line, in its order. */
  entries(series: RuleSeries): readonly SlotEntry[];
  /** The labels of each entry, in the same order; they change with the table only. */
  labels(series: RuleSeries): Sample['labels'][];
  /** Whether the numbers, too, change with the table only. */
  readonly isFixed: boolean;
  /** The number of one entry's line. */
  value(series: RuleSeries, entry: SlotEntry, slots: Float64Array): number;
}

type Description = Omit<RuleFamily, 'samples'>;

function ruleFamily(description: Description): RuleFamily {
  const { entries, labels, value } = description;
  return {
    ...description,
    samples: ({ series, aggregator }) => {
      const texts = labels(series);
      return entries(series).map((entry, i) => ({
        labels: texts[i],
        value: value(series, entry, aggregator.totals.slots),
      }));
    },
  };
}

const pairLabels = (series: RuleSeries) => series.pairs.map(({ rule, action }) => ({ rule, action }));

export const RULE_FAMILIES: readonly RuleFamily[] = [
  {
    name: 'upe_rule_packets_total',
    help: 'Packets that matched a rule, by rule and action.',
    type: 'counter' as const,
    entries: (series: RuleSeries) => series.pairs,
    labels: pairLabels,
    isFixed: false,
    value: (series: RuleSeries, entry: SlotEntry, slots: Float64Array) => series.packets(entry, slots),
  },
  {
    name: 'upe_rule_bytes_total',
    help: 'Bytes of the packets that matched a rule, as the source presents frames.',
    type: 'counter' as const,
    entries: (series: RuleSeries) => series.pairs,
    labels: pairLabels,
    isFixed: false,
    value: (series: RuleSeries, entry: SlotEntry, slots: Float64Array) => series.bytes(entry, slots),
  },
  {
    name: 'upe_rule_last_match_timestamp_seconds',
    help: 'Unix time of the last packet that matched a rule of the table; 0: none since the process started.',
    type: 'gauge' as const,
    entries: ({ notice }: RuleSeries) => notice.live,
    labels: ({ notice }: RuleSeries) => notice.live.map(({ rule }) => ({ rule })),
    isFixed: false,
    // Whole milliseconds: the clock has no more to say, and the text is shorter.
    value: (series: RuleSeries, entry: SlotEntry, slots: Float64Array) =>
      Math.floor(series.lastMs(entry, slots)) / 1000,
  },
  {
    name: 'upe_rule_info',
    help: 'The rules of the table: always 1.',
    type: 'gauge' as const,
    entries: ({ notice }: RuleSeries) => notice.live,
    labels: ({ notice }: RuleSeries) =>
      notice.live.map(({ rule, action, priority, matchText, outInterface }) => ({
        ...{ rule, action, priority, match: matchText, out_interface: outInterface ?? '' },
      })),
    isFixed: true,
    value: () => 1,
  },
].map(ruleFamily);

/** Series that one rule of the table makes. */
export const SERIES_PER_RULE = RULE_FAMILIES.length;
