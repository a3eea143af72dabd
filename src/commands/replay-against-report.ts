import {
  ANOMALY_KINDS,
  FIRST_UNCLASSIFIED_SLOT,
  MALFORMED_REASONS,
  UNCLASSIFIED_KINDS,
} from '../counters/catalogue.js';
import type { FlowEntry } from '../rules/compare/flow-table.js';
import {
  CHANGES_MAX,
  type Change,
  changesVerdict,
  FLOWS_MAX,
  type Outcome,
  type PacketPlace,
  type TableComparison,
} from '../rules/compare/table-comparison.js';
import { fieldsFlowText } from '../rules/explain/flow-text.js';
import type { Action } from '../rules/rule.js';
import { alignedTable, nonZero, type ReplayedFile } from './replay-report.js';

/** Flows that the report lists, the heaviest first. */
const LISTED_FLOWS_MAX = 1000;
/** Of these, so many are shown to a person; and so many changes. */
const SHOWN_FLOWS_MAX = 10;
const SHOWN_CHANGES_MAX = 50;

interface OutcomeReport {
  /** `null`: no rule, and so the default action. */
  readonly rule: string | null;
  readonly action: Action;
  readonly out_interface: string | null;
}

interface PlaceReport {
  readonly file: string;
  /** Of the packet in its file, from 1. */
  readonly number: number;
}

interface TableReport {
  readonly rules_file: string;
  readonly rules: readonly { rule: string; action: Action; packets: number; bytes: number }[];
  readonly unmatched: { readonly action: Action; readonly packets: number; readonly bytes: number };
}

interface ChangeReport {
  readonly before: OutcomeReport;
  readonly after: OutcomeReport;
  /** Whether something else becomes of the packets; otherwise another rule counts them. */
  readonly verdict_changes: boolean;
  readonly packets: number;
  readonly bytes: number;
  readonly flows: number;
  readonly packets_of_other_flows: number;
  readonly examples: readonly (PlaceReport & { readonly flow: string })[];
}

interface FlowReport {
  readonly flow: string;
  readonly before: OutcomeReport;
  readonly after: OutcomeReport;
  readonly packets: number;
  readonly bytes: number;
  readonly first: PlaceReport;
}

/** What `upe replay --against --json` prints: a contract. */
export interface ComparisonReport {
  readonly received: { readonly packets: number; readonly bytes: number };
  readonly before: TableReport;
  readonly after: TableReport;
  readonly malformed: Record<string, number>;
  readonly unclassified: Record<string, number>;
  readonly anomalies: Record<string, number>;
  readonly changed: {
    readonly packets: number;
    readonly bytes: number;
    /** Of them, those of which something else becomes. */
    readonly verdict_packets: number;
    readonly verdict_bytes: number;
  };
  /** By old and new rule, the most packets first. */
  readonly changes: readonly ChangeReport[];
  /** The heaviest flows that change, in one direction each. */
  readonly flows: readonly FlowReport[];
  /** What was told apart, and what came beyond that. */
  readonly bounds: {
    readonly changes_max: number;
    readonly packets_of_other_changes: number;
    readonly flows_max: number;
    readonly packets_of_other_flows: number;
  };
  readonly files: readonly ReplayedFile[];
}

/** Puts the report together when all packets have been judged. */
export function comparisonReport(
  comparison: TableComparison,
  rulesFiles: { readonly before: string; readonly after: string },
  files: readonly ReplayedFile[],
): ComparisonReport {
  const { changes, unjudged, otherPackets, otherBytes } = comparison;
  const place = ({ fileIndex, number }: PacketPlace) => ({ file: files[fileIndex].file, number });
  const sum = (of: readonly Change[], part: 'packets' | 'bytes' | 'packetsOfOtherFlows') =>
    of.reduce((total, change) => total + change[part], 0);
  const ofVerdict = changes.filter(changesVerdict);
  return {
    received: { packets: comparison.received, bytes: comparison.receivedBytes },
    before: tableReport(rulesFiles.before, comparison.before),
    after: tableReport(rulesFiles.after, comparison.after),
    malformed: nonZero(MALFORMED_REASONS.map((reason, i) => [reason, unjudged[i]])),
    unclassified: nonZero(UNCLASSIFIED_KINDS.map((kind, i) => [kind, unjudged[FIRST_UNCLASSIFIED_SLOT + i]])),
    anomalies: nonZero(ANOMALY_KINDS.map((kind, i) => [kind, comparison.anomalies[i]])),
    changed: {
      packets: sum(changes, 'packets') + otherPackets,
      bytes: sum(changes, 'bytes') + otherBytes,
      verdict_packets: sum(ofVerdict, 'packets') + comparison.otherVerdictPackets,
      verdict_bytes: sum(ofVerdict, 'bytes') + comparison.otherVerdictBytes,
    },
    changes: changes.toSorted((a, b) => b.packets - a.packets).map((own) => changeReport(own, place)),
    flows: comparison.flows
      .heaviest(LISTED_FLOWS_MAX)
      .map((own) => flowReport(own, changes[own.change], place)),
    bounds: {
      changes_max: CHANGES_MAX,
      packets_of_other_changes: otherPackets,
      flows_max: FLOWS_MAX,
      packets_of_other_flows: sum(changes, 'packetsOfOtherFlows') + otherPackets,
    },
    files,
  };
}

