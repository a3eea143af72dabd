import { type Answer, packetFields } from '../rules/explain/answer.js';
import { examplePacket } from '../rules/lint/example-packet.js';
import type { Finding, FindingKind, LintReport, Question, Witness } from '../rules/lint/findings.js';
import type { Action, RuleSet } from '../rules/rule.js';

/** Stands for every interface that no rule names. */
const OTHER_INTERFACE = 'an interface that no rule names';

/** A rule as the report names it. */
export interface RuleReport {
  readonly rule: string;
  /** Where it begins in the file, from 1. */
  readonly line: number;
  readonly action: Action;
  readonly out_interface: string | null;
}

/** The fields of a packet that some rule looks at; `null` for what it has not. */
export type PacketReport = NonNullable<Answer['packet']>;

/** One finding: a contract. */
export type FindingReport = RuleReport &
  (
    | { readonly kind: 'shadowed'; readonly covered_by: readonly RuleReport[] }
    | {
        readonly kind: 'contradiction';
        readonly covered_by: readonly RuleReport[];
        readonly packet: PacketReport;
        /** The rule that takes the packet, and does something else. */
        readonly taken_by: RuleReport;
      }
    | { readonly kind: 'redundant'; readonly instead: readonly RuleReport[]; readonly by_default: boolean }
    | { readonly kind: 'any_any'; readonly rules_behind: number }
    | { readonly kind: 'overlap'; readonly earlier: RuleReport; readonly packet: PacketReport }
    | { readonly kind: 'undecided'; readonly question: Question }
  );

/** What `upe check --json` prints: a contract. */
export interface CheckReport {
  /** `null` where the settings are too wrong to say which. */
  readonly rules_file: string | null;
  readonly valid: boolean;
  /** As they are printed without `--json`. */
  readonly problems: readonly string[];
  /** `null` where they are not valid. */
  readonly rules: number | null;
  /** How many of each kind there are; a kind without any is left out. */
  readonly counts: { readonly [Kind in FindingKind]?: number };
  readonly findings: readonly FindingReport[];
  /** Overlaps beyond those that are listed; among the counts. */
  readonly overlaps_omitted: number;
}

/** The report on rules that are valid. */
export function findingsReport(lint: LintReport): CheckReport {
  const { ruleSet, findings, overlapsOmitted } = lint;
  const counts: { [Kind in FindingKind]?: number } = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  if (overlapsOmitted > 0) counts.overlap = (counts.overlap ?? 0) + overlapsOmitted;
  return {
    rules_file: ruleSet.file,
    valid: true,
    problems: [],
    rules: ruleSet.rules.length,
    counts,
    findings: findings.map((finding) => findingReport(finding, lint)),
    overlaps_omitted: overlapsOmitted,
  };
}

/** The report on what is not valid. */
export function problemsReport(file: string | null, problems: readonly string[]): CheckReport {
  const nothing = { rules: null, counts: {}, findings: [], overlaps_omitted: 0 };
  return { rules_file: file, valid: false, problems, ...nothing };
}

function findingReport(finding: Finding, lint: LintReport): FindingReport {
  const { ruleSet } = lint;
  const own = ruleReport(ruleSet, finding.rule);
  const named = (positions: readonly number[]) => positions.map((position) => ruleReport(ruleSet, position));
  switch (finding.kind) {
    case 'shadowed':
      return { kind: finding.kind, ...own, covered_by: named(finding.coveredBy) };
    case 'contradiction':
      return {
        kind: finding.kind,
        ...own,
        covered_by: named(finding.coveredBy),
        packet: packetReport(finding.packet, lint),
        taken_by: ruleReport(ruleSet, finding.taker),
      };
    case 'redundant':
      return { kind: finding.kind, ...own, instead: named(finding.instead), by_default: finding.byDefault };
    case 'any_any':
      return { kind: finding.kind, ...own, rules_behind: ruleSet.rules.length - 1 - finding.rule };
    case 'overlap':
      return {
        kind: finding.kind,
        ...own,
        earlier: ruleReport(ruleSet, finding.earlier),
        packet: packetReport(finding.packet, lint),
      };
    case 'undecided':
      return { kind: finding.kind, ...own, question: finding.question };
  }
}

function ruleReport({ rules }: RuleSet, position: number): RuleReport {
  const { name, line, action, outInterface } = rules[position];
  return { rule: name, line, action, out_interface: outInterface };
}

function packetReport(packet: Witness, { interfaces }: LintReport): PacketReport {
  return packetFields(examplePacket(packet), [...interfaces, OTHER_INTERFACE]) ?? {};
}
