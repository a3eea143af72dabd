import { parentPort, workerData } from 'node:worker_threads';
import { PacketPool } from '../../src/memory/packet-pool.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import type { StressData, StressReport } from './stress-layout.js';

const BURST = 32;
const { role, pool: memory, ring, packets } = workerData as StressData;
const pool = new PacketPool(memory);
const hand = new Int32Array(BURST);

/** Numbers the frames from 0; bursts of changing size, so that every fill of ring and cache comes up. */
function produce(): void {
  const cache = pool.cacheOf(0);
  const producer = new RingProducer(ring);
  let sent = 0;
  while (sent < packets) {
    const wanted = Math.min(1 + (sent % BURST), packets - sent);
    let count = 0;
    for (; count < wanted; count++) {
      const index = cache.alloc();
      if (index < 0) break;
      pool.words[pool.frameByteOffset(index) >>> 2] = sent + count;
      hand[count] = index;
    }
    const pushed = producer.push(hand, 0, count);
    // What did not go in is given back, the last one first: the numbers are written anew next time.
    for (let i = pushed; i < count; i++) cache.free(hand[i]);
    sent += pushed;
  }
}

function consume(): StressReport {
  const cache = pool.cacheOf(1);
  const consumer = new RingConsumer(ring);
  let received = 0;
  let firstWrong = -1;
  while (received < packets) {
    const count = consumer.pop(hand, BURST);
    for (let i = 0; i < count; i++) {
      if (pool.words[pool.frameByteOffset(hand[i]) >>> 2] !== received && firstWrong < 0)
        firstWrong = received;
      received++;
    }
    cache.freeHand(hand, count);
  }
  return { received, firstWrong };
}

if (role === 'producer') produce();
else parentPort?.postMessage(consume());