function tableReport(rules_file: string, table: TableComparison['before']): TableReport {
  const counts = table.outcomes.map(({ rule, action }, i) => ({
    rule: rule ?? '',
    action,
    packets: table.packets[i],
    bytes: table.bytes[i],
  }));
  const { action, packets, bytes } = counts[counts.length - 1];
  return { rules_file, rules: counts.slice(0, -1), unmatched: { action, packets, bytes } };
}

function changeReport(change: Change, place: (of: PacketPlace) => PlaceReport): ChangeReport {
  const { before, after, packets, bytes, flows, packetsOfOtherFlows, examples } = change;
  return {
    before: outcomeReport(before),
    after: outcomeReport(after),
    verdict_changes: changesVerdict(change),
    packets,
    bytes,
    flows,
    packets_of_other_flows: packetsOfOtherFlows,
    examples: examples.map((own) => ({ ...place(own), flow: own.flow })),
  };
}

function flowReport(entry: FlowEntry, change: Change, place: (of: PacketPlace) => PlaceReport): FlowReport {
  return {
    flow: fieldsFlowText(entry),
    before: outcomeReport(change.before),
    after: outcomeReport(change.after),
    packets: entry.packets,
    bytes: entry.bytes,
    first: place(entry),
  };
}

function outcomeReport({ rule, action, outInterface }: Outcome): OutcomeReport {
  return { rule, action, out_interface: outInterface };
}

const number = (value: number) => value.toLocaleString('en-US');
const packetCount = (value: number) => (value === 1 ? '1 packet' : `${number(value)} packets`);

/** The report as a person reads it. */
export function comparisonText(report: ComparisonReport): string {
  const { received, before, after, changed } = report;
  const head = `before  ${before.rules_file}\nafter   ${after.rules_file}\n`;
  if (changed.packets === 0) {
    const lines = [`${packetCount(received.packets)}, and nothing changes.`, ...unreadLines(report)];
    return `${head}\n${lines.join('\n')}\n`;
  }
  const sections = [
    head,
    changesTable(report),
    ...exampleLines(report),
    flowLines(report),
    conclusion(report),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function changesTable({ changes, changed }: ComparisonReport): string {
  const rows = [['before', 'after', 'packets', 'bytes', 'flows']];
  for (const own of changes.slice(0, SHOWN_CHANGES_MAX)) {
    const flows = own.packets_of_other_flows === 0 ? number(own.flows) : `${number(own.flows)} or more`;
    rows.push([
      outcomeText(own.before),
      outcomeText(own.after),
      number(own.packets),
      number(own.bytes),
      flows,
    ]);
  }
  const more = changes.length - SHOWN_CHANGES_MAX;
  if (more > 0) rows.push([`(${number(more)} more)`, 'see --json', '', '', '']);
  rows.push(['changed', '', number(changed.packets), number(changed.bytes), '']);
  return alignedTable(rows);
}

function exampleLines({ changes, files }: ComparisonReport): string[] {
  return changes.slice(0, SHOWN_CHANGES_MAX).map((own) => {
    const title = `${outcomeText(own.before)} -> ${outcomeText(own.after)}`;
    const examples = own.examples.map(({ file, number, flow }) => {
      const place = files.length === 1 ? '' : ` of ${file}`;
      return `  packet ${number}${place}: ${flow}`;
    });
    return `${[title, ...examples].join('\n')}\n`;
  });
}

function flowLines({ flows }: ComparisonReport): string {
  const lines = flows.slice(0, SHOWN_FLOWS_MAX).map((own) => {
    const counts = `${packetCount(own.packets)}, ${number(own.bytes)} bytes`;
    return `  ${own.flow}: ${outcomeText(own.before)} -> ${outcomeText(own.after)}, ${counts}\n`;
  });
  return lines.length === 0 ? '' : `The heaviest flows that change:\n${lines.join('')}`;
}

/** What was not read cannot be compared. */
function unreadLines({ files }: ComparisonReport): string[] {
  const damaged = files.filter(({ error }) => error !== null).length;
  return damaged === 0 ? [] : [`Not read to its end: ${damaged} of ${files.length} files.`];
}

function conclusion(report: ComparisonReport): string {
  const { received, changed, bounds } = report;
  const sentences = [
    `${number(changed.packets)} of ${packetCount(received.packets)} ${changed.packets === 1 ? 'changes' : 'change'}: ${howChanged(changed)}.`,
  ];
  if (bounds.packets_of_other_flows > 0) {
    sentences.push(
      `${number(FLOWS_MAX)} flows were told apart; ${number(bounds.packets_of_other_flows)} packets are of others.`,
    );
  }
  return `${[...sentences, ...unreadLines(report)].join('\n')}\n`;
}

/** A packet that keeps its verdict changes the series in which it is counted. */
function howChanged({ packets, verdict_packets }: ComparisonReport['changed']): string {
  const others = packets - verdict_packets;
  if (others === 0) return packets === 1 ? 'its verdict is another one' : 'the verdict of all is another one';
  const kept = 'verdict stays, and another rule counts';
  if (verdict_packets === 0) return packets === 1 ? `its ${kept} it` : `the ${kept} them`;
  return `the verdict of ${number(verdict_packets)} is another one; of ${number(others)} the ${kept} them`;
}

function outcomeText({ rule, action, out_interface }: OutcomeReport): string {
  const verdict = out_interface === null ? action : `${action} to ${out_interface}`;
  return `${rule ?? '(no rule)'} ${verdict}`;
}
