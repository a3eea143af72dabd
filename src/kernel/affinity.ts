import { errnoName, lastErrno, libc } from './libc.js';

/** Bytes of a cpu_set_t (sched.h): 1024 processors. */
const MASK_BYTES = 128;

/**
 * Lets the calling thread run on one processor only.
 *
 * @param thread its name, for the warning.
 * @param cpu number of the processor, from 0 to 1023; `null` where any will do.
 * @returns `null`, or a warning: it could not be done, and the thread runs where the kernel puts it.
 */
export function pinThread(thread: string, cpu: number | null): string | null {
  if (cpu === null) return null;
  const mask = new Uint8Array(MASK_BYTES);
  mask[cpu >> 3] = 1 << (cpu & 7);
  // 0 is the calling thread, not the process.
  if (libc().sched_setaffinity(0, MASK_BYTES, mask) === 0) return null;
  return `${thread} cannot run on processor ${cpu} (${errnoName(lastErrno())}), and runs where the kernel puts it`;
}
