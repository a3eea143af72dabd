import { closeSync, readSync } from 'node:fs';
import t from 'tap';
import { RX_LEVELS } from '../../src/counters/catalogue.js';
import { createWakeEvent } from '../../src/kernel/wake-event.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_DOORBELL,
  CONTROL_STATE,
  STATE_STOPPED,
} from '../../src/memory/control-layout.js';
import { Doorbell } from '../../src/memory/doorbell.js';
import { FORM_CHECKSUM_MISSING_BIT } from '../../src/memory/pool-layout.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { SOURCE_FINISHED } from '../../src/source/source.js';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';
import { FRAME, numbered, RxBench, ScriptedSource } from './rx-bench.js';

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
  t.equal(bench.pool.form(index) & FORM_CHECKSUM_MISSING_BIT, 0);
  const { interfaces, enqueued, levels } = bench.published();
  const dropped = { pool_exhausted: 0, ring_full: 0 };
  t.same(interfaces[1], { packets: 1, bytes: 1500, kernelDropped: 0, dropped });
  t.equal(interfaces[0].packets, 0);
  t.same(enqueued, [1]);
  t.equal(levels[RX_LEVELS.firstWriteCursor], 1);
  t.equal(levels[RX_LEVELS.sourceBytesRead], 77);
});

t.test('frames of a memory by words arrive whole, wherever in it they begin', async (t) => {
  const memory = new Uint8Array(400).map((_, i) => i * 7);
  const begins = [0, 8, 12, 49, 90, 131, 200];
  const lengths = [64, 61, 1, 62, 3, 0, 200];
  const source = new ScriptedSource([]);
  source.read = (batch) => {
    batch.attach(memory, new DataView(memory.buffer), new Int32Array(memory.buffer));
    batch.frameCount = 0;
    begins.forEach((at, i) => {
      batch.add(at, lengths[i], lengths[i], LINK_ETHERNET, 0);
    });
    return begins.length;
  };
  const bench = new RxBench(source);
  bench.loop.runBurst();
  const arrived = bench.pop().map((index) => {
    const at = bench.pool.frameByteOffset(index);
    return [...bench.pool.bytes.subarray(at, at + bench.pool.capturedBytes(index))];
  });
  t.same(
    arrived,
    begins.map((at, i) => [...memory.subarray(at, at + lengths[i])]),
  );
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

t.test('a frame keeps the mark of a checksum that is still missing, a large one as well', async (t) => {
  const bench = new RxBench(
    new ScriptedSource([
      [
        { bytes: FRAME, isChecksumMissing: true },
        { bytes: FRAME },
        { bytes: new Uint8Array(300), isChecksumMissing: true },
      ],
    ]),
  );
  bench.loop.runBurst();
  const frames = bench.pop();
  t.same(
    frames.map((index) => (bench.pool.form(index) & FORM_CHECKSUM_MISSING_BIT) !== 0),
    [true, false, true],
  );
  t.same(
    frames.map((index) => bench.pool.isOversize(index)),
    [false, false, true],
  );
  t.same(
    frames.map((index) => bench.pool.capturedBytes(index)),
    [FRAME.length, FRAME.length, 256],
  );
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
    kernelDropped: 0,
    dropped: { pool_exhausted: 12, ring_full: 0 },
  });
});

t.test('what the kernel dropped is added up by interface, and was never received', async (t) => {
  const source = new ScriptedSource([[{ bytes: FRAME, interfaceIndex: 1 }]]);
  const bench = new RxBench(source);
  const kernelDropped = () => bench.published().interfaces.map((own) => own.kernelDropped);
  source.kernelDrops.splice(0, 2, 3, 0);
  t.same(kernelDropped(), [3, 0]);
  t.same(kernelDropped(), [3, 0]);
  source.kernelDrops.splice(0, 2, 4, 5);
  t.same(kernelDropped(), [7, 5]);
  bench.loop.runBurst();
  t.same(
    bench.published().interfaces.map((own) => own.packets),
    [0, 1],
  );
});

