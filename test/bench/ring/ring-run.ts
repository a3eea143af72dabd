import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { allowDeepInlining } from '../../../src/engine/v8-flags.js';
import { createBurstRing, RING_KINDS } from './burst-ring.js';
import {
  createTally,
  PASSED_WORD,
  type RingThreadData,
  STOP_WORD,
  WRONG_WORD,
} from './ring-thread-layout.js';

/**
 * `ring-run.js SECONDS KIND`: how many values two threads pass each other, in bursts of 32, through a ring of
 * that kind. Fails when one of them comes out of its order.
 */
const WARM_UP_MS = 300;
/** Often enough that a count of 32 bits cannot wrap in between. */
const LOOK_MS = 20;

const seconds = Number(process.argv[2]);
const kind = RING_KINDS.find((known) => known === process.argv[3]);
if (kind === undefined) throw new Error(`no such ring: ${process.argv[3]}`);
allowDeepInlining();
const tally = createTally();
const ring = createBurstRing(kind);
const threads = (['consumer', 'producer'] as const).map((role) => {
  const workerData: RingThreadData = { role, ring, tally: tally.buffer };
  return new Worker(new URL('./ring-thread.js', import.meta.url), { workerData });
});
await sleep(WARM_UP_MS);
const millions = await rate();
const ended = threads.map((thread) => once(thread, 'exit'));
Atomics.store(tally, STOP_WORD, 1);
await Promise.all(ended);
if (tally[WRONG_WORD] !== 0) throw new Error(`${kind}: values came out of their order`);
process.stdout.write(`${JSON.stringify({ millions })}\n`);

/** @returns values per second, millions. */
async function rate(): Promise<number> {
  let seen = Atomics.load(tally, PASSED_WORD);
  let passed = 0;
  const beganMs = performance.now();
  while (performance.now() - beganMs < seconds * 1000) {
    await sleep(LOOK_MS);
    const now = Atomics.load(tally, PASSED_WORD);
    passed += (now - seen) | 0;
    seen = now;
  }
  return passed / (performance.now() - beganMs) / 1000;
}
