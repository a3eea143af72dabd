import { Document, type YAMLMap, type YAMLSeq } from 'yaml';
import { ImportError, InvariantError, RuleFileError } from '../../errors.js';
import { parseRuleFile } from '../rule-file.js';
import { visible } from '../rule-problems.js';
import { FILE_BYTES_MAX } from '../yaml-document.js';
import { conditionOf } from './condition.js';
import { type Finding, findingsOf, type Outcome, remarkOnCalls } from './findings.js';
import type { FlatRule } from './flat-rules.js';
import type { ForeignRule, ForeignTable } from './foreign-rules.js';
import { flattenCountable } from './left-out.js';
import { asName, nameRules } from './rule-names.js';
import { RuleWriter } from './rule-writer.js';

/** Rules of another firewall can be longer than anybody would read. */
const SHOWN_CHARACTERS_MAX = 300;
const LINE_WIDTH = 110;
/** Deeper than any key of a rule. */
const CONTINUATION = ' '.repeat(10);

export interface ImportedRules {
  /** The rule file. */
  readonly text: string;
  /** Rules of the other firewall that are in the file. */
  readonly saidCount: number;
  readonly findings: readonly Finding[];
  /** Sentences about the import as a whole. */
  readonly remarks: readonly string[];
}

/**
 * Writes rules of another firewall as a rule file that matches the same. What it cannot say it leaves out, and
 * tells.
 *
 * @throws ImportError when the chains make no list of rules, or one that is too long.
 */
export function importRules(table: ForeignTable): ImportedRules {
  const { flat, uncountable } = flattenCountable(table);
  const said = new Set<ForeignRule>();
  for (const { rule, kind, when } of flat) {
    if (rule !== null && kind !== 'unsaid' && when.length > 0) said.add(rule);
  }
  const outcome: Outcome = { flat, names: nameRules(said), uncountable };
  const findings = findingsOf(table, outcome);
  const callRemark = remarkOnCalls(table);
  const remarks = callRemark === null ? table.remarks : [...table.remarks, callRemark];
  const text = new FileWriter(table, outcome, findings).write(remarks);
  checkOwnFile(text);
  return { text, saidCount: said.size, findings, remarks };
}

/** A rule as a person finds it again. */
export function placeAndText({ place, text }: ForeignRule): string {
  const shown = visible(text);
  const cut = shown.length > SHOWN_CHARACTERS_MAX ? `${shown.slice(0, SHOWN_CHARACTERS_MAX - 1)}…` : shown;
  return `${visible(place)}: ${cut}`;
}

/** A rule of the file, before it is known how many of its name there are. */
interface Part {
  /** null: the policy. */
  readonly rule: ForeignRule | null;
  readonly match: YAMLMap;
  readonly action: string;
  /** Lines that go in front of it. */
  readonly comment: readonly string[];
}

class FileWriter {
  private readonly document = new Document({});
  private readonly writer: RuleWriter;
  private readonly parts: Part[] = [];
  private readonly described = new Set<ForeignRule>();
  private readonly reasons = new Map<ForeignRule, readonly string[]>();
  /** Lines that go in front of the next rule. */
  private comment: string[] = [];

  constructor(
    private readonly table: ForeignTable,
    private readonly outcome: Outcome,
    findings: readonly Finding[],
  ) {
    for (const { rule, reason } of findings)
      this.reasons.set(rule, [...(this.reasons.get(rule) ?? []), reason]);
    this.writer = new RuleWriter(this.document, table.setNames);
  }

  write(remarks: readonly string[]): string {
    const { document, table } = this;
    for (const each of this.outcome.flat) this.addFlat(each);
    const rules = this.namedRules();
    this.addOutsiders(rules);
    const { usedSets } = this.writer;
    document.set('default_action', table.policy === 'drop' ? 'drop' : 'count');
    if (usedSets.length > 0) {
      const sets = document.createNode({}) as YAMLMap;
      for (const { name, node } of usedSets) sets.add(document.createPair(name, node));
      document.set('sets', sets);
    }
    if (rules.items.length === 0) rules.flow = true;
    document.set('rules', rules);
    const head = [`${table.place} of ${table.firewall}, as rules of UPE.`, ...remarks];
    document.commentBefore = asComment(head);
    if (this.comment.length > 0) document.comment = asComment(this.comment);
    return document.toString({ lineWidth: 0 }).split('\n').map(wrapped).join('\n');
  }

