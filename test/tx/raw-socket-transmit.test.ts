import t from 'tap';
import {
  TRANSMIT_FAILURES,
  TX_INTERFACE_CELLS,
  TX_INTERFACE_FIRST_FAILURE,
  WORKER_TOTALS,
} from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import { createCounters, workerCountersShape } from '../../src/counters/counters-layout.js';
import { controlOf, createControl } from '../../src/memory/control-layout.js';
import { Doorbell } from '../../src/memory/doorbell.js';
import { createLinks, Links } from '../../src/memory/link-layout.js';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';
import { FORM_OVERSIZE_BIT } from '../../src/memory/pool-layout.js';
import { LINK_IPV4, LINK_IPV6 } from '../../src/protocol/link-type.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { createRing } from '../../src/ring/ring-layout.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import { RawSocketSender } from '../../src/tx/raw-socket-sender.js';
import { RingTransmitter } from '../../src/tx/ring-transmitter.js';
import { TransmitCounters } from '../../src/tx/transmit-counters.js';
import { ipv4, udp } from '../fixtures/frames.js';
import { RawSocketPackageStandIn, type RawSocketStandIn } from '../support/raw-socket-stand-in.js';

const INTERFACES = ['eth0', 'eth1'];
const MAIN = 0;
const WORKER = 1;
const BUFFER_BYTES = 2048;

/** Both ends of the way from a worker to the kernel, on the test's own thread. */
class TransmitBench {
  readonly memory = createPool({
    bufferCount: 64,
    bufferBytes: BUFFER_BYTES,
    threadCount: 2,
    handBuffers: 32,
  });
  readonly pool = new PacketPool(this.memory);
  readonly links = new Links(createLinks(INTERFACES.length));
  readonly sockets = new RawSocketPackageStandIn(INTERFACES);
  readonly transmitter: RingTransmitter;
  readonly sender: RawSocketSender;
  private readonly workerBanks = banks();
  private readonly mainBanks = banks();
  private readonly cache = this.pool.cacheOf(WORKER);

  constructor(ringSlots = 64) {
    const ring = createRing(ringSlots);
    INTERFACES.forEach((_, i) => {
      this.links.set(i, 10 + i, true);
    });
    this.transmitter = new RingTransmitter({
      pool: this.pool,
      cache: this.cache,
      ring: new RingProducer(ring),
      doorbell: new Doorbell(new Int32Array(new SharedArrayBuffer(4)), 0),
      counters: new TransmitCounters(this.workerBanks, WORKER_TOTALS.firstTransmit),
      banks: this.workerBanks,
      queue: this.pool.sendQueueOf(WORKER),
    });
    this.sender = new RawSocketSender(
      { interfaces: INTERFACES },
      {
        sockets: this.sockets,
        pool: this.pool,
        cache: this.pool.cacheOf(MAIN),
        rings: [new RingConsumer(ring)],
        links: this.links,
        counters: new TransmitCounters(this.mainBanks, WORKER_TOTALS.firstTransmit),
      },
    );
    this.sender.open();
  }

  socket(interfaceIndex: number): RawSocketStandIn {
    return this.sockets.sockets[interfaceIndex];
  }

  /** A worker's burst of packets, all of them to be sent; afterwards the worker frees its own. */
  forward(packets: readonly Uint8Array[], outInterface: number, linkType = LINK_IPV4): void {
    const buffers = packets.map((packet) => {
      const buffer = this.cache.alloc();
      if (buffer < 0) throw new Error('the pool is empty');
      const kept = packet.subarray(0, BUFFER_BYTES);
      this.pool.bytes.set(kept, this.pool.frameByteOffset(buffer));
      const flags = kept.length < packet.length ? FORM_OVERSIZE_BIT : 0;
      this.pool.describe(buffer, kept.length, packet.length, linkType, 0, 0, flags);
      return buffer;
    });
    for (const buffer of buffers) this.transmitter.queue(buffer, outInterface);
    this.transmitter.flush();
    for (const buffer of buffers) {
      // What has not been copied by now will not be sent as it was.
      this.pool.bytes.fill(0, this.pool.frameByteOffset(buffer), this.pool.frameByteOffset(buffer) + 64);
      this.cache.free(buffer);
    }
  }

  /** What has been counted by the worker and by main: packets sent, failures by reason. */
  counts(interfaceIndex: number): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { cells, totals } of [this.workerBanks, this.mainBanks]) {
      const cell = totals + WORKER_TOTALS.firstTransmit + interfaceIndex * TX_INTERFACE_CELLS;
      const add = (what: string, count: number) => {
        if (count > 0) counts[what] = (counts[what] ?? 0) + count;
      };
      add('packets', cells[cell]);
      add('bytes', cells[cell + 1]);
      TRANSMIT_FAILURES.forEach((reason, i) => {
        add(reason, cells[cell + TX_INTERFACE_FIRST_FAILURE + i]);
      });
    }
    return counts;
  }

  get queued(): number {
    return this.workerBanks.cells[this.workerBanks.totals + WORKER_TOTALS.transmitQueued];
  }

  /** Buffers that are not free. */
  get held(): number {
    return this.pool.audit().heldCount;
  }
}

