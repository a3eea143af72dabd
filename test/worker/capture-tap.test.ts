import t from 'tap';
import {
  CAPTURES_MAX,
  captureTapMemory,
  createCaptureMemory,
  RECORD_HEADER_WORDS,
} from '../../src/memory/capture-layout.js';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';
import { LINK_ETHERNET, LINK_LINUX_SLL2 } from '../../src/protocol/link-type.js';
import { CaptureOrders } from '../../src/stats/capture/capture-orders.js';
import { CaptureReader } from '../../src/stats/capture/capture-reader.js';
import { CaptureTap } from '../../src/worker/capture-tap.js';
import { Random } from '../protocol/random.js';
import { DNS, HTTP, TELNET, WorkerBench } from './worker-bench.js';

const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const RING_WORDS = 256;
const BUFFER_BYTES = 512;

/** A tap, what orders from it and what reads from it, on one thread. */
class Bench {
  readonly memory = createCaptureMemory(1, RING_WORDS);
  readonly pool = new PacketPool(
    createPool({ bufferCount: 64, bufferBytes: BUFFER_BYTES, threadCount: 1, handBuffers: 32 }),
  );
  readonly orders = new CaptureOrders(this.memory.orders);
  readonly reader = new CaptureReader(this.memory.rings[0], RING_WORDS);
  tap = this.successor();

  successor(): CaptureTap {
    return new CaptureTap(captureTapMemory(this.memory, 0), this.pool);
  }

  /** Puts a frame into buffer 0. */
  fill(bytes: number, seed: number, linkType = LINK_ETHERNET, interfaceIndex = 0): Buffer {
    const frame = Buffer.from(Array.from({ length: bytes }, (_, i) => (seed * 31 + i * 7) & 0xff));
    this.pool.bytes.set(frame, this.pool.frameByteOffset(0));
    this.pool.describe(0, bytes, bytes + 1, linkType, interfaceIndex, seed, 0);
    return frame;
  }

  read() {
    const found: { number: number; slot: number; generation: number; frame: Buffer; fields: number[] }[] = [];
    this.reader.drain(({ number, slot, generation, frame, frameBytes, ...own }) => {
      const fields = [own.wireBytes, own.linkType, own.interfaceIndex, own.rxUs];
      found.push({ number, slot, generation, frame: Buffer.from(frame.subarray(0, frameBytes)), fields });
    });
    return found;
  }
}

t.comment(`TEST_SEED=${SEED}`);

t.test('nothing is captured before it is ordered, nor after', async (t) => {
  const bench = new Bench();
  t.equal(bench.tap.isOn(), false);
  const order = bench.orders.give(1, 20, 100);
  t.equal(bench.tap.isOn(), true);
  bench.fill(60, 1);
  bench.tap.offer(0, 21, 1);
  bench.tap.offer(0, 20, 7);
  bench.orders.withdraw(order);
  bench.tap.offer(0, 20, 7);
  t.equal(bench.tap.isOn(), false, 'seen at the next burst');
  bench.tap.offer(0, 20, 7);
  t.strictSame(
    bench.read().map(({ number, slot, generation }) => [number, slot, generation]),
    [
      [1, 20, 7],
      [1, 20, 7],
    ],
  );
});

t.test('records go round the end of the ring and are what was offered', async (t) => {
  const random = new Random(SEED);
  const bench = new Bench();
  bench.orders.give(5, 30, 300);
  let captured = 0;
  for (let round = 0; round < 5000; round++) {
    bench.tap.isOn();
    const expected = [];
    for (let packets = random.below(4); packets > 0; packets--) {
      const bytes = random.below(BUFFER_BYTES + 1);
      const seed = random.below(1 << 30);
      const linkType = random.below(2) === 0 ? LINK_ETHERNET : LINK_LINUX_SLL2;
      const frame = bench.fill(bytes, seed, linkType, packets);
      const before = bench.reader.missed(0);
      bench.tap.offer(0, 30, round);
      if (bench.reader.missed(0) !== before) continue;
      const fields = [bytes + 1, linkType, packets, seed];
      expected.push({ number: 5, slot: 30, generation: round, frame: frame.subarray(0, 300), fields });
    }
    const found = bench.read();
    captured += found.length;
    if (JSON.stringify(found) !== JSON.stringify(expected)) t.strictSame(found, expected, `round ${round}`);
    if (random.below(50) === 0) bench.tap = bench.successor();
  }
  t.ok(captured > 5000, `${captured} captured, ${bench.reader.missed(0)} without room`);
});

t.test('what finds no room is missed, by order, and the ring stays whole', async (t) => {
  const bench = new Bench();
  bench.orders.give(1, 20, 64);
  bench.orders.give(2, 21, 64);
  bench.tap.isOn();
  bench.fill(64, 3);
  const room = Math.floor(RING_WORDS / (RECORD_HEADER_WORDS + 16));
  for (let i = 0; i < room + 3; i++) bench.tap.offer(0, 20, 1);
  for (let i = 0; i < 2; i++) bench.tap.offer(0, 21, 1);
  t.equal(bench.reader.missed(0), 3);
  t.equal(bench.reader.missed(1), 2);
  t.equal(bench.read().length, room);
  bench.tap.offer(0, 21, 1);
  t.strictSame(
    bench.read().map(({ number }) => number),
    [2],
  );
});

t.test('as many orders as there can be, and each number once', async (t) => {
  const bench = new Bench();
  for (let i = 0; i < CAPTURES_MAX; i++) t.equal(bench.orders.give(i, 20 + i, 10), i);
  t.equal(bench.orders.give(9, 40, 10), -1);
  bench.orders.withdraw(1);
  t.equal(bench.orders.give(9, 40, 10), 1);
  t.equal(bench.orders.nextNumber(), 1);
  const successor = new CaptureOrders(bench.memory.orders);
  bench.tap.isOn();
  t.equal(bench.tap.isOn(), false, 'a successor withdraws what it has not given');
  t.equal(successor.nextNumber(), 2);
});

t.test('a worker captures the packets of the rule, and counts them all the same', async (t) => {
  const bench = new WorkerBench();
  const orders = new CaptureOrders(bench.captures.orders);
  const reader = new CaptureReader(bench.captures.rings[0], bench.captures.ringWords);
  const slot = bench.slotOf('dns');
  orders.give(1, slot, 1000);
  bench.send(DNS, TELNET, DNS, HTTP);
  while (bench.loop.runHand() > 0);
  const frames: Buffer[] = [];
  reader.drain(({ frame, frameBytes }) => frames.push(Buffer.from(frame.subarray(0, frameBytes))));
  t.strictSame(frames, [Buffer.from(DNS), Buffer.from(DNS)]);
  for (let i = 0; i < 20; i++) {
    bench.send(DNS);
    while (bench.loop.runHand() > 0);
  }
  t.equal(bench.published().slot(slot)[0], 22, 'more than the ring has room for');
  t.ok(reader.missed(0) > 0);
});
