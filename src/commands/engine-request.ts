import { get, type IncomingMessage } from 'node:http';
import { get as getTls } from 'node:https';
import { text } from 'node:stream/consumers';
import type { Config } from '../config/schema.js';
import { ConfigError, EnvironmentError, InvariantError } from '../errors.js';

/** An engine that takes longer to answer is not well, milliseconds. */
const TIMEOUT_MS = 3000;

export interface EngineAnswer {
  /** As it was asked. */
  readonly url: string;
  readonly statusCode: number | undefined;
  readonly body: string;
}

/**
 * Asks the engine on the configured port: by HTTP, or where there is a web configuration by HTTPS first. The file is
 * not read for it: when somebody has broken it, the engine goes on with the old one, and a container must not be ended
 * for that.
 *
 * @param path what is asked for, from / on.
 * @throws EnvironmentError when nobody answers, ConfigError when the port is any free one.
 */
export async function askEngine(
  { httpHost, httpPort, webConfigFile }: Pick<Config, 'httpHost' | 'httpPort' | 'webConfigFile'>,
  path: string,
): Promise<EngineAnswer> {
  if (httpPort === 0) {
    throw new ConfigError(['UPE_HTTP_PORT is 0, any free port: give the port that the engine has logged.']);
  }
  const host = requestHost(httpHost);
  const place = `${host.includes(':') ? `[${host}]` : host}:${httpPort}${path}`;
  const schemes = webConfigFile === null ? ['http'] : ['https', 'http'];
  for (const [i, scheme] of schemes.entries()) {
    const url = `${scheme}://${place}`;
    try {
      return { url, ...(await ask(url)) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPROTO' && i + 1 < schemes.length) continue;
      throw new EnvironmentError(`no answer from ${url}: ${reasonOf(error as NodeJS.ErrnoException)}`);
    }
  }
  throw new InvariantError('the last of the addresses neither answered nor failed');
}

/** Not by `fetch`, which refuses the ports that browsers keep away from: 6000, 10080 and many more. */
function ask(url: string): Promise<Omit<EngineAnswer, 'url'>> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const receive = (response: IncomingMessage) => {
      const { statusCode } = response;
      text(response).then((body) => resolve({ statusCode, body: body.trim() }), reject);
    };
    // Its certificate need not name the loopback address: no secret is told to whoever answers there.
    const request = url.startsWith('https:')
      ? getTls(url, { signal, rejectUnauthorized: false }, receive)
      : get(url, { signal }, receive);
    request.on('error', reject);
  });
}

/** Why there is no answer, as a sentence's end. */
export function reasonOf({ name, code, message }: NodeJS.ErrnoException): string {
  if (name === 'AbortError') return `nothing came within ${TIMEOUT_MS / 1000} s`;
  // Where a name has several addresses and all refuse, the message is empty.
  return message || String(code);
}

/** Who listens on every address is asked on the loopback one. */
function requestHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
