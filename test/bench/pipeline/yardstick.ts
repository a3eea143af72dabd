import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const SOURCE = resolve(process.cwd(), '../shared/yardstick/pipeline.c');
/** As the source says; GCC takes the same options as Clang. */
const OPTIONS = ['-O3', '-std=gnu11', '-pthread'];

/** A C yardstick that can be run. */
export interface Yardstick {
  readonly path: string;
  /** Removes the program; may be called twice. */
  dispose(): void;
}

/**
 * Compiles the shared C yardstick.
 *
 * @returns `null` where it is not there, or nothing compiles it; standard error says so then.
 */
export function compileYardstick(): Yardstick | null {
  if (!existsSync(SOURCE)) return withoutYardstick(`${SOURCE} is not there`);
  const folder = mkdtempSync(join(tmpdir(), 'upe-yardstick-'));
  const path = join(folder, 'pipeline');
  const dispose = () => rmSync(folder, { recursive: true, force: true });
  try {
    execFileSync('cc', [...OPTIONS, '-o', path, SOURCE], { stdio: ['ignore', 'ignore', 'inherit'] });
    return { path, dispose };
  } catch (error) {
    dispose();
    return withoutYardstick(`cc has not compiled it: ${error instanceof Error ? error.message : error}`);
  }
}

function withoutYardstick(reason: string): null {
  process.stderr.write(`bench: pipeline: without the C yardstick: ${reason}\n`);
  return null;
}
