import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writeCapture } from './engine-fixture.js';
import { type Ended, eventually, startProgram, type TestScope, UPE_MAIN } from './upe-process.js';

/** Packets of the capture that an interrupted replay has been given: at least one of them is read. */
export const INTERRUPTED_PACKETS = 2000;

/**
 * A replay of standard input that has read part of a capture, and waits for more, when SIGINT comes.
 *
 * @param folder for the capture and the pipe.
 * @param args of `upe replay -`.
 */
export async function interruptedReplay(
  t: TestScope,
  folder: string,
  args: readonly string[],
): Promise<Ended> {
  const fifo = join(folder, 'endless.pcap');
  execFileSync('mkfifo', [fifo]);
  // Opened for both directions, a FIFO waits for nobody, and has a writer for as long as the test lasts.
  const pipe = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  t.teardown(() => closeSync(pipe));
  const script = 'fifo=$1; shift; exec "$@" < "$fifo"';
  const command = [process.execPath, UPE_MAIN, 'replay', '-', ...args];
  const program = startProgram(t, 'sh', ['-c', script, 'sh', fifo, ...command]);
  // More than the pipe itself holds (64 KiB), so that all is written only when part of it has been read.
  let left = readFileSync(writeCapture(folder, INTERRUPTED_PACKETS));
  await eventually('reader of the pipe', () => {
    left = left.subarray(writeSome(pipe, left));
    return left.length === 0;
  });
  program.signal('SIGINT');
  return program.ended;
}

/** Writes as much as a pipe takes at the moment. Returns bytes. */
function writeSome(pipe: number, bytes: Uint8Array): number {
  try {
    return writeSync(pipe, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    return 0;
  }
}
