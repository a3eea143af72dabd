import { spawnSync } from 'node:child_process';

/**
 * Those of the programs that are not installed, for the reason of a skipped test.
 *
 * @param programs names, or paths where they are in no folder of the `PATH`.
 */
export function missingPrograms(programs: readonly string[]): string[] {
  return programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
}
