import { workerData } from 'node:worker_threads';
import { Doorbell } from '../../src/memory/doorbell.js';
import { CACHE_LINE_WORDS } from '../../src/memory/layout.js';

/** Words that the doorbell test and its sleeper share, each on cache lines of its own. */
export const WORD_DOORBELL = 0;
/** Rounds of work that there are, rounds done, and how often the thread slept. */
export const WORD_WORK = CACHE_LINE_WORDS;
export const WORD_DONE = 2 * CACHE_LINE_WORDS;
export const WORD_SLEEPS = WORD_DONE + 1;
export const SHARED_WORDS = 3 * CACHE_LINE_WORDS;
/** Longer than the test waits: a lost wake-up cannot pass for a slow one. */
const SLEEP_MS = 60_000;
/** How long the thread dallies after each round. */
export const DALLY_SPINS = 2000;

export interface SleeperData {
  readonly words: Int32Array;
  readonly rounds: number;
}

/** Sleeps until there is work, again and again: announce, look once more, sleep. */
function run({ words, rounds }: SleeperData): void {
  const doorbell = new Doorbell(words, WORD_DOORBELL);
  for (let done = 0; done < rounds; ) {
    if (Atomics.load(words, WORD_WORK) === done) {
      doorbell.announce();
      if (Atomics.load(words, WORD_WORK) === done) {
        words[WORD_SLEEPS]++;
        doorbell.sleep(SLEEP_MS);
      } else doorbell.withdraw();
    }
    if (Atomics.load(words, WORD_WORK) === done) continue;
    done++;
    Atomics.store(words, WORD_DONE, done);
    Atomics.notify(words, WORD_DONE);
    // Gives the test time to see it, so that the next ring can also come before the announcement.
    for (let spin = 0; spin < DALLY_SPINS; spin++) Atomics.load(words, WORD_DONE);
  }
}

// The test imports this module for its words; only the thread has been given any.
if (workerData !== null) run(workerData as SleeperData);
