import { actionText, conditionText, outcomeText, POSSIBLE_MAX } from '../page/explanation.js';
import type { Answer, PossibleVerdict, RuleLine, Verdict } from '../rules/explain/answer.js';
import { flowText } from '../rules/explain/flow-text.js';
import type { RuleSet } from '../rules/rule.js';

/** Of more lines than this, runs of rules that do not match become one line each. */
const LINES_MAX = 60;
/** A shorter run is no easier to read as one line. */
const RUN_MIN = 4;

interface Row {
  readonly numbers: string;
  readonly name: string;
  readonly action: string;
  readonly text: string;
}

/**
 * The answer as a person reads it.
 *
 * @param each a line for each rule, however many there are.
 */
export function explainText(answer: Answer, ruleSet: RuleSet, each: boolean): string {
  const lines = [
    `packet   ${packetText(answer.packet)}`,
    `verdict  ${verdictText(answer.verdict, ruleSet)}`,
    ...answer.notes.map((note) => `         ${note}`),
  ];
  if (answer.rules.length > 0) lines.push('', ...ruleLines(answer.rules, each));
  return `${lines.join('\n')}\n`;
}

/** What is known of a packet, on one line. */
export function packetText(packet: Answer['packet']): string {
  if (packet === null) return 'none that rules can judge';
  const { protocol, src, dst, src_port, dst_port, ...others } = packet;
  const known = Object.entries(others).map(([field, text]) => `${field} ${text ?? 'none'}`);
  const ports = { src: src_port, dst: dst_port };
  const flow = flowText(protocol ?? 'any protocol', src ?? 'any', dst ?? 'any', ports);
  return [flow, ...known].join(', ');
}

function verdictText(verdict: Verdict, { file, rules }: RuleSet): string {
  switch (verdict.kind) {
    case 'rule': {
      const { rule, position } = verdict;
      const place = `${file}:${rules[position - 1].line}`;
      return `${actionText(verdict)}, by rule ${rule} (${position} of ${rules.length}, ${place})`;
    }
    case 'unmatched':
      return `${verdict.action}, by default_action: no rule matches (${rules.length} in ${file})`;
    case 'malformed':
    case 'unclassified':
      return `${verdict.action}: ${verdict.kind} (${verdict.reason})`;
    case 'cannot_tell':
      return [
        verdict.action === null ? 'cannot be told' : `${verdict.action}, but by which rule cannot be told`,
        ...possibleLines(verdict.possible),
      ].join('\n         ');
  }
}

/** What each field that is not known would decide. */
function possibleLines(possible: readonly PossibleVerdict[]): string[] {
  const shown = possible.slice(0, POSSIBLE_MAX);
  const conditions = shown.map(conditionText);
  const width = Math.max(...conditions.map((condition) => condition.length));
  const lines = shown.map((own, i) => `${conditions[i].padEnd(width)}  ${outcomeText(own)}`);
  const more = possible.length - shown.length;
  return more === 0 ? lines : [...lines, `and ${more} more`];
}

function ruleLines(rules: readonly RuleLine[], each: boolean): string[] {
  const behind = rules.findIndex(({ after_match }) => after_match);
  const before = behind < 0 ? rules : rules.slice(0, behind);
  const isFolded = !each && rules.length > LINES_MAX;
  const groups = behind < 0 ? [before] : [before, rules.slice(behind)];
  const rows = groups.map((group) => (isFolded ? foldedRows(group) : group.map(rowOf)));
  const all = rows.flat();
  const width = (of: (row: Row) => string) => Math.max(...all.map((row) => of(row).length));
  const numbersWidth = width(({ numbers }) => numbers);
  const nameWidth = width(({ name }) => name);
  const actionWidth = width(({ action }) => action);
  const line = ({ numbers, name, action, text }: Row) =>
    `${numbers.padStart(numbersWidth)}  ${name.padEnd(nameWidth)}  ${action.padEnd(actionWidth)}  ${text}`;
  const lines = rows[0].map(line);
  if (rows.length > 1) lines.push('', `without rule ${before.at(-1)?.rule}:`, ...rows[1].map(line));
  if (isFolded) lines.push('', 'Runs of rules that do not match are one line each; --each shows every rule.');
  return lines;
}

function rowOf(own: RuleLine): Row {
  return { numbers: `${own.position}`, name: own.rule, action: actionText(own), text: resultText(own) };
}

function resultText({ result, field, has, wants }: RuleLine): string {
  if (result === 'match') return 'matches';
  if (result === 'cannot_tell') return `cannot tell: it wants ${field} ${wants}, and that is ${has}`;
  return `no: ${field} is ${has}, it wants ${wants}`;
}

/** Runs of rules that do not match become a row each, with what they have failed by. */
function foldedRows(rules: readonly RuleLine[]): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < rules.length; ) {
    let end = at;
    while (end < rules.length && rules[end].result === 'no_match') end++;
    if (end - at >= RUN_MIN) rows.push(runRow(rules.slice(at, end)));
    else for (const own of rules.slice(at, end)) rows.push(rowOf(own));
    if (end < rules.length) rows.push(rowOf(rules[end]));
    at = end + 1;
  }
  return rows;
}

function runRow(run: readonly RuleLine[]): Row {
  const counts = new Map<string, number>();
  for (const { field } of run) counts.set(`${field}`, (counts.get(`${field}`) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a).map(([field, count]) => `${field} ${count}`);
  return {
    numbers: `${run[0].position}-${run[run.length - 1].position}`,
    name: `${run.length} rules`,
    action: '',
    text: `no, by their first field that does not hold: ${sorted.join(', ')}`,
  };
}
