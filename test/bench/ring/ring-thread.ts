import { workerData } from 'node:worker_threads';
import { pinThread } from '../../../src/kernel/affinity.js';
import { type PopSide, type PushSide, popSideOf, pushSideOf } from './burst-ring.js';
import { PASSED_WORD, type RingThreadData, STOP_WORD, WRONG_WORD } from './ring-thread-layout.js';

/**
 * One of the two threads of a ring run: the same loop whatever kind of ring it is.
 *
 * Of the first values each one is checked. After that only the ends of a burst are: looking at all of them
 * took the consumer half as long again as popping them, and would have been what is measured.
 *
 * Each thread has a processor of its own, where there are two: neither ever sleeps, and on one processor they
 * would wait for each other's time slice, as happened in one run of ten.
 */
const BURST = 32;
const CHECKED_VALUES = 10_000_000;
/**
 * The values that go through the ring, round and round. Not a divisor of what a ring holds, so that a value
 * which is a lap old is another one; a multiple of the burst, so that bursts stay whole.
 */
const LAP_VALUES = 47 * BURST;
/** One burst longer than a lap, so that what is expected of a burst lies in one piece. */
const VALUES = Int32Array.from({ length: LAP_VALUES + BURST }, (_, i) => i % LAP_VALUES);

const { role, ring, tally } = workerData as RingThreadData;
pinThread(role, role === 'producer' ? 0 : 1);
if (role === 'producer') produce(pushSideOf(ring), new Int32Array(tally));
else consume(popSideOf(ring), new Int32Array(tally));

function produce(side: PushSide, words: Int32Array): void {
  const values = VALUES;
  let from = 0;
  while (Atomics.load(words, STOP_WORD) === 0) {
    from += side.push(values, from, Math.min(BURST, LAP_VALUES - from));
    if (from === LAP_VALUES) from = 0;
  }
}

function consume(side: PopSide, words: Int32Array): void {
  const expected = VALUES;
  const burst = new Int32Array(BURST);
  let next = 0;
  let passed = 0;
  for (; passed < CHECKED_VALUES && Atomics.load(words, STOP_WORD) === 0; words[PASSED_WORD] = passed) {
    const popped = side.pop(burst, BURST);
    for (let i = 0; i < popped; i++) words[WRONG_WORD] |= burst[i] ^ expected[next + i];
    next = (next + popped) % LAP_VALUES;
    passed += popped;
  }
  while (Atomics.load(words, STOP_WORD) === 0) {
    const popped = side.pop(burst, BURST);
    if (popped === 0) continue;
    const last = popped - 1;
    if (burst[0] !== expected[next] || burst[last] !== expected[next + last]) words[WRONG_WORD] = 1;
    next += popped;
    if (next >= LAP_VALUES) next -= LAP_VALUES;
    passed = (passed + popped) | 0;
    words[PASSED_WORD] = passed;
  }
}
