import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** More than any configuration, key or bundle of certificates has. */
const BYTES_MAX = 1024 * 1024;

/**
 * Reads a file that must be small.
 *
 * @returns its content, or why there is none, worded to follow its name.
 */
export function readSmallFile(file: string): Uint8Array | string {
  let descriptor = -1;
  try {
    // Without O_NONBLOCK a named pipe would have to be opened by somebody else first.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(descriptor);
    if (stats.isDirectory()) return 'is a directory';
    if (!stats.isFile()) return 'is no plain file';
    if (stats.size > BYTES_MAX) return `is larger than ${BYTES_MAX} bytes`;
    return readFileSync(descriptor);
  } catch (error) {
    return reasonOf(error as NodeJS.ErrnoException);
  } finally {
    if (descriptor !== -1) closeSync(descriptor);
  }
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist';
  // A process that was started as root may have become somebody else since it read the file first.
  if (code === 'EACCES') return `may not be read by user ${process.getuid?.()}`;
  return `cannot be read (${message})`;
}
