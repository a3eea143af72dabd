import { readFileSync } from 'node:fs';

/** Open files that a start takes, and some more: modules are read many at a time. */
const OPEN_FILES_MIN = 256;

/** Even loading a module may fail of that, and Node.js may say that it is not there. */
export function isOutOfFiles(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EMFILE' || code === 'ENFILE') return true;
  // A thread that finds no file for its event loop has the reason in its text only.
  if (code === 'ERR_WORKER_INIT_FAILED') return /\bE[MN]FILE\b/.test(message);
  if (code !== 'ERR_MODULE_NOT_FOUND') return false;
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    return Number(limit?.[1]) < OPEN_FILES_MIN;
  } catch {
    // This cannot be opened either.
    return true;
  }
}

export function endOutOfFiles(): never {
  process.stderr.write('upe: too many open files: raise the limit (ulimit -n, LimitNOFILE= in a unit)\n');
  process.exit(1);
}
