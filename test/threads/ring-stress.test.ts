import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';
import { createRing, ringUsedSlots } from '../../src/ring/ring-layout.js';
import type { StressData, StressReport } from './stress-layout.js';

const PACKETS = 10_000_000;

function start(data: StressData): Worker {
  return new Worker(new URL('./stress-thread.js', import.meta.url), { workerData: data });
}

t.test('ten million numbered packets cross two threads: none lost, doubled or out of order', async (t) => {
  // More ring than pool, so that both run dry and full in turn.
  const pool = createPool({ bufferCount: 900, bufferBytes: 64, threadCount: 2, handBuffers: 32 });
  const ring = createRing(1024);
  const consumer = start({ role: 'consumer', pool, ring, packets: PACKETS });
  const producer = start({ role: 'producer', pool, ring, packets: PACKETS });
  const report = once(consumer, 'message').then(([message]) => message as StressReport);
  await Promise.all([once(producer, 'exit'), once(consumer, 'exit')]);
  t.same(await report, { received: PACKETS, firstWrong: -1 });
  t.equal(ringUsedSlots(ring), 0);
  t.same(new PacketPool(pool).audit(), { heldCount: 0 }, 'every buffer is free exactly once');
});
