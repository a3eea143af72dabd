import type { Config, SettingName } from './schema.js';

/** The kernel takes no larger ring, and offsets in it are int32. */
const RING_BYTES_MAX = 2 ** 31 - 1;

/**
 * What does not fit together among the settings of live sources.
 *
 * @param config the settings that are good by themselves.
 * @param originOf how the user has given a setting: its variable or its flag.
 * @returns one sentence each.
 */
export function liveProblems(config: Partial<Config>, originOf: (name: SettingName) => string): string[] {
  const { source, promiscuous, rxBlockBytes, rxBlocks, user, group } = config;
  const problems: string[] = [];
  const bridge = config.bridge ?? null;
  const listed = config.interface ?? [];
  // A setting that is `undefined` was refused by itself: it was given, and nothing more is said of it.
  if (source === 'afpacket' && config.bridge === null && config.interface === null) {
    problems.push(
      `${originOf('source')} is "afpacket", but neither UPE_INTERFACE nor UPE_BRIDGE is set; ` +
        'set one of them, or give --interface or --bridge.',
    );
  }
  if (bridge !== null && source !== undefined && source !== 'afpacket') {
    problems.push(
      `${originOf('bridge')} is set, and only the afpacket source can bridge; set UPE_SOURCE to it.`,
    );
  }
  if (bridge !== null && bridge[0] === bridge[1]) {
    problems.push(`${originOf('bridge')} names ${bridge[0]} twice; a bridge has two interfaces.`);
  }
  if (bridge !== null && promiscuous === false) {
    problems.push(
      `${originOf('promiscuous')} is "false", and a bridge must receive what is not addressed to it; leave it out.`,
    );
  }
  for (const name of repeated([...(bridge === null ? [] : new Set(bridge)), ...listed])) {
    problems.push(`${originOf('interface')} names ${name}, which is named before; name each interface once.`);
  }
  if (rxBlockBytes !== undefined && rxBlocks !== undefined && rxBlockBytes * rxBlocks > RING_BYTES_MAX) {
    problems.push(
      `${originOf('rxBlocks')} is "${rxBlocks}", and as many blocks of ${rxBlockBytes} bytes are more than a ` +
        `ring can have (${RING_BYTES_MAX} bytes); give fewer or smaller ones.`,
    );
  }
  if (group !== null && group !== undefined && user === null) {
    problems.push(`${originOf('group')} is set without UPE_USER; set both.`);
  }
  return problems;
}

function repeated(names: readonly string[]): Set<string> {
  return new Set(names.filter((name, i) => names.indexOf(name) < i));
}
