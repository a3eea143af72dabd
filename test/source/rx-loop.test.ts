import t from 'tap';
import {
  DROP_REASONS,
  enqueuedCell,
  RX_INTERFACE_BYTES,
  RX_INTERFACE_CELLS,
  RX_INTERFACE_FIRST_DROP,
  RX_INTERFACE_PACKETS,
  RX_LEVELS,
  RX_TOTALS,
} from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import { CounterReader } from '../../src/counters/counter-reader.js';
import { createCounters, rxCountersShape } from '../../src/counters/counters-layout.js';
import { CONTROL_DOORBELL, controlOf, createControl } from '../../src/memory/control-layout.js';
import { Doorbell } from '../../src/memory/doorbell.js';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { createRing } from '../../src/ring/ring-layout.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import type { FrameBatch } from '../../src/source/frame-batch.js';
import { RxLoop } from '../../src/source/rx-loop.js';
import { SOURCE_FINISHED, type Source } from '../../src/source/source.js';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';

const FRAME = ethernet({ payload: ipv4({ payload: udp({ dstPort: 53 }) }) });

interface GivenFrame {
  readonly bytes: Uint8Array;
  readonly wireBytes?: number;
  readonly interfaceIndex?: number;
}

/** Gives prepared bursts, one a read, then the end. */
class ScriptedSource implements Source {
  readonly interfaces = ['a', 'b'];
  readonly bytesRead = 77;

  constructor(
    private readonly bursts: GivenFrame[][],
    readonly canWait = false,
  ) {}

  open(): void {}

  read(batch: FrameBatch): number {
    const frames = this.bursts.shift();
    if (frames === undefined) return SOURCE_FINISHED;
    const lengths = frames.map((frame) => frame.bytes.length);
    const memory = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
    batch.attach(memory);
    batch.frameCount = 0;
    let at = 0;
    for (const { bytes, wireBytes, interfaceIndex } of frames) {
      memory.set(bytes, at);
      batch.add(at, bytes.length, wireBytes ?? bytes.length, LINK_ETHERNET, interfaceIndex ?? 0);
      at += bytes.length;
    }
    return frames.length;
  }

  waitMs(): number {
    return 1;
  }

  close(): void {}
}

interface BenchOptions {
  readonly workers?: number;
  readonly ringSlots?: number;
  readonly poolBuffers?: number;
}

/** An rx loop on the test's own thread; the test plays the workers. */
class RxBench {
  readonly pool: PacketPool;
  readonly consumers: readonly RingConsumer[];
  readonly loop: RxLoop;
  private readonly workers: number;
  private readonly reader: CounterReader;

  constructor(source: Source, { workers = 1, ringSlots = 64, poolBuffers = 256 }: BenchOptions = {}) {
    this.workers = workers;
    this.pool = new PacketPool(
      createPool({
        bufferCount: poolBuffers,
        bufferBytes: 256,
        threadCount: 1 + workers,
        handBuffers: 32 * workers,
      }),
    );
    const rings = Array.from({ length: workers }, () => createRing(ringSlots));
    this.consumers = rings.map((ring) => new RingConsumer(ring));
    const controls = createControl(1 + workers);
    const control = controlOf(controls, 0);
    const counters = createCounters(rxCountersShape(2, workers));
    this.reader = new CounterReader(counters, control);
    this.loop = new RxLoop(
      { idle: 'park' },
      {
        source,
        pool: this.pool,
        cache: this.pool.cacheOf(0),
        hand: this.pool.handOf(0),
        rings: rings.map((ring) => new RingProducer(ring)),
        doorbells: rings.map((_, worker) => new Doorbell(controlOf(controls, 1 + worker), CONTROL_DOORBELL)),
        banks: new CounterBanks(counters, control),
        control,
        clock: { nowMs: () => 5, unixMs: () => 5 },
      },
    );
  }

  published() {
    this.reader.request(0);
    this.loop.attend();
    this.reader.take(0);
    const { totals, levels } = this.reader;
    const interfaces = [0, 1].map((index) => {
      const cell = RX_TOTALS.firstInterface + index * RX_INTERFACE_CELLS;
      return {
        packets: totals[cell + RX_INTERFACE_PACKETS],
        bytes: totals[cell + RX_INTERFACE_BYTES],
        dropped: Object.fromEntries(
          DROP_REASONS.map((reason, i) => [reason, totals[cell + RX_INTERFACE_FIRST_DROP + i]]),
        ),
      };
    });
    const enqueued = Array.from({ length: this.workers }, (_, worker) => totals[enqueuedCell(2, worker)]);
    return { interfaces, enqueued, levels: [...levels] };
  }

  pop(worker = 0): number[] {
    const into = new Int32Array(256);
    return [...into.subarray(0, this.consumers[worker].pop(into, 256))];
  }
}

