import type { UnusedReport, UnusedRule } from './unused-report.js';

/** Below this, gaps in the data of a rule are told. */
const WHOLE_COVERAGE = 0.95;
const MS_PER_DAY = 86_400_000;
/** Names that are told of what is not the answer. */
const NAMES_MAX = 20;

/** The report as a person reads it. */
export function unusedText(given: UnusedReport): string {
  const report = harmless(given);
  const { unused, young, no_data, removed } = report;
  const sections = [
    heading(report),
    unused.length === 0 ? '' : ruleTable(unused),
    young.length === 0 ? '' : `No match either, but there for a shorter time:\n${ruleTable(young)}`,
    [
      ...listed('In the file, and on no instance in these days', no_data),
      ...listed('On no instance any more', removed),
      ...conclusion(report),
    ].join('\n'),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

/** Labels are whatever somebody has told the Prometheus: none of them may speak to the terminal. */
function harmless(report: UnusedReport): UnusedReport {
  return JSON.parse(JSON.stringify(report), (_key, value: unknown) =>
    typeof value === 'string' ? value.replaceAll(/\p{Cc}/gu, '?') : value,
  );
}

function heading(report: UnusedReport): string {
  const { prometheus, days, window_start, data_since, reaches_window_start, instances } = report;
  const reach = reaches_window_start
    ? 'the whole window'
    : `since ${shortTime(data_since)}, ${daysBetween(data_since, report.time)} of ${days} days: nothing is known of before`;
  const rows = [
    ['prometheus', report.selector === null ? prometheus : `${prometheus} {${report.selector}}`],
    ...(report.rules_file === null ? [] : [['rules', report.rules_file]]),
    ['window', `${days} ${days === 1 ? 'day' : 'days'}, since ${shortTime(window_start)}`],
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

function conclusion({
  rules,
  unused,
  instances,
  data_since,
  window_start,
  reaches_window_start,
}: UnusedReport) {
  const since = shortTime(reaches_window_start ? window_start : data_since);
  const where = instances.length === 1 ? 'on the only instance' : `on any of ${instances.length} instances`;
  const whole = `${unused.length} of ${rules} ${rules === 1 ? 'rule' : 'rules'}`;
  return [`${whole} matched no packet ${where} since ${since}.`];
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

function daysBetween(from: string, to: string): string {
  return ((Date.parse(to) - Date.parse(from)) / MS_PER_DAY).toFixed(1);
}