function banks(): CounterBanks {
  const counters = createCounters(workerCountersShape(4, INTERFACES.length));
  return new CounterBanks(counters, controlOf(createControl(2), WORKER));
}

function packet(dst: string, payloadBytes = 10): Uint8Array {
  const payload = udp({ dstPort: 53, payload: new Uint8Array(payloadBytes).fill(0x5a) });
  return Uint8Array.from(ipv4({ dst, payload }).bytes);
}

t.test('packets leave by the interface that the rule names, as they came', async (t) => {
  const bench = new TransmitBench();
  const packets = [packet('10.1.2.3'), packet('203.0.113.255', 1000), packet('10.1.2.4', 0)];
  bench.forward(packets, 1);
  t.equal(bench.held, 3);
  t.equal(bench.queued, 3);
  t.equal(bench.sender.run(), 3);
  t.strictSame(
    bench.socket(1).sent.map(({ bytes, address }) => [address, Array.from(bytes)]),
    [
      ['10.1.2.3', Array.from(packets[0])],
      ['203.0.113.255', Array.from(packets[1])],
      ['10.1.2.4', Array.from(packets[2])],
    ],
  );
  t.strictSame(bench.socket(0).sent, []);
  const bytes = packets.reduce((sum, { length }) => sum + length, 0);
  t.strictSame(bench.counts(1), { packets: 3, bytes });
  t.equal(bench.held, 0);
  t.equal(bench.sender.cursor, 3);
  t.equal(bench.sender.run(), 0);
});

t.test('a packet that fills its buffer is sent whole', async (t) => {
  const bench = new TransmitBench();
  const large = packet('10.1.2.3', BUFFER_BYTES - 28);
  t.equal(large.length, BUFFER_BYTES);
  bench.forward([large, large], 0);
  bench.sender.run();
  for (const { bytes } of bench.socket(0).sent) t.strictSame(Array.from(bytes), Array.from(large));
});

t.test('what the worker cannot hand over fails there', async (t) => {
  const bench = new TransmitBench(4);
  bench.forward([packet('10.1.2.3', BUFFER_BYTES)], 1);
  t.strictSame(bench.counts(1), { oversize: 1 });
  bench.forward([packet('10.1.2.3')], 1, LINK_IPV6);
  t.strictSame(bench.counts(1), { oversize: 1, error: 1 });
  bench.forward(
    Array.from({ length: 7 }, () => packet('10.1.2.3')),
    1,
  );
  t.strictSame(bench.counts(1), { oversize: 1, error: 1, queue_full: 3 }, 'the ring is full');
  t.equal(bench.queued, 4);
  t.equal(bench.held, 4, 'those that had no room are given back');
  bench.sender.run();
  t.equal(bench.held, 0);
});

t.test('an empty pool fails the packet, not the worker', async (t) => {
  const bench = new TransmitBench();
  // 32 of 64 are the burst's own, which leaves as many for copies; then nothing is left.
  for (let burst = 0; burst < 2; burst++) {
    bench.forward(
      Array.from({ length: 32 }, () => packet('10.1.2.3')),
      0,
    );
  }
  const { queue_full: failed } = bench.counts(0);
  t.equal(bench.queued + failed, 64);
  t.ok(failed >= 32);
  while (bench.sender.run() > 0);
  t.equal(bench.held, 0);
});

t.test('what the kernel refuses is counted by its reason', async (t) => {
  const cases: [text: string, reason: string][] = [
    ['Resource temporarily unavailable', 'queue_full'],
    ['No buffer space available', 'queue_full'],
    ['Message too long', 'oversize'],
    ['Message too large', 'oversize'],
    ['Network is down', 'interface_down'],
    ['No such device', 'interface_down'],
    ['No such device or address', 'interface_down'],
    ['Operation not permitted', 'error'],
    ['Network is unreachable', 'error'],
    ['something new', 'error'],
  ];
  for (const [text, reason] of cases) {
    const bench = new TransmitBench();
    bench.socket(0).refusal = text;
    bench.forward([packet('10.1.2.3'), packet('10.1.2.3')], 0);
    t.equal(bench.sender.run(), 2);
    t.strictSame(bench.counts(0), { [reason]: 2 }, text);
    t.equal(bench.held, 0);
  }
});

t.test('nothing is sent by an interface that is down or gone', async (t) => {
  const bench = new TransmitBench();
  bench.links.set(0, 10, false);
  bench.links.set(1, 0, false);
  bench.forward([packet('10.1.2.3')], 0);
  bench.forward([packet('10.1.2.3')], 1);
  bench.sender.run();
  t.strictSame([bench.counts(0), bench.counts(1)], [{ interface_down: 1 }, { interface_down: 1 }]);
  t.strictSame([...bench.socket(0).sent, ...bench.socket(1).sent], []);
});
