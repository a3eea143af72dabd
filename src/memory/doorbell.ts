import { signalWake } from '../kernel/wake-event.js';

/**
 * How a thread that has nothing to do sleeps, and how others wake it.
 *
 * The owner parks in two steps, so that no wake-up is lost: it `announce`s, looks once more whether
 * there is work, and only then `sleep`s. Whoever makes work for it publishes the work first and
 * `ring`s afterwards. Both sides use sequentially consistent operations, so either the owner's second
 * look sees the work, or the ringer sees the announcement (Dekker's argument).
 *
 * The word is the one exception to one writer a word: the owner sets it, the ringer clears it. In the word
 * behind it main notes, before the owner starts, the descriptor that wakes it out of poll(2), if it has one.
 */
const AWAKE = 0;
/** In `sleep`. */
export const PARKED = 1;
/** In poll(2), where `Atomics.notify` does not reach. */
const POLLING = 2;

export class Doorbell {
  /**
   * @param words shared words.
   * @param word index of the doorbell in them, on a cache line that nothing busy shares.
   */
  constructor(
    private readonly words: Int32Array,
    private readonly word: number,
  ) {}

  /** Owner: about to sleep. Look for work once more after this. */
  announce(): void {
    Atomics.store(this.words, this.word, PARKED);
  }

  /** Main, before the owner starts: what wakes it out of poll(2), of kernel/wake-event.ts. */
  setWakeDescriptor(fd: number): void {
    Atomics.store(this.words, this.word + 1, fd);
  }

  /** Owner: about to wait in poll(2) for its wake descriptor among others. Look once more after this. */
  announcePoll(): void {
    Atomics.store(this.words, this.word, POLLING);
  }

  /** Owner: found work after all, or is back from poll(2). */
  withdraw(): void {
    Atomics.store(this.words, this.word, AWAKE);
  }

  /** Anybody: whether the owner is about to wait in poll(2), or does. It may have come back since. */
  isPolling(): boolean {
    return Atomics.load(this.words, this.word) === POLLING;
  }

  /** Owner: sleeps until rung, or for `timeoutMs` milliseconds. */
  sleep(timeoutMs: number): void {
    Atomics.wait(this.words, this.word, PARKED, timeoutMs);
    Atomics.store(this.words, this.word, AWAKE);
  }

  /** Anybody: wakes the owner if it sleeps; one load when it does not, which is all the hot path pays. */
  ring(): void {
    const state = Atomics.load(this.words, this.word);
    if (state !== AWAKE) this.wake(state);
  }

  private wake(state: number): void {
    if (Atomics.compareExchange(this.words, this.word, state, AWAKE) !== state) return;
    if (state === POLLING) signalWake(this.words[this.word + 1]);
    else Atomics.notify(this.words, this.word, 1);
  }
}
