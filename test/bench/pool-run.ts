import { allowDeepInlining } from '../../src/engine/v8-flags.js';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';

/** `pool-run.js SECONDS`: nanoseconds for taking a buffer and giving it back, 32 at a time. */
const BURST = 32;
const BUFFERS = 4096;
const ROUNDS = 10_000;

allowDeepInlining();
const seconds = Number(process.argv[2]);
const pool = new PacketPool(
  createPool({ bufferCount: BUFFERS, bufferBytes: 2048, threadCount: 2, handBuffers: BURST }),
);
// One side only takes and the other only gives, as rx and worker do: the return ring is on the way.
const rx = pool.cacheOf(0);
const worker = pool.cacheOf(1);
const hand = pool.handOf(0);

function round(): void {
  rx.stock(BURST);
  for (let i = 0; i < BURST; i++) hand[i] = rx.alloc();
  worker.freeHand(hand, BURST);
}

for (let i = 0; i < ROUNDS; i++) round();
let rounds = 0;
const beganMs = performance.now();
while (performance.now() - beganMs < seconds * 1000) {
  for (let i = 0; i < ROUNDS; i++) round();
  rounds += ROUNDS;
}
const ns = ((performance.now() - beganMs) * 1e6) / (rounds * BURST);
if (pool.audit().heldCount !== 0) throw new Error('a buffer is missing from the pool');
process.stdout.write(`${JSON.stringify({ ns })}\n`);
