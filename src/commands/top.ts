import { text } from 'node:stream/consumers';
import { Ajv } from 'ajv';
import { loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { ConfigError, EnvironmentError } from '../errors.js';
import { LISTED_TALKERS_MAX } from '../stats/http/limits.js';
import { TOP_PATH } from '../stats/http/top-endpoint.js';
import { TOP_RESPONSES, type TopAnswer } from '../stats/http/top-schema.js';
import { TALKER_KEYS, TALKER_MEASURES } from '../stats/talkers/talker-window.js';
import { accessOf, type EngineAccess } from './engine-access.js';
import { EngineClient } from './engine-client.js';
import { harmless } from './harmless-text.js';
import { topText } from './top-text.js';

export interface TopOptions {
  /** Values of the command's own flags, by flag. */
  readonly texts: ReadonlyMap<string, string>;
  readonly unmatched: boolean;
  readonly json: boolean;
}

/**
 * `upe top`: asks the engine on the configured port for the heaviest flows, sources or destinations of a rule.
 *
 * @throws EnvironmentError when it does not answer, or cannot tell; ConfigError with every flag that is wrong.
 */
export async function topTalkers(flags: FlagValues, { texts, unmatched, json }: TopOptions): Promise<0> {
  const config = loadConfig(process.env, flags);
  const { query, access } = questionOf(texts, unmatched);
  const answer = harmless(await ask(await EngineClient.find(config, access), query));
  process.stdout.write(json ? `${JSON.stringify(answer, null, 2)}\n` : topText(answer));
  return 0;
}

interface TopQuestion {
  /** The request's parameters: those that are given. */
  readonly query: URLSearchParams;
  readonly access: EngineAccess;
}

function questionOf(texts: ReadonlyMap<string, string>, unmatched: boolean): TopQuestion {
  const problems: string[] = [];
  const query = new URLSearchParams();
  const rule = texts.get('rule');
  if (rule !== undefined) query.set('rule', rule);
  if (rule !== undefined && unmatched) {
    problems.push('--unmatched does not go with --rule: no packet is of both; leave one of them out.');
  }
  if (unmatched) query.set('unmatched', 'true');
  for (const [name, words] of [
    ['by', TALKER_KEYS],
    ['of', TALKER_MEASURES],
  ] as const) {
    const text = texts.get(name);
    if (text === undefined) continue;
    if ((words as readonly string[]).includes(text)) query.set(name, text);
    else problems.push(`--${name} is ${shown(text)}, but it must be one of ${words.join(', ')}.`);
  }
  const limit = texts.get('limit');
  if (limit !== undefined) {
    if (/^[1-9][0-9]{0,3}$/.test(limit) && Number(limit) <= LISTED_TALKERS_MAX) query.set('limit', limit);
    else {
      problems.push(
        `--limit is ${shown(limit)}, but it must be a whole number from 1 to ${LISTED_TALKERS_MAX}.`,
      );
    }
  }
  const readAccess = accessOf(texts, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return { query, access: readAccess() };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

async function ask(engine: EngineClient, query: URLSearchParams): Promise<TopAnswer> {
  const response = await engine.send('GET', `${TOP_PATH}?${query}`);
  if (response.statusCode !== 200) throw await engine.refusal(response);
  const answer = parsed(await text(response));
  // Formats are for people here.
  const isTop = new Ajv({ strict: false, validateFormats: false }).compile<TopAnswer>(TOP_RESPONSES[200]);
  if (isTop(answer)) return answer;
  throw new EnvironmentError(`${engine.shownUrl} answers something else: see whether UPE listens there`);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
