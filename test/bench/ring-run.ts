import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { allowDeepInlining } from '../../src/engine/v8-flags.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { createRing, RingLayout, type RingMemory } from '../../src/ring/ring-layout.js';
import { RingProducer } from '../../src/ring/ring-producer.js';

/** `ring-run.js SECONDS`: how many indexes two threads pass each other, in bursts of 32. */
interface RingThreadData {
  readonly role: 'producer' | 'consumer';
  readonly ring: RingMemory;
  readonly stop: SharedArrayBuffer;
}

const BURST = 32;
const SLOTS = 1024;
const WARM_UP_MS = 300;

async function measure(seconds: number): Promise<void> {
  const ring = createRing(SLOTS);
  const stop = new SharedArrayBuffer(4);
  const threads = (['consumer', 'producer'] as const).map(
    (role) =>
      new Worker(new URL(import.meta.url), { workerData: { role, ring, stop } satisfies RingThreadData }),
  );
  const words = new Int32Array(ring.buffer);
  const cursorWord = new RingLayout(SLOTS).readCursorWord;
  await sleep(WARM_UP_MS);
  let cursor = Atomics.load(words, cursorWord);
  let passed = 0;
  const beganMs = performance.now();
  while (performance.now() - beganMs < seconds * 1000) {
    // Often enough that the cursor cannot wrap in between.
    await sleep(20);
    const now = Atomics.load(words, cursorWord);
    passed += (now - cursor) | 0;
    cursor = now;
  }
  const elapsed = (performance.now() - beganMs) / 1000;
  const ended = threads.map((thread) => once(thread, 'exit'));
  Atomics.store(new Int32Array(stop), 0, 1);
  await Promise.all(ended);
  process.stdout.write(`${JSON.stringify({ millions: passed / elapsed / 1e6 })}\n`);
}

function pass({ role, ring, stop }: RingThreadData): void {
  const flag = new Int32Array(stop);
  const indexes = Int32Array.from({ length: BURST }, (_, i) => i);
  if (role === 'producer') {
    const producer = new RingProducer(ring);
    while (Atomics.load(flag, 0) === 0) producer.push(indexes, 0, BURST);
  } else {
    const consumer = new RingConsumer(ring);
    while (Atomics.load(flag, 0) === 0) consumer.pop(indexes, BURST);
  }
}

allowDeepInlining();
if (isMainThread) await measure(Number(process.argv[2]));
else pass(workerData as RingThreadData);
