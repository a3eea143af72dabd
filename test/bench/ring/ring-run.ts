import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { allowDeepInlining } from '../../../src/engine/v8-flags.js';
import { median } from '../measure.js';
import { createBurstRing, RING_KINDS } from './burst-ring.js';
import {
  CHECKED_VALUES,
  createTally,
  createTurns,
  PASSED_WORD,
  type RingThreadData,
  TURN_END,
  TURN_NOBODY,
  TURN_WORD,
  WRONG_WORD,
} from './ring-thread-layout.js';

/**
 * `ring-run.js SECONDS`: how many values two threads pass each other, in bursts of 32, through each kind of ring. Fails
 * when one of them comes out of its order.
 *
 * The kinds take turns of a few hundredths of a second: a host moves a virtual machine's processors near to each other
 * and far apart, every few seconds, and a ring's rate changes by three with that. Each kind has threads of its own, so
 * that V8 compiles their loop for it.
 */
const WARM_UP_TURNS = 10;
/** Until consumers have checked each of their first values, which is another loop: so many turns at most. */
const CHECK_TURNS_MAX = 500;
const TURN_MS = 40;
/** Until threads that slept run at their pace. */
const SETTLE_MS = 5;

const seconds = Number(process.argv[2]);
allowDeepInlining();
const turns = createTurns();
const kinds = RING_KINDS.map((kind, turn) => {
  const ring = createBurstRing(kind);
  const tally = createTally();
  const threads = (['consumer', 'producer'] as const).map((role) => {
    const workerData: RingThreadData = { role, ring, turn, tally: tally.buffer, turns: turns.buffer };
    return new Worker(new URL('./ring-thread.js', import.meta.url), { workerData });
  });
  const millions: number[] = [];
  return { kind, turn, tally, threads, millions };
});
await Promise.all(kinds.flatMap(({ threads }) => threads.map((thread) => once(thread, 'online'))));

for (const { kind, turn, tally } of kinds) {
  for (let taken = 0; taken < WARM_UP_TURNS || tally[PASSED_WORD] < CHECKED_VALUES; taken++) {
    if (taken === CHECK_TURNS_MAX) throw new Error(`${kind}: ${tally[PASSED_WORD]} values in ${taken} turns`);
    await takeTurn(turn, tally);
  }
}
for (let counted = 0; counted * TURN_MS < seconds * 1000; counted++) {
  for (const { turn, tally, millions } of kinds) millions.push(await takeTurn(turn, tally));
}
setTurn(TURN_END);
await Promise.all(kinds.flatMap(({ threads }) => threads.map((thread) => once(thread, 'exit'))));
for (const { kind, tally } of kinds) {
  if (tally[WRONG_WORD] !== 0) throw new Error(`${kind}: values came out of their order`);
}
const [own, peer] = kinds.map(({ millions }) => millions);
const ratio = median(own.map((rate, round) => rate / peer[round]));
process.stdout.write(`${JSON.stringify({ millions: median(own), ratio })}\n`);

/** @returns values per second, millions. */
async function takeTurn(turn: number, tally: Int32Array): Promise<number> {
  setTurn(turn);
  await sleep(SETTLE_MS);
  const beganMs = performance.now();
  const seen = Atomics.load(tally, PASSED_WORD);
  await sleep(TURN_MS);
  // Right modulo 2^32: fewer than 2^31 values pass in a turn.
  const passed = (Atomics.load(tally, PASSED_WORD) - seen) | 0;
  const elapsedMs = performance.now() - beganMs;
  setTurn(TURN_NOBODY);
  return passed / elapsedMs / 1000;
}

function setTurn(turn: number): void {
  Atomics.store(turns, TURN_WORD, turn);
  Atomics.notify(turns, TURN_WORD);
}