t.test('a frame arrives whole in a buffer, with everything that is known of it', async (t) => {
  const bench = new RxBench(new ScriptedSource([[{ bytes: FRAME, wireBytes: 1500, interfaceIndex: 1 }]]));
  t.equal(bench.loop.runBurst(), 1);
  const [index] = bench.pop();
  const at = bench.pool.frameByteOffset(index);
  t.same([...bench.pool.bytes.subarray(at, at + FRAME.length)], [...FRAME]);
  t.equal(bench.pool.capturedBytes(index), FRAME.length);
  t.equal(bench.pool.wireBytes(index), 1500);
  t.equal(bench.pool.interfaceIndex(index), 1);
  t.equal(bench.pool.linkType(index), LINK_ETHERNET);
  t.equal(bench.pool.rxUs(index), 5000);
  const { interfaces, enqueued, levels } = bench.published();
  t.same(interfaces[1], { packets: 1, bytes: 1500, dropped: { pool_exhausted: 0, ring_full: 0 } });
  t.equal(interfaces[0].packets, 0);
  t.same(enqueued, [1]);
  t.equal(levels[RX_LEVELS.firstWriteCursor], 1);
  t.equal(levels[RX_LEVELS.sourceBytesRead], 77);
});

t.test('a frame larger than a buffer keeps its beginning and its length', async (t) => {
  const large = new Uint8Array(300).map((_, i) => i);
  const bench = new RxBench(new ScriptedSource([[{ bytes: large }, { bytes: large.subarray(0, 256) }]]));
  bench.loop.runBurst();
  const [first, second] = bench.pop();
  t.equal(bench.pool.capturedBytes(first), 256);
  t.equal(bench.pool.wireBytes(first), 300);
  t.equal(bench.pool.isOversize(first), true);
  const at = bench.pool.frameByteOffset(first);
  t.same([...bench.pool.bytes.subarray(at, at + 256)], [...large.subarray(0, 256)]);
  t.equal(bench.pool.isOversize(second), false, 'one that just fits is no anomaly');
});

t.test(
  'a live source drops what the ring has no room for, counts it and gives the buffers back',
  async (t) => {
    const frames = Array.from({ length: 32 }, (_, i) => ({ bytes: FRAME, interfaceIndex: i % 2 }));
    const bench = new RxBench(new ScriptedSource([frames]), { ringSlots: 8 });
    bench.loop.runBurst();
    const { interfaces, enqueued, levels } = bench.published();
    t.same(enqueued, [8]);
    t.same(
      interfaces.map((own) => [own.packets, own.dropped.ring_full]),
      [
        [16, 12],
        [16, 12],
      ],
    );
    t.equal(levels[RX_LEVELS.held], 0);
    t.equal(bench.pool.audit().heldCount, 8);
  },
);

t.test('a live source drops what the pool has no buffer for, and counts it', async (t) => {
  const frames = Array.from({ length: 32 }, () => ({ bytes: FRAME }));
  const bench = new RxBench(new ScriptedSource([frames]), { poolBuffers: 20 });
  bench.loop.runBurst();
  const { interfaces, enqueued } = bench.published();
  t.same(enqueued, [20]);
  t.same(interfaces[0], {
    packets: 32,
    bytes: 32 * FRAME.length,
    dropped: { pool_exhausted: 12, ring_full: 0 },
  });
});

t.test('both directions of a flow go to the same worker, in order', async (t) => {
  const flows = Array.from({ length: 16 }, (_, i) => {
    const [src, dst] = [`10.0.0.${i}`, `192.0.2.${i}`];
    const [srcPort, dstPort] = [1024 + i, 53];
    return [
      { bytes: ethernet({ payload: ipv4({ src, dst, payload: udp({ srcPort, dstPort }) }) }) },
      {
        bytes: ethernet({
          payload: ipv4({ src: dst, dst: src, payload: udp({ srcPort: dstPort, dstPort: srcPort }) }),
        }),
      },
    ];
  });
  const bench = new RxBench(new ScriptedSource([flows.flat()]), { workers: 4 });
  bench.loop.runBurst();
  const host = (index: number) => {
    const at = bench.pool.frameByteOffset(index);
    const src = bench.pool.bytes.subarray(at + 26, at + 30);
    return src[0] === 10 ? [src[3], 'out'] : [src[3], 'back'];
  };
  const perWorker = [0, 1, 2, 3].map((worker) => bench.pop(worker).map(host));
  t.equal(perWorker.flat().length, 32);
  t.ok(perWorker.filter((own) => own.length > 0).length >= 2, 'the flows are spread');
  for (const own of perWorker) {
    for (let i = 0; i < own.length; i += 2) {
      t.same(
        [own[i], own[i + 1]],
        [
          [own[i][0], 'out'],
          [own[i][0], 'back'],
        ],
      );
    }
  }
});

t.test('the end of the source is passed on', async (t) => {
  t.equal(new RxBench(new ScriptedSource([])).loop.runBurst(), SOURCE_FINISHED);
});
