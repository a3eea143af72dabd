import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { WORKER_LEVELS, WORKER_TOTALS } from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import { createEngineMemory } from '../../src/engine/engine-memory.js';
import { MainRx } from '../../src/engine/main-rx.js';
import { EnvironmentError } from '../../src/errors.js';
import {
  CONTROL_DOORBELL,
  CONTROL_STATE,
  controlOf,
  STATE_RUNNING,
} from '../../src/memory/control-layout.js';
import { Doorbell } from '../../src/memory/doorbell.js';
import { createLinks, Links } from '../../src/memory/link-layout.js';
import { PacketPool } from '../../src/memory/packet-pool.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import { Aggregator } from '../../src/stats/aggregator.js';
import { RingTransmitter } from '../../src/tx/ring-transmitter.js';
import { TransmitCounters } from '../../src/tx/transmit-counters.js';
import { ipv4, udp } from '../fixtures/frames.js';
import { RawSocketPackageStandIn } from '../support/raw-socket-stand-in.js';

const INTERFACES = ['eth0', 'eth1'];
const WORKER = 1;
const CLOCK = { nowMs: () => performance.now(), unixMs: () => Date.now() };
const PACKET = Uint8Array.from(ipv4({ dst: '10.0.0.2', payload: udp({ dstPort: 53 }) }).bytes);
/** An outcome slot that the worker counts its packets in. */
const SLOT_PACKETS_CELL = 0;

/** Main as the receiver, and one worker that the test plays, with the counters read by an aggregator. */
class MainRxBench {
  readonly sockets = new RawSocketPackageStandIn(INTERFACES);
  readonly warnings: string[] = [];
  readonly memory = createEngineMemory({
    workerCount: 1,
    ringSlots: 64,
    poolBuffers: 256,
    bufferBytes: 2048,
    ruleCapacity: 4,
    interfaceCount: INTERFACES.length,
    rxSends: true,
    captures: false,
    hugePages: false,
    samples: false,
  });
  readonly aggregator = new Aggregator({ ...this.memory, interfaces: INTERFACES }, CLOCK);
  readonly rx: MainRx;
  private readonly pool = new PacketPool(this.memory.pool);
  private readonly cache = this.pool.cacheOf(WORKER);
  private readonly ring = new RingConsumer(this.memory.rings[0]);
  private readonly control = controlOf(this.memory.control, WORKER);
  private readonly banks = new CounterBanks(this.memory.workerCounters[0], this.control);
  private readonly transmitter: RingTransmitter;
  private orders = 0;

  constructor() {
    const linksBuffer = createLinks(INTERFACES.length);
    INTERFACES.forEach((_, i) => {
      new Links(linksBuffer).set(i, 10 + i, true);
    });
    this.rx = new MainRx(
      { interfaces: INTERFACES, idle: 'park', cpu: null },
      {
        memory: this.memory,
        links: linksBuffer,
        loadSockets: () => this.sockets,
        onWarning: (message) => this.warnings.push(message),
        whileLocked: (holder) => this.pool.repairAfter(holder),
      },
    );
    this.transmitter = new RingTransmitter({
      pool: this.pool,
      cache: this.cache,
      ring: new RingProducer(this.memory.transmitRings[0]),
      doorbell: new Doorbell(controlOf(this.memory.control, 0), CONTROL_DOORBELL),
      counters: new TransmitCounters(this.banks, WORKER_TOTALS.firstTransmit),
      banks: this.banks,
      queue: this.pool.sendQueueOf(WORKER),
    });
    Atomics.store(this.control, CONTROL_STATE, STATE_RUNNING);
  }

  /** The worker dies with the lock of the pool's list in hand. */
  dieWithLock(): void {
    Atomics.store(new Int32Array(this.memory.pool.state), this.pool.layout.lockWord, 1 + WORKER);
  }

  /** So many packets come to an interface. */
  receive(count: number): void {
    const socket = this.sockets.find(17, 1);
    for (let i = 0; i < count; i++) socket.receive(PACKET, '10.0.0.1');
  }

  /** The worker takes all that is in its ring, and forwards it. Returns how many packets that were. */
  work(): number {
    const hand = new Int32Array(32);
    let all = 0;
    for (;;) {
      const count = this.ring.pop(hand, hand.length);
      if (count === 0) return all;
      for (let i = 0; i < count; i++) {
        this.banks.cells[this.banks.slots + SLOT_PACKETS_CELL] += 1;
        this.orders += 1;
        this.transmitter.queue(hand[i], 1);
      }
      this.transmitter.flush();
      this.cache.freeHand(hand, count);
      all += count;
    }
  }

  /** The worker answers a request for its counters. */
  answer(): void {
    if (!this.banks.isRequested()) return;
    this.setLevels();
    this.banks.publish();
  }

  end(): void {
    this.setLevels();
    this.banks.close();
  }

  get sentCount(): number {
    return this.sockets.find(255, 1, 1).sent.length;
  }

