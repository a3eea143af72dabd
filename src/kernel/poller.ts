import { libc } from './libc.js';
import { takeSocketError } from './packet-socket.js';
import { takeWake } from './wake-event.js';

/** asm-generic/poll.h. */
const POLLIN = 0x0001;
const POLLERR = 0x0008;
/** struct pollfd (poll.h): descriptor, then events and returned events of 16 bits each. */
const ENTRY_WORDS = 2;

/** Waits for several sockets at once, and for a wake-up: poll(2). */
export class Poller {
  private readonly entries: Int32Array;

  /** @param wakeFd of wake-event.ts. */
  constructor(
    private readonly sockets: readonly number[],
    private readonly wakeFd: number,
  ) {
    const fds = [...sockets, wakeFd];
    this.entries = new Int32Array(fds.length * ENTRY_WORDS);
    fds.forEach((fd, i) => {
      this.entries[i * ENTRY_WORDS] = fd;
    });
  }

  /**
   * Blocks until one of the sockets has something to read, or an error, which is taken; or until it is woken.
   *
   * @param timeoutMs milliseconds, a whole number from 0.
   * @returns whether there was an error: an interface went down, or is gone.
   */
  wait(timeoutMs: number): boolean {
    const { entries, sockets, wakeFd } = this;
    const count = sockets.length + 1;
    for (let i = 0; i < count; i++) entries[i * ENTRY_WORDS + 1] = POLLIN;
    if (libc().poll(entries, count, timeoutMs) <= 0) return false;
    let hasFailed = false;
    for (let i = 0; i < sockets.length; i++) {
      if ((this.returned(i) & POLLERR) === 0) continue;
      takeSocketError(sockets[i]);
      hasFailed = true;
    }
    if (this.returned(sockets.length) !== 0) takeWake(wakeFd);
    return hasFailed;
  }

  private returned(entry: number): number {
    return this.entries[entry * ENTRY_WORDS + 1] >>> 16;
  }
}
