import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import { loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { ConfigError, EnvironmentError } from '../errors.js';

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
  const url = `http://${requestHost(config.httpHost)}:${config.httpPort}/-/${ready ? 'ready' : 'healthy'}`;
  let answer: Answer;
  try {
    answer = await ask(url);
  } catch (error) {
    throw new EnvironmentError(`no answer from ${url}: ${reasonOf(error as NodeJS.ErrnoException)}`);
  }
  if (answer.statusCode !== 200) throw new EnvironmentError(`${url}: ${answer.statusCode} ${answer.body}`);
  process.stdout.write(`${answer.body}\n`);
}

interface Answer {
  readonly statusCode: number | undefined;
  readonly body: string;
}

/** Not by `fetch`, which refuses the ports that browsers keep away from: 6000, 10080 and many more. */
function ask(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }, (response) => {
      const { statusCode } = response;
      text(response).then((body) => resolve({ statusCode, body: body.trim() }), reject);
    });
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
