import { givenRulesFile, loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { ConfigError, EnvironmentError } from '../errors.js';
import { PrometheusApi } from '../prometheus/prometheus-api.js';
import { RuleHistoryReader } from '../prometheus/rule-history.js';
import { parseSelector } from '../prometheus/selector.js';
import { loadRuleFile } from '../rules/rule-file.js';
import { readHeaders } from './headers-file.js';
import { unusedReport } from './unused-report.js';
import { unusedText } from './unused-text.js';

const DAYS = '90';
const DAYS_MAX = 3650;

export interface UnusedOptions {
  /** Values of the command's own flags, by flag. */
  readonly texts: ReadonlyMap<string, string>;
  readonly json: boolean;
}

/** What the flags say, checked. */
interface Question {
  readonly url: URL;
  readonly days: number;
  /** Conditions of a selector, without braces. */
  readonly conditions: string;
}

/**
 * `upe unused`: the rules that have matched no packet on any instance, as a Prometheus knows it.
 *
 * @returns the exit code: 3 where there are any. Throws an UpeError when it cannot be said: where no rule could be
 *   judged, the report is printed all the same.
 */
export async function unusedRules(flags: FlagValues, { texts, json }: UnusedOptions): Promise<0 | 3> {
  loadConfig(process.env, flags);
  const { url, days, conditions } = questionOf(texts);
  const headersFile = texts.get('headers-file');
  const headers = headersFile === undefined ? {} : readHeaders(headersFile);
  const rulesFile = givenRulesFile(process.env, flags);
  const names = rulesFile === null ? null : loadRuleFile(rulesFile).rules.map(({ name }) => name);
  if (names?.length === 0) throw new EnvironmentError(`${rulesFile} has no rules: there is nothing to judge`);

  const api = new PrometheusApi(url, headers);
  const history = await new RuleHistoryReader(api).read({ days, conditions });
  if (history.rules.length === 0) {
    const where = conditions === '' ? '' : ` with {${conditions}}`;
    throw new EnvironmentError(
      `${api.shownUrl} has no data of UPE's rules${where} in ${days} ${days === 1 ? 'day' : 'days'}: see whether it scrapes UPE`,
    );
  }
  const report = unusedReport(history, { prometheus: api.shownUrl, days, conditions, rulesFile, names });
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : unusedText(report));
  if (report.rules === 0) {
    const whose = rulesFile === null ? 'any rule now' : `had any rule of ${rulesFile}`;
    throw new EnvironmentError(`no instance has ${whose}: nothing was judged`);
  }
  return report.unused.length > 0 ? 3 : 0;
}

function questionOf(texts: ReadonlyMap<string, string>): Question {
  const problems: string[] = [];
  const url = urlOf(texts.get('prometheus') ?? '', problems);
  const daysText = texts.get('days') ?? DAYS;
  const days = /^[0-9]{1,4}$/.test(daysText) ? Number(daysText) : 0;
  if (days < 1 || days > DAYS_MAX) {
    problems.push(
      `--days is ${JSON.stringify(daysText)}, but it must be a whole number from 1 to ${DAYS_MAX}.`,
    );
  }
  const selector = texts.get('selector');
  const conditions = selector === undefined ? '' : parseSelector(selector);
  if (conditions === null) {
    problems.push(
      `--selector is ${JSON.stringify(selector)}, but it must be conditions on labels, like job="edge",site=~"eu-.*".`,
    );
  }
  if (url === null || conditions === null || problems.length > 0) throw new ConfigError(problems);
  return { url, days, conditions };
}

function urlOf(text: string, problems: string[]): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
  // The text is not repeated: it may hold a password.
  if (!isWeb) {
    problems.push(
      '--prometheus must be an address that begins with http:// or https://, like http://localhost:9090.',
    );
    return null;
  }
  if (url.search !== '' || url.hash !== '') {
    problems.push('--prometheus must be an address without ? and #.');
    return null;
  }
  if (/\/api\/v1\/?$/.test(url.pathname)) {
    problems.push('--prometheus must be the address in front of /api/v1; leave that out.');
    return null;
  }
  return url;
}
