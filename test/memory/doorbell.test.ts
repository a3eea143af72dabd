import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { Doorbell } from '../../src/memory/doorbell.js';
import {
  DALLY_SPINS,
  SHARED_WORDS,
  type SleeperData,
  WORD_DONE,
  WORD_DOORBELL,
  WORD_SLEEPS,
  WORD_WORK,
} from './doorbell-thread.js';

const ROUNDS = 2000;
/** A round takes microseconds; one that takes this long has lost its wake-up. */
const ROUND_MS_MAX = 10_000;
const LONG_MS = 10_000;
/** Longer than a thread takes to wake up on a machine that is not overloaded. */
const SPIN_MS = 5;
/** A prime, so that the delays of the rounds cover their range evenly. */
const DELAY_STEP = 37;

function create() {
  const words = new Int32Array(new SharedArrayBuffer(8));
  return { words, doorbell: new Doorbell(words, 1) };
}

/** Milliseconds that a call takes. */
function durationMs(call: () => void): number {
  const beganMs = performance.now();
  call();
  return performance.now() - beganMs;
}

t.test('a ring between announcement and sleep makes the sleep end at once', async (t) => {
  const { doorbell } = create();
  doorbell.announce();
  doorbell.ring();
  t.ok(durationMs(() => doorbell.sleep(LONG_MS)) < LONG_MS / 2);
});

t.test('a sleep that was not announced, or was withdrawn, ends at once', async (t) => {
  const { doorbell } = create();
  t.ok(durationMs(() => doorbell.sleep(LONG_MS)) < LONG_MS / 2);
  doorbell.announce();
  doorbell.withdraw();
  t.ok(durationMs(() => doorbell.sleep(LONG_MS)) < LONG_MS / 2);
});

t.test('a sleep that nobody ends takes its timeout, and leaves the owner awake', async (t) => {
  const { words, doorbell } = create();
  doorbell.announce();
  t.ok(durationMs(() => doorbell.sleep(20)) >= 19);
  t.same([...words], [0, 0]);
});

t.test('a ring is not kept for later: awake owners are not rung', async (t) => {
  const { words, doorbell } = create();
  doorbell.ring();
  t.same([...words], [0, 0]);
  doorbell.announce();
  t.ok(durationMs(() => doorbell.sleep(20)) >= 19, 'the ring before the announcement does not count');
});

t.test('only the word of the doorbell is touched', async (t) => {
  const words = new Int32Array(new SharedArrayBuffer(12)).fill(77);
  const doorbell = new Doorbell(words, 1);
  doorbell.announce();
  doorbell.ring();
  doorbell.withdraw();
  t.same([words[0], words[2]], [77, 77]);
});

/**
 * Waits until the thread has done so many rounds. Looks without sleeping at first: who sleeps comes back
 * so late that the thread is always asleep by then.
 */
function waitUntilDone(words: Int32Array, rounds: number): boolean {
  const endMs = performance.now() + SPIN_MS;
  while (performance.now() < endMs) if (Atomics.load(words, WORD_DONE) === rounds) return true;
  return Atomics.wait(words, WORD_DONE, rounds - 1, ROUND_MS_MAX) !== 'timed-out';
}

t.test(`no wake-up is lost in ${ROUNDS} rounds with a thread that sleeps between them`, async (t) => {
  const words = new Int32Array(new SharedArrayBuffer(SHARED_WORDS * Int32Array.BYTES_PER_ELEMENT));
  const data: SleeperData = { words, rounds: ROUNDS };
  const sleeper = new Worker(new URL('./doorbell-thread.js', import.meta.url), { workerData: data });
  t.teardown(() => sleeper.terminate());
  const exit = once(sleeper, 'exit');
  await once(sleeper, 'online');
  const doorbell = new Doorbell(words, WORD_DOORBELL);
  let lost = -1;
  for (let round = 0; round < ROUNDS && lost < 0; round++) {
    // From less than the thread dallies to more, so that the ring meets every step of its way to sleep.
    for (let spin = (round * DELAY_STEP) % (2 * DALLY_SPINS); spin > 0; spin--)
      Atomics.load(words, WORD_DONE);
    Atomics.store(words, WORD_WORK, round + 1);
    doorbell.ring();
    if (!waitUntilDone(words, round + 1)) lost = round;
  }
  t.equal(lost, -1, 'the round whose wake-up was lost');
  t.equal(words[WORD_DONE], ROUNDS);
  t.ok(words[WORD_SLEEPS] > ROUNDS / 10, `it slept ${words[WORD_SLEEPS]} times`);
  if (lost < 0) await exit;
});
