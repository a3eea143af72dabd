/**
 * How a thread that has nothing to do sleeps, and how others wake it.
 *
 * The owner parks in two steps, so that no wake-up is lost: it `announce`s, looks once more whether
 * there is work, and only then `sleep`s. Whoever makes work for it publishes the work first and
 * `ring`s afterwards. Both sides use sequentially consistent operations, so either the owner's second
 * look sees the work, or the ringer sees the announcement (Dekker's argument).
 *
 * The word is the one exception to one writer a word: the owner sets it, the ringer clears it.
 */
const AWAKE = 0;
const PARKED = 1;

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

  /** Owner: found work after all. */
  withdraw(): void {
    Atomics.store(this.words, this.word, AWAKE);
  }

  /** Owner: sleeps until rung, or for `timeoutMs` milliseconds. */
  sleep(timeoutMs: number): void {
    Atomics.wait(this.words, this.word, PARKED, timeoutMs);
    Atomics.store(this.words, this.word, AWAKE);
  }

  /** Anybody: wakes the owner if it sleeps; one load when it does not, which is all the hot path pays. */
  ring(): void {
    if (Atomics.load(this.words, this.word) === PARKED) this.wake();
  }

  private wake(): void {
    if (Atomics.compareExchange(this.words, this.word, PARKED, AWAKE) === PARKED) {
      Atomics.notify(this.words, this.word, 1);
    }
  }
}
