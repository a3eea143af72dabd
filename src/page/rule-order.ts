import type { RuleCounts } from './rule-counts.js';
import type { ListedRule } from './rule-list.js';

/** What the table can be sorted by. */
export type SortKey = 'position' | 'name' | 'packets' | 'rate' | 'bits' | 'last';

export interface Order {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

/** Names and positions begin at the beginning, everything else with the most. */
export function firstOrder(key: SortKey): Order {
  return { key, isDescending: key !== 'position' && key !== 'name' };
}

/**
 * Positions in the table of the rules that are to be shown, in the order in which they are to be. Equal ones keep the
 * order of the table.
 *
 * @param search in lower case: rules with this in their name or their match only; empty for all.
 */
export function orderedPositions(
  rules: readonly ListedRule[],
  counts: RuleCounts,
  order: Order,
  search: string,
): Uint32Array {
  const found: number[] = [];
  for (let i = 0; i < rules.length; i++) if (search === '' || rules[i].text.includes(search)) found.push(i);
  const positions = Uint32Array.from(found);
  const sign = order.isDescending ? -1 : 1;
  if (order.key === 'position') return order.isDescending ? positions.reverse() : positions;
  if (order.key === 'name') {
    return positions.sort((a, b) => (rules[a].rule < rules[b].rule ? -sign : sign));
  }
  const values = valuesOf(counts, order.key);
  return positions.sort((a, b) => sign * (values[a] - values[b]) || a - b);
}

function valuesOf(counts: RuleCounts, key: Exclude<SortKey, 'position' | 'name'>): Float64Array {
  switch (key) {
    case 'packets':
      return counts.packets;
    case 'rate':
      return counts.packetRates;
    case 'bits':
      return counts.byteRates;
    case 'last':
      return counts.lastMs;
  }
}
