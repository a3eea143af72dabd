import { PrometheusError } from '../errors.js';
import type { Point, PrometheusApi } from './prometheus-api.js';
import { selectorOf } from './selector.js';

const LAST_MATCH = 'upe_rule_last_match_timestamp_seconds';
const PACKETS = 'upe_rule_packets_total';
/** Looks at the window, to see how far data reaches back: to one part in so many. */
export const LOOKS = 100;
const SECONDS_PER_DAY = 86_400;

/** What is asked about. */
export interface HistoryQuestion {
  readonly days: number;
  /** Conditions of a selector, without braces; empty for all series there are. */
  readonly conditions: string;
}

/** What a Prometheus knows of the rules of one name, over all instances. */
export interface RuleHistory {
  readonly rule: string;
  /** Instances that have it now. */
  readonly instanceCount: number;
  /** Whether a packet has matched it in the window, as far as there is data. */
  readonly isUsed: boolean;
  /** Unix time of the last match that is known of, seconds; it may lie before the window; 0 for none. */
  readonly lastMatch: number;
  /** Unix time of the first look at which an instance had it, seconds; now, where no look has seen it. */
  readonly dataSince: number;
  /** Part of the looks since then at which an instance had it, 0 to 1. */
  readonly coverage: number;
}

export interface InstanceHistory {
  readonly job: string;
  readonly instance: string;
  /** Whether there is data of it now; otherwise there was some in the window. */
  readonly hasDataNow: boolean;
}

export interface FleetHistory {
  /** The server's time, and the beginning of the window: Unix times, seconds. */
  readonly now: number;
  readonly windowStart: number;
  /** Between two looks, seconds. */
  readonly lookSeconds: number;
  readonly instances: readonly InstanceHistory[];
  /** Every rule that there was in the window, by name. */
  readonly rules: readonly RuleHistory[];
}

/** One part of the answer: what is known of some of the rules. */
interface Part {
  readonly lastMatches: ReadonlyMap<string, number>;
  readonly increases: ReadonlyMap<string, number>;
  /** Instances that have a rule now; absent where none has. */
  readonly instanceCounts: ReadonlyMap<string, number>;
  readonly packets: ReadonlyMap<string, number>;
  /** Unix times in seconds at which there was an instance with the rule, and how many there were. */
  readonly looks: ReadonlyMap<string, readonly Point[]>;
}

/** Asks a Prometheus about the rules of all instances. Expressions are such as every server of PromQL understands. */
export class RuleHistoryReader {
  constructor(private readonly api: PrometheusApi) {}

  /** @throws PrometheusError when it does not answer, or refuses. */
  async read({ days, conditions }: HistoryQuestion): Promise<FleetHistory> {
    // To the millisecond: what a server has learned within this second is part of its answer.
    const now = await this.api.time();
    const windowSeconds = days * SECONDS_PER_DAY;
    const windowStart = now - windowSeconds;
    const lookSeconds = windowSeconds / LOOKS;
    const scope = { now, windowStart, windowSeconds, lookSeconds, conditions };
    const rules: RuleHistory[] = [];
    for (const part of await this.parts(scope, null)) rules.push(...historiesOf(part, scope));
    rules.sort((a, b) => (a.rule < b.rule ? -1 : 1));
    return { now, windowStart, lookSeconds, instances: await this.instances(scope), rules };
  }

  /**
   * The answer for some rules, or in two parts for each half of them where the server finds that too much: the
   * samples of ten thousand rules and many instances may be more than it reads at once.
   */
  private async parts(scope: Scope, rules: readonly string[] | null): Promise<Part[]> {
    try {
      return [await this.part(scope, rules)];
    } catch (error) {
      if (!(error instanceof PrometheusError) || !error.mayBeTooLarge) throw error;
      const names = rules ?? (await this.names(scope));
      if (names.length < 2) throw error;
      const middle = names.length >> 1;
      return [
        ...(await this.parts(scope, names.slice(0, middle))),
        ...(await this.parts(scope, names.slice(middle))),
      ];
    }
  }