  private addFlat({ rule, kind, when, action }: FlatRule): void {
    if (rule === null) this.comment.push('The policy, for packets that are past the rules which follow.');
    else {
      if (!this.described.has(rule)) this.describe(rule, kind === 'unsaid');
      if (kind === 'unsaid') return;
    }
    for (const condition of when) {
      for (const match of this.writer.matches(condition)) {
        this.parts.push({ rule, match, action, comment: this.comment });
        this.comment = [];
      }
    }
  }

  private describe(rule: ForeignRule, isLeftOut: boolean): void {
    this.described.add(rule);
    this.comment.push(`${isLeftOut ? 'LEFT OUT ' : ''}${placeAndText(rule)}`);
    for (const reason of this.reasons.get(rule) ?? []) this.comment.push(`  ${visible(reason)}.`);
  }

  private namedRules(): YAMLSeq {
    const counts = new Map<ForeignRule | null, number>();
    for (const { rule } of this.parts) counts.set(rule, (counts.get(rule) ?? 0) + 1);
    const policyName = this.freeName(`policy-${this.table.base.name}`);
    const numbers = new Map<ForeignRule | null, number>();
    const rules = this.document.createNode([]) as YAMLSeq;
    for (const { rule, match, action, comment } of this.parts) {
      const name = rule === null ? policyName : this.outcome.names.get(rule)!;
      const number = (numbers.get(rule) ?? 0) + 1;
      numbers.set(rule, number);
      rules.add(this.ruleNode(counts.get(rule) === 1 ? name : `${name}.${number}`, match, action, comment));
    }
    return rules;
  }

  private ruleNode(name: string, match: YAMLMap, action: string, comment: readonly string[]): YAMLMap {
    const { document } = this;
    const rule = document.createNode({}) as YAMLMap;
    rule.add(document.createPair('name', name));
    if (match.items.length > 0) rule.add(document.createPair('match', match));
    rule.add(document.createPair('action', action));
    if (comment.length > 0) rule.commentBefore = asComment(comment);
    return rule;
  }

  /** A name that no rule of the other firewall has. */
  private freeName(wanted: string): string {
    const taken = new Set(this.outcome.names.values());
    let name = asName(wanted);
    while (taken.has(name)) name = `${name}-`;
    return name;
  }

  /** Packets of the other IP version, which the chain never sees: without a rule they would meet its policy. */
  private addOutsiders(rules: YAMLSeq): void {
    const { version } = this.table;
    if (version === null) return;
    const other = version === 4 ? 6 : 4;
    const why = `IPv${other}, which the chain does not see: counted apart from its policy.`;
    const [match] = this.writer.matches(conditionOf({ version: other })!);
    rules.add(this.ruleNode(this.freeName(`ipv${other}`), match, 'count', [...this.comment, why]));
    this.comment = [];
  }
}

/** Breaks a line between two values of a list, where a flow collection may be broken; a comment stays whole. */
function wrapped(line: string): string {
  if (line.length <= LINE_WIDTH || /^\s*#/.test(line)) return line;
  const lines: string[] = [];
  let current = '';
  for (const part of line.split(/(?<=, )/)) {
    if (current !== '' && current.length + part.length > LINE_WIDTH) {
      lines.push(current.trimEnd());
      current = CONTINUATION;
    }
    current += part;
  }
  return [...lines, current].join('\n');
}

function asComment(lines: readonly string[]): string {
  return lines.map((line) => ` ${line}`).join('\n');
}

/** What is printed must be a rule file: anything else is a mistake of the importer. */
function checkOwnFile(text: string): void {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > FILE_BYTES_MAX) {
    throw new ImportError(
      `the rules would take ${bytes.length} bytes; a rule file may have ${FILE_BYTES_MAX}`,
    );
  }
  try {
    parseRuleFile(bytes, 'imported rules');
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    throw new InvariantError(`the importer wrote what is no rule file: ${error.message.split('\n')[0]}`);
  }
}
