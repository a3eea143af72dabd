import { libc } from './libc.js';
import { takeSocketError } from './packet-socket.js';

/** asm-generic/poll.h. */
const POLLIN = 0x0001;
const POLLERR = 0x0008;
/** struct pollfd (poll.h): descriptor, then events and returned events of 16 bits each. */
const ENTRY_WORDS = 2;

/** Waits for several sockets at once: poll(2). */
export class Poller {
  private readonly entries: Int32Array;
  private readonly fds: readonly number[];

  constructor(fds: readonly number[]) {
    this.fds = fds;
    this.entries = new Int32Array(fds.length * ENTRY_WORDS);
    fds.forEach((fd, i) => {
      this.entries[i * ENTRY_WORDS] = fd;
    });
  }

  /**
   * Blocks until one of the sockets has something to read.
   *
   * @param timeoutMs milliseconds, a whole number from 0.
   * @returns false when there was nothing but errors (an interface that went down), which are taken, or
   *   nothing at all.
   */
  wait(timeoutMs: number): boolean {
    const { entries, fds } = this;
    for (let i = 0; i < fds.length; i++) entries[i * ENTRY_WORDS + 1] = POLLIN;
    if (libc().poll(entries, fds.length, timeoutMs) <= 0) return false;
    let isReadable = false;
    for (let i = 0; i < fds.length; i++) {
      const returned = entries[i * ENTRY_WORDS + 1] >>> 16;
      if ((returned & POLLERR) !== 0) takeSocketError(fds[i]);
      if ((returned & POLLIN) !== 0) isReadable = true;
    }
    return isReadable;
  }
}
