import { BlockList, isIPv6 } from 'node:net';
import type { Config, SettingName } from './schema.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether an address is reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

/** Whether the HTTP server must know who comes: others reach it, and requests may change something. */
export function mustAuthenticate({
  httpLifecycle,
  httpHost,
}: Pick<Config, 'httpLifecycle' | 'httpHost'>): boolean {
  return httpLifecycle && !isLoopback(httpHost);
}

/**
 * What does not fit together among the settings of the HTTP server. What is in a web configuration is judged
 * when that is read.
 *
 * @param config the settings that are good by themselves.
 * @param originOf how the user has given a setting: its variable or its flag.
 * @returns one sentence each.
 */
export function httpProblems(config: Partial<Config>, originOf: (name: SettingName) => string): string[] {
  const { httpLifecycle, httpHost, webConfigFile } = config;
  if (httpLifecycle === undefined || httpHost === undefined || webConfigFile !== null) return [];
  if (!mustAuthenticate({ httpLifecycle, httpHost })) return [];
  return [
    `${originOf('httpLifecycle')} is "true", and others reach ${httpHost}, where nobody is asked who comes; set ` +
      'UPE_WEB_CONFIG_FILE to a file with basic_auth_users or with required client certificates, or ' +
      'UPE_HTTP_HOST to a loopback address.',
  ];
}
