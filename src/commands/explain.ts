import { loadConfig } from '../config/load.js';
import type { Config, FlagValues } from '../config/schema.js';
import { buildRuleTable } from '../rules/build-rule-table.js';
import { type Answer, answerFor, type UnjudgedFates, withLinkNote } from '../rules/explain/answer.js';
import type { ExplainableTable } from '../rules/explain/explanation.js';
import type { RuleSet } from '../rules/rule.js';
import { loadRuleFile } from '../rules/rule-file.js';
import { RuleTable } from '../rules/rule-table.js';
import { rulesFileOf } from './engine-config.js';
import { askedFrame, interfaceNamed, questionOf } from './explain-question.js';
import { explainText } from './explain-text.js';

export interface ExplainOptions {
  readonly operands: readonly string[];
  readonly texts: ReadonlyMap<string, string>;
  readonly all: boolean;
  readonly each: boolean;
  readonly json: boolean;
}

/** What `upe explain --json` prints: the answer, and the file whose rules have given it. */
export interface FileAnswer extends Answer {
  readonly rules_file: string;
}

/** `upe explain`: what the rules do with one packet, and why. Throws an UpeError when it cannot be said. */
export async function explainPacket(flags: FlagValues, options: ExplainOptions): Promise<0> {
  const config = loadConfig(process.env, flags);
  const question = questionOf(options.operands, options.texts);
  const ruleSet = loadRuleFile(rulesFileOf(config));
  const table = explainable(ruleSet, interfaceNamed(question));
  const frame = await askedFrame(question, table.interfaces, config.bufferBytes);
  const scope = { all: options.all, limit: Number.POSITIVE_INFINITY };
  const found = answerFor(table, frame, fatesOf(config), scope);
  const isTakenForEthernet = question.kind === 'hex' && !options.texts.has('link-type');
  const answer = isTakenForEthernet ? withLinkNote(found, '--link-type') : found;
  if (options.json) {
    const whole: FileAnswer = { rules_file: ruleSet.file, ...answer };
    process.stdout.write(`${JSON.stringify(whole, null, 2)}\n`);
  } else process.stdout.write(explainText(answer, ruleSet, options.each));
  return 0;
}

/**
 * A rule set as a table that can be explained.
 *
 * @param inInterface a further interface that is to have a number in it.
 */
export function explainable(ruleSet: RuleSet, inInterface: string | null): ExplainableTable {
  const named = ruleSet.rules.flatMap(({ match }) => match.inInterfaces ?? []);
  // Every name that occurs, whatever this machine has: the rules may be meant for another one.
  const interfaces = [...new Set(inInterface === null ? named : [...named, inInterface])];
  const slots = ruleSet.rules.map((_, position) => position);
  const memory = buildRuleTable(ruleSet, slots, interfaces, 1, null);
  const rules = ruleSet.rules.map(({ name, action, outInterface }) => ({ rule: name, action, outInterface }));
  return { table: new RuleTable(memory), rules, interfaces };
}

/** What an engine of this configuration would do with frames that no rule judges. */
function fatesOf({ bridge, nonIp, malformed }: Config): UnjudgedFates {
  return bridge === null ? { unclassified: 'count', malformed: 'count' } : { unclassified: nonIp, malformed };
}