  private async part(scope: Scope, rules: readonly string[] | null): Promise<Part> {
    const { now, windowStart, windowSeconds, lookSeconds, conditions } = scope;
    const lastMatch = selectorOf(LAST_MATCH, conditions, rules);
    const packets = selectorOf(PACKETS, conditions, rules);
    const range = `[${windowSeconds}s]`;
    // The tables' own rules; where the last match is not stored, all that are counted, those of earlier tables too.
    const present =
      `count by (rule) (group without (action) (${lastMatch}) or ` +
      `(group without (action) (${packets}) unless ignoring (rule) group without (rule) (${lastMatch})))`;
    const byRule = (expression: string) => this.byRule(expression, now);
    const seen = await this.api.queryRange(present, { start: windowStart, end: now, step: lookSeconds });
    const lastMatches = await byRule(`max by (rule) (max_over_time(${lastMatch}${range}))`);
    const instanceCounts = await byRule(present);
    const looks = new Map(seen.map(({ labels, points }) => [labels.rule ?? '', points]));
    const isAllKnown = [...looks.keys(), ...instanceCounts.keys()].every((rule) => lastMatches.has(rule));
    return {
      looks,
      instanceCounts,
      lastMatches,
      // Over restarts, too, and whatever the clocks of the instances say.
      increases: await byRule(`sum by (rule) (increase(${packets}${range}))`),
      packets: isAllKnown ? new Map() : await byRule(`max by (rule) (max_over_time(${packets}${range}))`),
    };
  }

  private async byRule(expression: string, now: number): Promise<Map<string, number>> {
    const series = await this.api.query(expression, now);
    return new Map(series.map(({ labels, value }) => [labels.rule ?? '', value]));
  }

  private names({ now, windowStart, conditions }: Scope): Promise<string[]> {
    return this.api.labelValues('rule', selectorOf(PACKETS, conditions, null), windowStart, now);
  }

  private async instances({ now, windowSeconds, conditions }: Scope): Promise<InstanceHistory[]> {
    const rules = selectorOf('upe_rules', conditions, null);
    const ask = async (expression: string) =>
      (await this.api.query(`group by (job, instance) (${expression})`, now)).map(({ labels }) => labels);
    const current = new Set((await ask(rules)).map(({ job, instance }) => `${job} ${instance}`));
    const all = await ask(`max_over_time(${rules}[${windowSeconds}s])`);
    return all
      .map(({ job = '', instance = '' }) => ({
        job,
        instance,
        hasDataNow: current.has(`${job} ${instance}`),
      }))
      .sort((a, b) => (a.job + a.instance < b.job + b.instance ? -1 : 1));
  }
}

interface Scope {
  readonly now: number;
  readonly windowStart: number;
  readonly windowSeconds: number;
  readonly lookSeconds: number;
  readonly conditions: string;
}

function historiesOf(part: Part, { now, windowStart, lookSeconds }: Scope): RuleHistory[] {
  // A rule whose only data lies between two looks is one that there was.
  const rules = new Set([...part.looks.keys(), ...part.instanceCounts.keys(), ...part.lastMatches.keys()]);
  return [...rules].map((rule) => {
    const looks = part.looks.get(rule) ?? [];
    const lastMatch = part.lastMatches.get(rule);
    const dataSince = looks[0]?.time ?? now;
    const possible = Math.floor((now - dataSince) / lookSeconds) + 1;
    return {
      rule,
      instanceCount: part.instanceCounts.get(rule) ?? 0,
      isUsed:
        (part.increases.get(rule) ?? 0) > 0 ||
        // A counter that is above 0 when it is seen first has counted nobody knows when.
        (lastMatch === undefined ? (part.packets.get(rule) ?? 0) > 0 : lastMatch >= windowStart),
      lastMatch: lastMatch ?? 0,
      dataSince,
      coverage: Math.min(looks.length / possible, 1),
    };
  });
}
