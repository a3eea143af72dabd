import { loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { EnvironmentError } from '../errors.js';

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
  const url = `http://${requestHost(config.httpHost)}:${config.httpPort}/-/${ready ? 'ready' : 'healthy'}`;
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new EnvironmentError(`no answer from ${url}: ${cause}`);
  }
  const answer = (await response.text()).trim();
  if (!response.ok) throw new EnvironmentError(`${url}: ${response.status} ${answer}`);
  process.stdout.write(`${answer}\n`);
}

/** Who listens on every address is asked on the loopback one. */
function requestHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
