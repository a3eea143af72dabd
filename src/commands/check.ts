import { givenRulesFile, loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { ruleProblems } from '../engine/forwarding.js';
import { RuleCapacityError, UpeError } from '../errors.js';
import { loadRuleFile } from '../rules/rule-file.js';
import { liveSpecOf, rulesFileOf, webConfigOf } from './engine-config.js';

/**
 * `upe check`: validates the environment, the web configuration and the rules, and reports everything that is wrong with
 * either, a line each, so that an editor can jump to `file:line:column`.
 *
 * @returns the exit code: 2 when anything is wrong.
 */
export function check(flags: FlagValues): 0 | 2 {
  const problems: string[] = [];
  const attempt = <Result>(action: () => Result): Result | null => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof UpeError)) throw error;
      problems.push(...error.message.split('\n'));
      return null;
    }
  };
  const config = attempt(() => loadConfig(process.env, flags));
  if (config !== null) attempt(() => webConfigOf(config));
  const file = config === null ? givenRulesFile(process.env, flags) : rulesFileOf(config);
  const ruleSet = file === null ? null : attempt(() => loadRuleFile(file));
  if (config !== null && ruleSet !== null && ruleSet.rules.length > config.ruleCapacity) {
    problems.push(new RuleCapacityError(ruleSet.rules.length, 0, config.ruleCapacity).message);
  }
  const live = config === null ? null : liveSpecOf(config);
  // Where nothing can be sent, a rule may forward all the same: `replay` counts it.
  if (live !== null && ruleSet !== null) problems.push(...ruleProblems(ruleSet, live));
  if (problems.length > 0) {
    process.stderr.write(`${problems.join('\n')}\n`);
    return 2;
  }
  const count = ruleSet?.rules.length ?? 0;
  process.stdout.write(`${file}: ${count} ${count === 1 ? 'rule' : 'rules'}, valid\n`);
  return 0;
}
