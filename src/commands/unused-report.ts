import type { FleetHistory, RuleHistory } from '../prometheus/rule-history.js';

/** What was asked, for the report. */
export interface UnusedQuestion {
  readonly prometheus: string;
  readonly days: number;
  readonly conditions: string;
  readonly rulesFile: string | null;
  /** Names of the rules to judge, in the order of their file; `null`: those that instances have now. */
  readonly names: readonly string[] | null;
}

/** A rule that no packet has matched, and how far that is known. */
export interface UnusedRule {
  readonly rule: string;
  /** ISO 8601: the last match before the window, where an instance still knew it; `null`: none is known. */
  readonly last_match: string | null;
  /** ISO 8601: of before nothing is known, or the rule was not there. */
  readonly data_since: string;
  /** Part of the time since then of which there is data, to two decimals. */
  readonly coverage: number;
  /** Instances that have the rule now. */
  readonly instances: number;
}

/** What `upe unused --json` prints: a contract. */
export interface UnusedReport {
  readonly prometheus: string;
  readonly selector: string | null;
  readonly rules_file: string | null;
  readonly days: number;
  /** ISO 8601: when it was asked, and the beginning of the window. */
  readonly time: string;
  readonly window_start: string;
  /** ISO 8601: the first data of any rule in the window. */
  readonly data_since: string;
  /** Whether that is the window's beginning. */
  readonly reaches_window_start: boolean;
  readonly instances: readonly {
    readonly job: string;
    readonly instance: string;
    readonly has_data_now: boolean;
  }[];
  /** Rules that were judged. */
  readonly rules: number;
  /** Without a match, as far back as there is data at all, or the window goes. */
  readonly unused: readonly UnusedRule[];
  /** Without a match too, but not there as long as others. */
  readonly young: readonly UnusedRule[];
  /** Names in the file that no instance has had in the window. */
  readonly no_data: readonly string[];
  /** Rules that were there in the window, and that no instance has now. */
  readonly removed: readonly string[];
}

/** Puts together what a Prometheus knows of the rules that are asked about. */
export function unusedReport(history: FleetHistory, question: UnusedQuestion): UnusedReport {
  const { names } = question;
  const byName = new Map(history.rules.map((own) => [own.rule, own]));
  const judged =
    names === null
      ? history.rules.filter(({ instanceCount }) => instanceCount > 0)
      : names.flatMap((name) => byName.get(name) ?? []);
  const dataSince = Math.min(...history.rules.map((own) => own.dataSince));
  const silent = judged.filter(({ isUsed }) => !isUsed);
  // A look may have missed the first one's first sample.
  const isYoung = (own: RuleHistory) => own.dataSince > dataSince + history.lookSeconds;
  return {
    prometheus: question.prometheus,
    selector: question.conditions === '' ? null : question.conditions,
    rules_file: question.rulesFile,
    days: question.days,
    time: timeText(history.now),
    window_start: timeText(history.windowStart),
    data_since: timeText(dataSince),
    reaches_window_start: dataSince <= history.windowStart + history.lookSeconds,
    instances: history.instances.map(({ job, instance, hasDataNow }) => ({
      job,
      instance,
      has_data_now: hasDataNow,
    })),
    rules: judged.length,
    unused: silent.filter((own) => !isYoung(own)).map(unusedRule),
    young: silent.filter(isYoung).map(unusedRule),
    no_data: names === null ? [] : names.filter((name) => !byName.has(name)),
    removed: history.rules.filter(({ instanceCount }) => instanceCount === 0).map(({ rule }) => rule),
  };
}

function unusedRule({ rule, lastMatch, dataSince, coverage, instanceCount }: RuleHistory): UnusedRule {
  return {
    rule,
    last_match: lastMatch > 0 ? timeText(lastMatch) : null,
    data_since: timeText(dataSince),
    coverage: Math.floor(coverage * 100) / 100,
    instances: instanceCount,
  };
}

function timeText(unixSeconds: number): string {
  return `${new Date(Math.floor(unixSeconds) * 1000).toISOString().slice(0, 19)}Z`;
}
