import { loadConfig } from '../config/load.js';
import type { FlagValues } from '../config/schema.js';
import { EnvironmentError } from '../errors.js';
import { askEngine } from './engine-request.js';

/**
 * `upe healthcheck`: asks the engine on the configured port.
 *
 * @param ready asks for /-/ready instead of /-/healthy.
 * @throws EnvironmentError when it does not answer, or answers that it is not well.
 */
export async function healthcheck(flags: FlagValues, ready: boolean): Promise<void> {
  const config = loadConfig(process.env, flags);
  const { url, statusCode, body } = await askEngine(config, `/-/${ready ? 'ready' : 'healthy'}`);
  if (statusCode !== 200) throw new EnvironmentError(`${url}: ${statusCode} ${body}`);
  process.stdout.write(`${body}\n`);
}