t.test('a source that can block is blocked in while it has nothing, and a ring ends that', async (t) => {
  const source = new ScriptedSource([[], [], [], [{ bytes: FRAME }], []]);
  const bench = new RxBench(source);
  const wakeFd = createWakeEvent();
  t.teardown(() => closeSync(wakeFd));
  const doorbell = new Doorbell(bench.control, CONTROL_DOORBELL);
  doorbell.setWakeDescriptor(wakeFd);
  const blocked: number[] = [];
  source.block = (timeoutMs) => {
    blocked.push(timeoutMs);
    doorbell.ring();
    t.equal(readSync(wakeFd, new Uint8Array(8)), 8, 'poll(2) would return now');
    if (blocked.length === 4) Atomics.store(bench.control, CONTROL_COMMAND, COMMAND_STOP);
  };
  bench.loop.run(() => t.fail('it has not finished'));
  t.equal(blocked.length, 4);
  t.ok(blocked.every((timeoutMs) => timeoutMs > 0 && timeoutMs <= 1000));
  doorbell.ring();
  t.throws(() => readSync(wakeFd, new Uint8Array(8)), { code: 'EAGAIN' }, 'rx is not in poll(2) any more');
  t.equal(bench.pop().length, 1);
  t.equal(Atomics.load(bench.control, CONTROL_STATE), STATE_STOPPED);
});

for (const comesInBlocks of [false, true]) {
  t.test(`before rx pauses it wakes who has been given frames, in blocks: ${comesInBlocks}`, async (t) => {
    const source = new ScriptedSource([[{ bytes: FRAME }], [], []]);
    const bench = new RxBench(source);
    source.comesInBlocks = comesInBlocks;
    bench.doorbells[0].announce();
    const parked: boolean[] = [];
    source.block = () => {
      parked.push(bench.isParked(0));
      bench.doorbells[0].announce();
      if (parked.length === 2) Atomics.store(bench.control, CONTROL_COMMAND, COMMAND_STOP);
    };
    bench.loop.run(() => t.fail('it has not finished'));
    t.same(parked, [false, true], 'woken for the frame, and left asleep when there is none');
  });
}

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

t.test('a bridge divides its workers between its ports, and each flow stays with one of them', async (t) => {
  for (const [workers, left, right] of [
    [1, [0], [0]],
    [2, [0], [1]],
    [3, [0, 1], [2]],
    [5, [0, 1, 2], [3, 4]],
  ] as const) {
    const flows = numbered(16).flatMap(({ bytes }) =>
      [0, 1].map((interfaceIndex) => ({ bytes, interfaceIndex })),
    );
    const source = new ScriptedSource([flows, flows]);
    const bench = new RxBench(source, { workers, isBridge: true });
    bench.loop.runBurst();
    bench.loop.runBurst();
    const workersOf = new Map<string, number[]>();
    for (let worker = 0; worker < workers; worker++) {
      for (const buffer of bench.pop(worker)) {
        const flow = bench.pool.view.getUint16(bench.pool.frameByteOffset(buffer) + 34);
        const key = `${bench.pool.interfaceIndex(buffer)} ${flow}`;
        workersOf.set(key, [...(workersOf.get(key) ?? []), worker]);
      }
    }
    t.equal(workersOf.size, 32, `${workers} workers: every flow of both ports`);
    for (const [port, own] of [left, right].entries()) {
      const met = [...workersOf].filter(([key]) => key.startsWith(`${port} `)).map(([, list]) => list);
      t.ok(
        met.every(([first, second]) => first === second),
        `${workers} workers: one a flow`,
      );
      t.same([...new Set(met.flat())].sort(), own, `${workers} workers: those of port ${port}`);
    }
  }
});

t.test('the end of the source is passed on', async (t) => {
  t.equal(new RxBench(new ScriptedSource([])).loop.runBurst(), SOURCE_FINISHED);
});
