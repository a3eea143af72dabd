import type { EngineState } from '../engine-state.js';
import { rate } from '../pass-rates.js';
import type { LiveRule } from '../rule-series.js';
import type { Problem } from './problem.js';
import {
  LISTED_RULES,
  type ListedRule,
  type RuleAnswer,
  type RulesAnswer,
  type RulesQuery,
  type SortKey,
} from './rules-schema.js';

export const RULES_PATH = '/api/v1/rules';

/** A rule of the table and where it stands in it, from 0. */
interface Placed {
  readonly rule: LiveRule;
  readonly index: number;
}

/** Lists the rules in use with what the last pass has counted. Only what is listed is written out. */
export class RulesEndpoint {
  constructor(private readonly state: EngineState) {}

  /** @param query that its schema has accepted. */
  answer(query: RulesQuery): RulesAnswer {
    const { rulesInUse, reload } = this.state;
    const found = this.sorted(this.found(query), query);
    const { limit = LISTED_RULES, offset = 0 } = query;
    return {
      ...this.circumstances(),
      sha256: rulesInUse.sha256,
      loaded: timeText(reload.successMs),
      default_action: rulesInUse.defaultAction,
      rules_total: rulesInUse.live.length,
      rules_found: found.length,
      rules: found.slice(offset, offset + limit).map((placed) => this.listed(placed)),
    };
  }

  /** The rule of a name. */
  answerOne(name: string): RuleAnswer | Problem {
    const { live } = this.state.rulesInUse;
    const index = live.findIndex(({ rule }) => rule === name);
    if (index < 0) return { status: 404, detail: `No rule in use has the name ${JSON.stringify(name)}.` };
    return { ...this.circumstances(), ...this.listed({ rule: live[index], index }) };
  }

  private circumstances(): Pick<RuleAnswer, 'generation' | 'time' | 'uptime_seconds'> {
    const { rulesInUse, aggregator, uptimeMs } = this.state;
    return {
      generation: rulesInUse.generation,
      time: timeText(aggregator.totals.atMs),
      uptime_seconds: Math.round(uptimeMs) / 1000,
    };
  }

  private found({ action, name, matched, shadowed }: RulesQuery): Placed[] {
    const { rulesInUse, series, aggregator, shadowedRules } = this.state;
    const { slots } = aggregator.totals;
    const part = name?.toLowerCase();
    const found: Placed[] = [];
    rulesInUse.live.forEach((rule, index) => {
      if (action !== undefined && rule.action !== action) return;
      if (part !== undefined && !rule.rule.toLowerCase().includes(part)) return;
      if (matched !== undefined && series.packets(rule, slots) > 0 !== matched) return;
      if (shadowed !== undefined && (shadowedRules?.has(index) ?? false) !== shadowed) return;
      found.push({ rule, index });
    });
    return found;
  }

  private sorted(found: Placed[], { sort = 'position', order }: RulesQuery): Placed[] {
    const isDescending = (order ?? defaultOrder(sort)) === 'desc';
    if (sort === 'position') return isDescending ? found.reverse() : found;
    const sign = isDescending ? -1 : 1;
    if (sort === 'name') {
      return found.sort((a, b) => (a.rule.rule < b.rule.rule ? -sign : sign));
    }
    const keyed = found.map((placed) => ({ placed, key: this.number(sort, placed.rule) }));
    keyed.sort((a, b) => sign * (a.key - b.key) || a.placed.index - b.placed.index);
    return keyed.map(({ placed }) => placed);
  }

  private number(key: Exclude<SortKey, 'position' | 'name'>, rule: LiveRule): number {
    const { series, aggregator } = this.state;
    const { slots } = aggregator.totals;
    switch (key) {
      case 'packets':
        return series.packets(rule, slots);
      case 'bytes':
        return series.bytes(rule, slots);
      case 'packets_per_second':
        return aggregator.rates.slotPackets(rule.slot) || 0;
      case 'bytes_per_second':
        return aggregator.rates.slotBytes(rule.slot) || 0;
      case 'last_match':
        return series.lastMs(rule, slots);
      case 'in_table_since':
        return rule.inTableSinceMs;
    }
  }

  private listed({ rule, index }: Placed): ListedRule {
    const { series, aggregator, shadowedRules } = this.state;
    const { packets, bytes, lastMs } = series.counts(rule, aggregator.totals.slots);
    return {
      position: index + 1,
      rule: rule.rule,
      action: rule.action,
      out_interface: rule.outInterface,
      priority: rule.priority,
      match: rule.matchText,
      packets,
      bytes,
      packets_per_second: rate(aggregator.rates.slotPackets(rule.slot)),
      bytes_per_second: rate(aggregator.rates.slotBytes(rule.slot)),
      last_match: lastMs === 0 ? null : timeText(lastMs),
      in_table_since: timeText(rule.inTableSinceMs),
      shadowed: shadowedRules === null ? null : shadowedRules.has(index),
    };
  }
}

function defaultOrder(sort: SortKey): 'asc' | 'desc' {
  return sort === 'position' || sort === 'name' ? 'asc' : 'desc';
}

function timeText(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
