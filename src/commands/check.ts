import { givenRulesFile, loadConfig } from '../config/load.js';
import type { Config, FlagValues } from '../config/schema.js';
import { ruleProblems } from '../engine/forwarding.js';
import { RuleCapacityError, UpeError } from '../errors.js';
import { compileRules } from '../rules/compile/compile-rules.js';
import { lintRules } from '../rules/lint/lint-rules.js';
import type { RuleSet } from '../rules/rule.js';
import { loadRuleFile } from '../rules/rule-file.js';
import { findingsReport, problemsReport } from './check-report.js';
import { checkText } from './check-text.js';
import { rulesFileOf, sourceSpecOf, webConfigOf } from './engine-config.js';

export interface CheckOptions {
  /** Partial overlaps are findings as well. */
  readonly overlaps: boolean;
  readonly json: boolean;
}

/**
 * `upe check`: validates the environment, the web configuration and the rules, and reports everything that is wrong with
 * either, a line each, so that an editor can jump to `file:line:column`. Of rules that are valid, it tells which can
 * never match, or are not needed.
 *
 * @returns the exit code: 2 when anything is wrong, 3 when there is only something to tell.
 */
export async function check(flags: FlagValues, { overlaps, json }: CheckOptions): Promise<0 | 2 | 3> {
  const { file, ruleSet, problems } = await validate(flags);
  if (problems.length > 0 || ruleSet === null) {
    if (json) process.stdout.write(`${JSON.stringify(problemsReport(file, problems))}\n`);
    process.stderr.write(`${problems.join('\n')}\n`);
    return 2;
  }
  const report = findingsReport(lintRules(ruleSet, overlaps));
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : checkText(report));
  return report.findings.length > 0 ? 3 : 0;
}

interface Validation {
  readonly file: string | null;
  /** `null` where there is a problem. */
  readonly ruleSet: RuleSet | null;
  readonly problems: readonly string[];
}

async function validate(flags: FlagValues): Promise<Validation> {
  const problems: string[] = [];
  const attempt = async <Result>(action: () => Result): Promise<Awaited<Result> | null> => {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof UpeError)) throw error;
      problems.push(...error.message.split('\n'));
      return null;
    }
  };
  const config = await attempt(() => loadConfig(process.env, flags));
  if (config !== null) await attempt(() => webConfigOf(config));
  const file = config === null ? givenRulesFile(process.env, flags) : rulesFileOf(config);
  const ruleSet = file === null ? null : await attempt(() => loadRuleFile(file));
  if (ruleSet !== null) {
    if (config !== null) problems.push(...problemsHere(ruleSet, config));
    const interfaces = new Set(ruleSet.rules.flatMap(({ match }) => match.inInterfaces ?? []));
    if (problems.length === 0) await attempt(() => compileRules(ruleSet, [...interfaces]));
  }
  return { file, ruleSet, problems };
}

/** Why valid rules cannot be used with these settings. */
function problemsHere(ruleSet: RuleSet, config: Config): string[] {
  const problems: string[] = [];
  if (ruleSet.rules.length > config.ruleCapacity) {
    problems.push(new RuleCapacityError(ruleSet.rules.length, 0, config.ruleCapacity).message);
  }
  // Without a source, they may be meant for `replay`, which counts what a rule forwards.
  if (config.source !== null) problems.push(...ruleProblems(ruleSet, sourceSpecOf(config, config.source)));
  return problems;
}
