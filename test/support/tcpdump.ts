import { spawnSync } from 'node:child_process';
import { missingPrograms } from './missing-programs.js';

const missing = missingPrograms(['tcpdump']);

/** Why tcpdump cannot be asked here, or `false`: for tap's `skip`. */
export const tcpdumpMissing = missing.length > 0 && `not installed: ${missing.join(', ')}`;

/** Packets of a file as tcpdump counts them, so that no line of output has to be interpreted; NaN where it cannot. */
export function tcpdumpCount(file: string): number {
  const { stdout, status } = spawnSync('tcpdump', ['--count', '-nr', file], { encoding: 'utf8' });
  return status === 0 ? Number(/^(\d+) packets?$/m.exec(stdout)?.[1] ?? Number.NaN) : Number.NaN;
}
