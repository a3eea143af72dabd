import { existsSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** The kernel's number of the thread that asks: proc(5), /proc/thread-self. */
export function threadId(): number {
  return Number(basename(readlinkSync('/proc/thread-self')));
}

/** Whether a thread of this process still exists. */
export function hasThread(id: number): boolean {
  return existsSync(`/proc/self/task/${id}`);
}
