import { ANOMALY_KINDS, DROP_REASONS, TRANSMIT_FAILURES } from '../counters/catalogue.js';
import type { Engine } from '../engine/engine.js';
import { InvariantError } from '../errors.js';
import { ACTIONS, type Action } from '../rules/rule.js';
import { malformedCounts, unclassifiedCounts, unmatchedCounts } from '../stats/engine-state.js';
import type { StatsSummary } from '../stats/stats-messages.js';

/** How the reading of one file ended. */
export interface ReplayedFile {
  readonly file: string;
  readonly packets: number;
  readonly error: string | null;
}

type Counts = Record<string, number>;

/** What `upe replay --json` prints: a contract. */
export interface ReplayReport {
  readonly received: { readonly packets: number; readonly bytes: number };
  readonly rules: readonly { rule: string; action: Action; packets: number; bytes: number }[];
  readonly unmatched: { readonly action: Action; readonly packets: number; readonly bytes: number };
  readonly malformed: Counts;
  readonly unclassified: Counts;
  readonly anomalies: Counts;
  readonly dropped: Counts;
  /** Forward verdicts that did not leave, by reason: in a replay there is no transmitter. */
  readonly transmit_failed: Counts;
  readonly files: readonly ReplayedFile[];
  readonly balanced: boolean;
}

/** Puts the report together after the engine has stopped. */
export function replayReport(
  engine: Engine,
  files: readonly ReplayedFile[],
  summary: StatsSummary,
): ReplayReport {
  const { aggregator, series } = engine;
  if (aggregator === null) throw new InvariantError('a replay reads its counters itself');
  const { totals } = aggregator;
  const { defaultAction } = series.notice;
  const unmatched = unmatchedCounts(totals)[ACTIONS.indexOf(defaultAction)];
  return {
    received: {
      packets: totals.received,
      bytes: totals.interfaces.reduce((sum, own) => sum + own.bytes, 0),
    },
    rules: series.notice.live.map((entry) => {
      const { rule, action, packets, bytes } = series.counts(entry, totals.slots);
      return { rule, action, packets, bytes };
    }),
    unmatched,
    malformed: nonZero(malformedCounts(totals).map(({ reason, packets }) => [reason, packets])),
    unclassified: nonZero(unclassifiedCounts(totals).map(({ kind, packets }) => [kind, packets])),
    anomalies: nonZero(ANOMALY_KINDS.map((kind, i) => [kind, totals.anomalies[i]])),
    dropped: nonZero(
      DROP_REASONS.map((reason, i) => [
        reason,
        totals.interfaces.reduce((sum, own) => sum + own.dropped[i], 0),
      ]),
    ),
    transmit_failed: nonZero(
      TRANSMIT_FAILURES.map((reason, i) => [
        reason,
        totals.interfaces.reduce((sum, { failed }) => sum + failed[i], 0),
      ]),
    ),
    files,
    balanced: summary.holds && summary.inFlight === 0,
  };
}

export function nonZero(entries: readonly (readonly [string, number])[]): Counts {
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

/** The report as a person reads it. */
export function replayTable(report: ReplayReport): string {
  const number = (value: number) => value.toLocaleString('en-US');
  const rows: string[][] = [['rule', 'action', 'packets', 'bytes']];
  for (const { rule, action, packets, bytes } of report.rules) {
    rows.push([rule, action, number(packets), number(bytes)]);
  }
  const { action, packets, bytes } = report.unmatched;
  rows.push(['(no rule)', action, number(packets), number(bytes)]);
  for (const [reason, count] of Object.entries(report.malformed))
    rows.push(['(malformed)', reason, number(count), '']);
  for (const [kind, count] of Object.entries(report.unclassified))
    rows.push(['(unclassified)', kind, number(count), '']);
  for (const [reason, count] of Object.entries(report.dropped))
    rows.push(['(dropped)', reason, number(count), '']);
  rows.push(['received', '', number(report.received.packets), number(report.received.bytes)]);
  const notes = [
    ...Object.entries(report.anomalies).map(
      ([kind, count]) => `anomaly ${kind}: ${number(count)}, counted above as well`,
    ),
    ...Object.entries(report.transmit_failed).map(
      ([reason, count]) => `not forwarded: ${number(count)} (${reason})`,
    ),
    conclusion(report),
  ];
  return `${alignedTable(rows)}\n${notes.join('\n')}\n`;
}

/** What the numbers are worth. */
function conclusion({ balanced, files }: ReplayReport): string {
  if (!balanced) return 'The accounting identity does not hold: this is a defect of UPE.';
  const damaged = files.filter(({ error }) => error !== null).length;
  if (damaged === 0) return 'Every packet is accounted for.';
  return `Not read to its end: ${damaged} of ${files.length} files. Every packet that was read is accounted for.`;
}

/** First two columns to the left, the numbers to the right; a rule under the heading, and over the total. */
export function alignedTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row
      .map((text, column) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
  const ruler = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [lines[0], ruler, ...lines.slice(1, -1), ruler, lines[lines.length - 1]]
    .map((line) => `${line}\n`)
    .join('');
}
