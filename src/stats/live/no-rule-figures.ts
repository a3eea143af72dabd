import {
  FIRST_MALFORMED_SLOT,
  FIRST_UNCLASSIFIED_SLOT,
  FIRST_UNMATCHED_SLOT,
} from '../../counters/catalogue.js';
import type { NoRuleFigures, NoRuleKind } from '../../page/events.js';
import type { Action } from '../../rules/rule.js';
import { type EngineState, malformedCounts, unclassifiedCounts, unmatchedCounts } from '../engine-state.js';
import type { RulesOverview } from '../landing/top-rules.js';
import { rate } from '../pass-rates.js';

/**
 * What the rules of the table leave of all that was processed, by why and by what becomes of it: with them it adds up.
 * Kinds that have not come are left out, but for packets that no rule matches.
 */
export function noRuleFigures(
  { aggregator, series, unjudged }: EngineState,
  rules: RulesOverview,
): NoRuleFigures[] {
  const { rates, totals } = aggregator;
  const figures: NoRuleFigures[] = [];
  const add = (kind: NoRuleKind, action: Action | null, packets: number, perSecond: number) =>
    figures.push({
      kind,
      action,
      packets,
      packets_per_second: rate(perSecond),
      ratio: totals.processed === 0 ? null : packets / totals.processed,
    });
  if (rules.retiredPackets > 0) add('retired', null, rules.retiredPackets, Number.NaN);
  unmatchedCounts(totals).forEach(({ action, packets }, i) => {
    if (packets > 0 || action === series.notice.defaultAction)
      add('unmatched', action, packets, rates.slotPackets(FIRST_UNMATCHED_SLOT + i));
  });
  for (const [kind, action, firstSlot, counts] of [
    ['malformed', unjudged.malformed, FIRST_MALFORMED_SLOT, malformedCounts(totals)],
    ['unclassified', unjudged.unclassified, FIRST_UNCLASSIFIED_SLOT, unclassifiedCounts(totals)],
  ] as const) {
    const packets = counts.reduce((sum, own) => sum + own.packets, 0);
    if (packets > 0) add(kind, action, packets, rates.slotPackets(firstSlot, counts.length));
  }
  return figures;
}
