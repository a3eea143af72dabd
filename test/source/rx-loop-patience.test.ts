import t from 'tap';
import { RX_LEVELS } from '../../src/counters/catalogue.js';
import { numbered, RxBench, ScriptedSource } from './rx-bench.js';

t.test('a source with patience loses nothing when the worker goes on in time', async (t) => {
  const bench = new RxBench(new ScriptedSource([numbered(32)], 50), { ringSlots: 8 });
  const processed: number[] = [];
  bench.stepMs = 1;
  const beganMs = bench.nowMs;
  bench.work = () => {
    if ((bench.nowMs - beganMs) % 12 === 0) processed.push(...bench.processFrames());
  };
  const tookMs = bench.timeBurst();
  t.ok(tookMs >= 36 && tookMs < 50, `it took ${tookMs} ms`);
  processed.push(...bench.processFrames());
  t.same(
    processed,
    numbered(32).map((_, i) => i),
    'all of them, in order',
  );
  const { interfaces, enqueued, levels } = bench.published();
  t.same(enqueued, [32]);
  t.same(interfaces[0].dropped, { pool_exhausted: 0, ring_full: 0 });
  t.equal(levels[RX_LEVELS.held], 0);
  t.equal(bench.pool.audit().heldCount, 0);
});

t.test('patience with a full ring ends, and returns when the ring is half empty', async (t) => {
  const bursts = [32, 32, 1, 32, 1, 32].map((count) => numbered(count));
  const bench = new RxBench(new ScriptedSource(bursts, 50), { ringSlots: 8 });
  bench.stepMs = 1;
  const afterBurst = () => {
    const tookMs = bench.timeBurst();
    const { interfaces, enqueued } = bench.published();
    return { waits: tookMs >= 50, hurries: tookMs < 10, enqueued: enqueued[0], ...interfaces[0].dropped };
  };
  const waited = { waits: true, hurries: false, pool_exhausted: 0 };
  const hurried = { waits: false, hurries: true, pool_exhausted: 0 };
  t.same(afterBurst(), { ...waited, enqueued: 8, ring_full: 24 }, 'full: waits, then drops');
  t.same(afterBurst(), { ...hurried, enqueued: 8, ring_full: 56 }, 'still full: drops at once');
  bench.processFrames(3);
  t.same(afterBurst(), { ...hurried, enqueued: 9, ring_full: 56 }, 'there is room, but not half of it');
  t.same(afterBurst(), { ...hurried, enqueued: 11, ring_full: 86 }, 'full again: drops at once');
  bench.processFrames(6);
  t.same(afterBurst(), { ...hurried, enqueued: 12, ring_full: 86 }, 'half empty');
  t.same(afterBurst(), { ...waited, enqueued: 17, ring_full: 113 }, 'full: waits once more');
  t.equal(bench.pool.audit().heldCount, 8, 'what was dropped is free again');
});

t.test('patience with one ring is not spent on another', async (t) => {
  const roomy = new RxBench(new ScriptedSource([numbered(32)]), { workers: 2 });
  roomy.loop.runBurst();
  const [toFirst, toSecond] = roomy.published().enqueued;
  t.ok(toFirst > 8 && toSecond > 8, `the hash gives ${toFirst} to the first and ${toSecond} to the second`);

  const bench = new RxBench(new ScriptedSource([numbered(32)], 50), { workers: 2, ringSlots: 8 });
  bench.stepMs = 1;
  bench.work = () => {
    if (bench.nowMs % 40 === 0) bench.pop(1);
  };
  t.ok(bench.timeBurst() >= 50, 'the first worker is waited for in vain');
  const { interfaces, enqueued } = bench.published();
  t.same(enqueued, [8, toSecond], 'the second one is waited for all the same');
  t.equal(interfaces[0].dropped.ring_full, toFirst - 8);
});

t.test('a source that never loses anything waits for the ring however long it takes', async (t) => {
  const source = new ScriptedSource([numbered(32)], Number.POSITIVE_INFINITY);
  const bench = new RxBench(source, { ringSlots: 8 });
  const processed: number[] = [];
  bench.stepMs = 1000;
  bench.work = () => {
    if (bench.nowMs > 200_000) processed.push(...bench.processFrames());
  };
  t.ok(bench.timeBurst() > 200_000);
  processed.push(...bench.processFrames());
  t.equal(processed.length, 32);
  t.same(bench.published().interfaces[0].dropped, { pool_exhausted: 0, ring_full: 0 });
});

t.test('a source with patience waits for buffers as well, and loses nothing if they come', async (t) => {
  const bursts = [0, 32, 64, 96].map((first) => numbered(32, first));
  const bench = new RxBench(new ScriptedSource(bursts, 50), { ringSlots: 128, poolBuffers: 100 });
  for (let burst = 0; burst < 3; burst++) bench.loop.runBurst();
  const processed: number[] = [];
  bench.stepMs = 1;
  const beganMs = bench.nowMs;
  bench.work = () => {
    if (bench.nowMs - beganMs === 30) processed.push(...bench.processFrames());
  };
  const tookMs = bench.timeBurst();
  t.ok(tookMs >= 30 && tookMs < 50, `it took ${tookMs} ms`);
  t.equal(processed.length, 100, 'what was staged went to the worker before rx waited for it');
  processed.push(...bench.processFrames());
  t.same(
    processed,
    numbered(128).map((_, i) => i),
  );
  t.same(bench.published().interfaces[0].dropped, { pool_exhausted: 0, ring_full: 0 });
});

t.test('patience with an empty pool ends: the rest of the burst does not wait again', async (t) => {
  const bench = new RxBench(new ScriptedSource([numbered(32)], 50), { poolBuffers: 20 });
  bench.stepMs = 1;
  const tookMs = bench.timeBurst();
  t.ok(tookMs >= 50 && tookMs < 100, `it took ${tookMs} ms`);
  const { interfaces, enqueued } = bench.published();
  t.same(enqueued, [20]);
  t.same(interfaces[0].dropped, { pool_exhausted: 12, ring_full: 0 });
});

t.test('patience with the pool comes back after a burst that found buffers', async (t) => {
  const bursts = [32, 32, 32, 32, 8, 32, 32, 32, 32].map((count) => numbered(count));
  const bench = new RxBench(new ScriptedSource(bursts, 50), { ringSlots: 256, poolBuffers: 100 });
  bench.stepMs = 1;
  const waits = (count: number) => Array.from({ length: count }, () => bench.timeBurst() >= 50);
  t.same(waits(4), [false, false, false, true], 'the fourth burst finds the pool empty');
  bench.processFrames();
  t.same(waits(5), [false, false, false, true, false], 'it is waited for once more, and then no more');
});

t.test('a parked worker is woken before frames for its full ring are dropped', async (t) => {
  const source = new ScriptedSource([numbered(32), numbered(32, 32)], 0);
  source.comesInBlocks = true;
  const bench = new RxBench(source, { ringSlots: 32 });
  bench.doorbells[0].announce();
  bench.loop.runBurst();
  t.ok(bench.isParked(0), 'a block is handed over whole: there is no hurry yet');
  bench.loop.runBurst();
  t.notOk(bench.isParked(0));
  t.equal(bench.published().interfaces[0].dropped.ring_full, 32);
});
