import type { FindingKind } from '../rules/lint/findings.js';
import type { CheckReport, FindingReport, PacketReport, RuleReport } from './check-report.js';
import { packetText } from './explain-text.js';

/** Of a kind with more findings, so many are shown. */
const SHOWN_FINDINGS_MAX = 100;
/** Of more rules, so many are named in a line. */
const NAMED_RULES_MAX = 5;

/** The kinds in the order in which they are worth reading, and what each means. */
const HEADINGS: readonly (readonly [FindingKind, string])[] = [
  ['contradiction', 'never match, because rules that do something else take their packets'],
  ['shadowed', 'never match, because rules that do the same take their packets'],
  ['any_any', 'match every packet, so that no rule behind them has a turn'],
  ['redundant', 'could be left out, each as long as the others stay: the same becomes of their packets'],
  ['overlap', 'share packets with an earlier rule that does something else: the order decides'],
  ['undecided', 'could not be told within the bound on the work'],
];

/** The findings as a person reads them: by kind, each at its line of the file. */
export function checkText(report: CheckReport): string {
  const { rules_file, rules, findings, counts } = report;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const summary = `${rules_file}: ${counted(rules ?? 0, 'rule')}, valid`;
  if (total === 0) return `${summary}\n`;
  const lines = [`${summary}; ${counted(total, 'finding')}`];
  for (const [kind, heading] of HEADINGS) {
    const count = counts[kind] ?? 0;
    if (count === 0) continue;
    const shown = findings.filter((finding) => finding.kind === kind).slice(0, SHOWN_FINDINGS_MAX);
    lines.push('', `${kind} (${count}): ${heading}`);
    lines.push(...shown.map((finding) => `${rules_file}:${finding.line}: ${findingText(finding)}`));
    if (count > shown.length)
      lines.push(`and ${count - shown.length} more; --json lists ${listedText(report, kind)}`);
  }
  return `${lines.join('\n')}\n`;
}

function listedText({ overlaps_omitted }: CheckReport, kind: FindingKind): string {
  return kind === 'overlap' && overlaps_omitted > 0 ? 'more' : 'all';
}

/** The version is plain from the addresses. */
function exampleText({ ip_version, ...others }: PacketReport): string {
  const isPlain = others.src !== undefined || others.dst !== undefined || ip_version === undefined;
  return packetText(isPlain ? others : { ip_version, ...others });
}

function findingText(finding: FindingReport): string {
  const own = `rule ${finding.rule} (${actionText(finding)})`;
  switch (finding.kind) {
    case 'shadowed':
      return `${own}: ${coverText(finding.covered_by)}`;
    case 'contradiction': {
      const { covered_by, packet, taken_by } = finding;
      return `${own}: ${coverText(covered_by)}; ${exampleText(packet)} goes to ${ruleText(taken_by)}`;
    }
    case 'redundant': {
      const { instead, by_default } = finding;
      const others = instead.length > 0 ? [rulesText(instead)] : [];
      if (by_default) others.push('default_action');
      const verb = instead.length + Number(by_default) > 1 ? 'do' : 'does';
      return `${own}: ${others.join(' and ')} ${verb} the same`;
    }
    case 'any_any':
      return `${own}: ${counted(finding.rules_behind, 'rule')} behind it`;
    case 'overlap':
      return `${own}: ${exampleText(finding.packet)} goes to ${ruleText(finding.earlier)}`;
    case 'undecided':
      return `${own}: ${QUESTIONS[finding.question]}`;
  }
}

const QUESTIONS = {
  shadowed: 'whether any packet reaches it',
  contradiction: 'whether something else becomes of its packets, which never reach it',
  redundant: 'whether the same would become of its packets without it',
} as const;

function coverText(rules: readonly RuleReport[]): string {
  if (rules.length === 0) return 'no packet can be as it asks';
  return rules.length === 1
    ? `${rulesText(rules)} takes all its packets`
    : `${rulesText(rules)} take all its packets between them`;
}

function rulesText(rules: readonly RuleReport[]): string {
  const texts = rules.slice(0, NAMED_RULES_MAX).map(ruleText);
  if (rules.length > texts.length) texts.push(`${rules.length - texts.length} more`);
  return texts.length === 1 ? texts[0] : `${texts.slice(0, -1).join(', ')} and ${texts[texts.length - 1]}`;
}

function ruleText(own: RuleReport): string {
  return `${own.rule} (${actionText(own)}, line ${own.line})`;
}

function actionText({ action, out_interface }: RuleReport): string {
  return out_interface === null ? action : `${action} to ${out_interface}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
