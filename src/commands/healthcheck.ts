import { get, type IncomingMessage } from 'node:http';
import { get as getTls } from 'node:https';
import { text } from 'node:stream/consumers';
import { loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { ConfigError, EnvironmentError, InvariantError } from '../errors.js';

/** A health check that takes longer is a failure, milliseconds. */
const TIMEOUT_MS = 3000;

/**
 * `upe healthcheck`: asks the engine on the configured port.
 *
 * @param ready asks for /-/ready instead of /-/healthy.
 * @throws EnvironmentError when it does not answer, or answers that it is not well.
 */
export async function healthcheck(flags: FlagValues, ready: boolean): Promise<void> {
  const config = loadConfig(process.env, flags);
  if (config.httpPort === 0) {
    throw new ConfigError(['UPE_HTTP_PORT is 0, any free port: give the port that the engine has logged.']);
  }
  const place = `${requestHost(config.httpHost)}:${config.httpPort}/-/${ready ? 'ready' : 'healthy'}`;
  const { url, answer } = await answerFrom(place, config.webConfigFile !== null);
  if (answer.statusCode !== 200) throw new EnvironmentError(`${url}: ${answer.statusCode} ${answer.body}`);
  process.stdout.write(`${answer.body}\n`);
}

/**
 * Asks by HTTP, or where there is a web configuration by HTTPS first. The file is not read for it: when somebody
 * has broken it, the engine goes on with the old one, and a container must not be ended for that.
 */
async function answerFrom(place: string, mayBeTls: boolean): Promise<{ url: string; answer: Answer }> {
  const urls = mayBeTls ? [`https://${place}`, `http://${place}`] : [`http://${place}`];
  for (const [i, url] of urls.entries()) {
    try {
      return { url, answer: await ask(url) };
    } catch (error) {
      const isPlain = (error as NodeJS.ErrnoException).code === 'EPROTO' && i + 1 < urls.length;
      if (isPlain) continue;
      throw new EnvironmentError(`no answer from ${url}: ${reasonOf(error as NodeJS.ErrnoException)}`);
    }
  }
  throw new InvariantError('the last of the addresses neither answered nor failed');
}

interface Answer {
  readonly statusCode: number | undefined;
  readonly body: string;
}

/** Not by `fetch`, which refuses the ports that browsers keep away from: 6000, 10080 and many more. */
function ask(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const receive = (response: IncomingMessage) => {
      const { statusCode } = response;
      text(response).then((body) => resolve({ statusCode, body: body.trim() }), reject);
    };
    // Its certificate need not name the loopback address, and no secret is told to whoever answers there.
    const request = url.startsWith('https:')
      ? getTls(url, { signal, rejectUnauthorized: false }, receive)
      : get(url, { signal }, receive);
    request.on('error', reject);
  });
}

function reasonOf({ name, code, message }: NodeJS.ErrnoException): string {
  if (name === 'AbortError') return `nothing came within ${TIMEOUT_MS / 1000} s`;
  // Where a name has several addresses and all refuse, the message is empty.
  return message || String(code);
}

/** Who listens on every address is asked on the loopback one. */
function requestHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
