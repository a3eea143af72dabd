import { workerData } from 'node:worker_threads';
import { pinThread } from '../../../src/kernel/affinity.js';
import { type PopSide, type PushSide, popSideOf, pushSideOf } from './burst-ring.js';
import {
  CHECKED_VALUES,
  PASSED_WORD,
  type RingThreadData,
  TURN_END,
  TURN_WORD,
  WRONG_WORD,
} from './ring-thread-layout.js';

/**
 * One of the two threads of a ring: the same loop whatever kind of ring it is. It runs when it is its ring's turn.
 *
 * Of the first values each one is checked. After that only the ends of a burst are: looking at all of them
 * took the consumer half as long again as popping them, and would have been what is measured.
 *
 * Each of the two has a processor of its own, where there are two: neither ever sleeps in its turn, and on one processor
 * they would wait for each other's time slice, as happened in one run of ten.
 */
const BURST = 32;
/**
 * The values that go through the ring, round and round. Not a divisor of what a ring holds, so that a value
 * which is a lap old is another one; a multiple of the burst, so that bursts stay whole.
 */
const LAP_VALUES = 47 * BURST;
/** One burst longer than a lap, so that what is expected of a burst lies in one piece. */
const VALUES = Int32Array.from({ length: LAP_VALUES + BURST }, (_, i) => i % LAP_VALUES);

const { role, ring, turn, tally, turns } = workerData as RingThreadData;
pinThread(role, role === 'producer' ? 0 : 1);
if (role === 'producer') produce(pushSideOf(ring), new Int32Array(turns));
else consume(popSideOf(ring), new Int32Array(turns), new Int32Array(tally));

/** Sleeps until it is this ring's turn. @returns false when there are no more turns. */
function awaitTurn(words: Int32Array): boolean {
  for (;;) {
    const now = Atomics.load(words, TURN_WORD);
    if (now === turn) return true;
    if (now === TURN_END) return false;
    Atomics.wait(words, TURN_WORD, now);
  }
}

function produce(side: PushSide, words: Int32Array): void {
  const values = VALUES;
  const own = turn;
  let from = 0;
  while (awaitTurn(words)) {
    while (Atomics.load(words, TURN_WORD) === own) {
      from += side.push(values, from, Math.min(BURST, LAP_VALUES - from));
      if (from === LAP_VALUES) from = 0;
    }
  }
}

function consume(side: PopSide, words: Int32Array, counts: Int32Array): void {
  const expected = VALUES;
  const burst = new Int32Array(BURST);
  const own = turn;
  let next = 0;
  let passed = 0;
  while (passed < CHECKED_VALUES && awaitTurn(words)) {
    while (passed < CHECKED_VALUES && Atomics.load(words, TURN_WORD) === own) {
      const popped = side.pop(burst, BURST);
      for (let i = 0; i < popped; i++) counts[WRONG_WORD] |= burst[i] ^ expected[next + i];
      next = (next + popped) % LAP_VALUES;
      passed += popped;
      counts[PASSED_WORD] = passed;
    }
  }
  while (awaitTurn(words)) {
    while (Atomics.load(words, TURN_WORD) === own) {
      const popped = side.pop(burst, BURST);
      if (popped === 0) continue;
      const last = popped - 1;
      if (burst[0] !== expected[next] || burst[last] !== expected[next + last]) counts[WRONG_WORD] = 1;
      next += popped;
      if (next >= LAP_VALUES) next -= LAP_VALUES;
      passed = (passed + popped) | 0;
      counts[PASSED_WORD] = passed;
    }
  }
}
