import { LOOKS } from '../prometheus/rule-history.js';
import { harmless } from './harmless-text.js';
import type { UnusedReport, UnusedRule } from './unused-report.js';

/** Below this, gaps in the data of a rule are told. */
const WHOLE_COVERAGE = 0.95;
const MS_PER_DAY = 86_400_000;
/** Fewer days are told in hours or minutes: the largest unit of which there are two at least. */
const DAYS_FROM = 2;
const MS_PER_HOUR = 3_600_000;
const MS_PER_MINUTE = 60_000;
/** Names that are told of what is not the answer. */
const NAMES_MAX = 20;

/** The report as a person reads it. */
export function unusedText(given: UnusedReport): string {
  // Labels are whatever somebody has told the Prometheus.
  const report = harmless(given);
  const { unused, young, no_data, removed } = report;
  const sections = [
    heading(report),
    unused.length === 0 ? '' : ruleTable(unused),
    young.length === 0 ? '' : `No match either, but there for a shorter time:\n${ruleTable(young)}`,
    [
      ...listed(notJudged(report), no_data),
      ...listed('On no instance any more', removed),
      ...conclusion(report),
    ].join('\n'),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

function heading(report: UnusedReport): string {
  const { prometheus, days, window_start, reaches_window_start, instances } = report;
  const window = `${days} ${days === 1 ? 'day' : 'days'}`;
  const reach = reaches_window_start
    ? 'the whole window'
    : `${reachText(report)} of ${window}: nothing is known of before`;
  const rows = [
    ['prometheus', report.selector === null ? prometheus : `${prometheus} {${report.selector}}`],
    ...(report.rules_file === null ? [] : [['rules', report.rules_file]]),
    ['window', `${window}, since ${shortTime(window_start)}`],
    ['data', reach],
    ['instances', instanceText(instances)],
  ];
  return rows.map(([name, text]) => `${name.padEnd(10)}  ${text}`).join('\n');
}

function instanceText(instances: UnusedReport['instances']): string {
  const gone = instances.filter((own) => !own.has_data_now).map(({ instance }) => instance);
  return gone.length === 0 ? `${instances.length}` : `${instances.length}; no data now of ${shortList(gone)}`;
}

function ruleTable(rules: readonly UnusedRule[]): string {
  const rows = [
    ['rule', 'last match', 'data since'],
    ...rules.map(({ rule, last_match, data_since, coverage }) => [
      rule,
      last_match === null ? 'none known' : shortTime(last_match),
      coverage >= WHOLE_COVERAGE
        ? shortTime(data_since)
        : `${shortTime(data_since)}, but for ${Math.floor(coverage * 100)} % of the time only`,
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  const ruler = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [lines[0], ruler, ...lines.slice(1)].join('\n');
}

/** Before the names in the file of which no instance tells. */
function notJudged({ rules, no_data }: UnusedReport): string {
  return `Not judged, because no instance has had them in these days, ${no_data.length} of the ${rules + no_data.length} rules of the file`;
}

function conclusion(report: UnusedReport): string[] {
  const { rules, unused, young, no_data, instances, data_since, window_start } = report;
  const since = isTooYoung(report)
    ? `in ${reachText(report)}`
    : `since ${shortTime(report.reaches_window_start ? window_start : data_since)}`;
  if (rules === 0) return ['No rule was judged.'];
  // With rules that were not judged, "all" must not sound like all of the file.
  const judged = no_data.length === 0 ? '' : ' that was judged';
  if (unused.length > 0) {
    const where = instances.length === 1 ? 'on the only instance' : `on any of ${instances.length} instances`;
    const which = rules === 1 ? `The only rule${judged}` : `${unused.length} of ${rules} rules`;
    return [`${which} matched no packet ${where} ${since}.`];
  }
  if (young.length > 0) return [`No rule${judged} has been there without a match ${since}.`];
  return [`${rules === 1 ? 'The only' : 'Every'} rule${judged} has matched a packet ${since}.`];
}

function listed(title: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${title}: ${shortList(names)}.`];
}

function shortList(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return more > 0 ? `${names.slice(0, NAMES_MAX).join(', ')} and ${more} more` : names.join(', ');
}

/** `2026-11-26 15:26 UTC` */
function shortTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** How far data reaches, to follow with `of 90 days`: `since 2026-10-12 04:20 UTC, 45.5`, or `less than 22 hours`. */
function reachText(report: UnusedReport): string {
  if (isTooYoung(report)) return `less than ${shortSpan(lookMs(report), Math.ceil)}`;
  const ms = dataMs(report);
  const span = ms >= DAYS_FROM * MS_PER_DAY ? (ms / MS_PER_DAY).toFixed(1) : shortSpan(ms, Math.floor);
  return `since ${shortTime(report.data_since)}, ${span}`;
}

/** Whether data reaches back less than can be told apart: since when, nobody knows then. */
function isTooYoung(report: UnusedReport): boolean {
  return dataMs(report) < lookMs(report);
}

function dataMs({ data_since, time }: UnusedReport): number {
  return Date.parse(time) - Date.parse(data_since);
}

/** Time between two looks of rule-history.ts at the window. */
function lookMs({ days }: UnusedReport): number {
  return (days * MS_PER_DAY) / LOOKS;
}

function shortSpan(ms: number, round: (value: number) => number): string {
  if (ms >= DAYS_FROM * MS_PER_DAY) return `${round(ms / MS_PER_DAY)} days`;
  const [unit, unitMs] = ms >= 2 * MS_PER_HOUR ? ['hours', MS_PER_HOUR] : ['minutes', MS_PER_MINUTE];
  return `${round(ms / unitMs)} ${unit}`;
}
