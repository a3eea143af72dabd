import { errnoName, lastErrno, libc } from './libc.js';

/** Bytes of a cpu_set_t (sched.h): 1024 processors. */
const MASK_BYTES = 128;

/**
 * Lets the calling thread run on one processor only.
 *
 * @param cpu number of the processor, from 0 to 1023.
 * @returns `null`, or why it could not be done: the error's name.
 */
export function pinThread(cpu: number): string | null {
  const mask = new Uint8Array(MASK_BYTES);
  mask[cpu >> 3] = 1 << (cpu & 7);
  // 0 is the calling thread, not the process.
  return libc().sched_setaffinity(0, MASK_BYTES, mask) < 0 ? errnoName(lastErrno()) : null;
}