  private setLevels(): void {
    this.banks.setLevel(WORKER_LEVELS.readCursor, this.ring.cursor);
    this.banks.setLevel(WORKER_LEVELS.poolTaken, this.cache.taken);
    this.banks.setLevel(WORKER_LEVELS.poolReturned, this.cache.returned);
    this.banks.setLevel(WORKER_LEVELS.poolCached, this.cache.count);
    this.banks.setLevel(WORKER_LEVELS.transmitOrders, this.orders);
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  const endMs = performance.now() + 5000;
  while (!isTrue() && performance.now() < endMs) await sleep(1);
}

t.test('what comes is dealt out, and what workers hand over is sent, without anybody waiting', async (t) => {
  const bench = new MainRxBench();
  await bench.rx.ready();
  bench.receive(100);
  await sleep(5);
  // More than the ring holds is dropped: main cannot wait.
  t.equal(bench.work(), 64);
  await until(() => bench.sentCount === 64);
  t.equal(bench.sentCount, 64);
  t.match(bench.warnings, [/^raw-socket reads at the IP layer/]);
  await bench.rx.join();
  bench.end();
  bench.rx.finish();
  await bench.aggregator.pass(1);
  const { totals } = bench.aggregator;
  t.strictSame(totals.identity.violations, []);
  t.equal(totals.received, 100);
  t.equal(totals.interfaces[0].dropped[1], 36);
  t.equal(totals.interfaces[1].sentPackets, 64);
  t.equal(new PacketPool(bench.memory.pool).audit().heldCount, 0);
});

t.test('an idle main is woken by whoever asks for its counters', async (t) => {
  const bench = new MainRxBench();
  await bench.rx.ready();
  await sleep(50);
  const beganMs = performance.now();
  const passed = bench.aggregator.pass(1);
  bench.answer();
  t.equal(await passed, true);
  t.ok(performance.now() - beganMs < 50, 'long before it would look by itself');
  bench.end();
  await bench.rx.join();
  bench.rx.finish();
});

t.test('an idle main is woken by a worker that has something to be sent', async (t) => {
  const bench = new MainRxBench();
  await bench.rx.ready();
  bench.receive(1);
  await sleep(100);
  bench.work();
  const beganMs = performance.now();
  await until(() => bench.sentCount === 1);
  t.ok(performance.now() - beganMs < 50, 'long before it would look by itself');
  bench.end();
  await bench.rx.join();
  bench.rx.finish();
});

t.test('the identity holds when main has sent what a worker queued after its publication', async (t) => {
  const bench = new MainRxBench();
  await bench.rx.ready();
  for (let round = 0; round < 20; round++) {
    bench.receive(10);
    await sleep(1);
    bench.work();
    const passed = bench.aggregator.pass(1);
    bench.answer();
    // Between the worker's answer and main's: ten more come, are judged, and are sent.
    bench.receive(32);
    bench.work();
    await until(() => bench.sentCount === (round + 1) * 42);
    await passed;
    t.strictSame(bench.aggregator.totals.identity.violations, []);
  }
  bench.end();
  await bench.rx.join();
  bench.rx.finish();
  await bench.aggregator.pass(1);
  const { totals } = bench.aggregator;
  t.strictSame(totals.identity.violations, []);
  t.equal(totals.interfaces[1].sentPackets, 20 * 42);
  t.equal(totals.transmitOrders, 20 * 42);
});

t.test('at the end it sends what still waits', async (t) => {
  const bench = new MainRxBench();
  await bench.rx.ready();
  bench.receive(40);
  await bench.rx.join();
  t.ok(bench.sockets.sockets.filter(({ protocol }) => protocol !== 255).every(({ isClosed }) => isClosed));
  bench.work();
  bench.end();
  bench.rx.finish();
  bench.rx.finish();
  t.equal(bench.sentCount, 40);
  await bench.aggregator.pass(1);
  t.strictSame(bench.aggregator.totals.identity.violations, []);
  t.equal(new PacketPool(bench.memory.pool).audit().heldCount, 0);
});

t.test('a start that fails leaves nothing open', async (t) => {
  const bench = new MainRxBench();
  bench.sockets.refusals.set(2, 'Operation not permitted');
  await t.rejects(bench.rx.ready(), EnvironmentError);
  t.equal(await bench.rx.join(), true);
  bench.rx.finish();
  t.ok(bench.sockets.sockets.length > 0);
  t.ok(bench.sockets.sockets.every(({ isClosed }) => isClosed));
});

t.test('main does not wait for the lock of a worker that is dead', async (t) => {
  const bench = new MainRxBench();
  await bench.rx.ready();
  bench.dieWithLock();
  bench.receive(40);
  await sleep(5);
  t.equal(bench.work(), 40);
  bench.end();
  await bench.rx.join();
  bench.rx.finish();
  await bench.aggregator.pass(1);
  t.strictSame(bench.aggregator.totals.identity.violations, []);
  t.equal(new PacketPool(bench.memory.pool).audit().heldCount, 0);
});
