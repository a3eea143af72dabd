import t from 'tap';
import {
  poolBuffersMin,
  resolvePoolBuffers,
  resolveRingSlots,
  resolveSizes,
  resolveWorkers,
  type SizingSettings,
} from '../../src/config/sizing.js';

t.test('auto workers leave one core to the rx thread, from 1 to 4', (t) => {
  for (const [cores, workers] of [
    [1, 1],
    [2, 1],
    [3, 2],
    [5, 4],
    [6, 4],
    [128, 4],
  ]) {
    t.equal(resolveWorkers({ workers: 'auto', bridge: null }, cores), workers, `${cores} cores`);
  }
  const given = { workers: 64, bridge: null };
  t.equal(resolveWorkers(given, 1), 64, 'a given number stands, whatever the cores');
  t.end();
});

t.test('auto workers of a bridge are one for each port at least, where there are two cores', (t) => {
  const bridge = ['eth0', 'eth1'] as const;
  for (const [cores, workers] of [
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [128, 4],
  ]) {
    t.equal(resolveWorkers({ workers: 'auto', bridge }, cores), workers, `${cores} cores`);
  }
  t.equal(resolveWorkers({ workers: 1, bridge }, 8), 1, 'a given number stands');
  t.end();
});

t.test('the smallest pool fills every ring, cache, hand and staging area', (t) => {
  // workers, slots, minimum: rings + staging + hands + caches, worked out by hand.
  for (const [workers, slots, min] of [
    [1, 64, 64 + 32 + (32 + 128) + 2 * 32],
    [1, 1024, 1024 + 32 + 160 + 64],
    [4, 1024, 4096 + 128 + 544 + 160],
    [64, 1_048_576, 67_108_864 + 2048 + 8224 + 2080],
  ]) {
    t.equal(poolBuffersMin(workers, slots), min, `${workers} workers, ${slots} slots`);
  }
  t.end();
});

t.test('auto rings are deep where frames come in blocks or wait for nobody, and keep to the pool', (t) => {
  const watching = {
    source: 'afpacket',
    bridge: null,
    workers: 'auto',
    bufferBytes: 2048,
    ringSlots: 'auto',
    poolBuffers: 'auto',
  } as const;
  const table: [string, SizingSettings, number, number][] = [
    ['one worker', watching, 1, 8192],
    ['two workers share', watching, 2, 4096],
    ['three workers: a power of two', watching, 3, 2048],
    ['many workers: never less than elsewhere', watching, 64, 1024],
    ['a pool that fits', { ...watching, poolBuffers: 8448 }, 1, 8192],
    ['a pool one buffer short', { ...watching, poolBuffers: 8447 }, 1, 4096],
    ['a pool that is too small for any', { ...watching, poolBuffers: 64 }, 1, 1024],
    ['a bridge gets every frame at once', { ...watching, bridge: ['eth0', 'eth1'] }, 1, 1024],
    ['a demo waits for nobody', { ...watching, source: 'demo' }, 1, 8192],
    ['a file', { ...watching, source: 'pcap' }, 1, 1024],
    ['a given number stands', { ...watching, ringSlots: 64 }, 1, 64],
  ];
  for (const [what, settings, workers, slots] of table) {
    t.equal(resolveRingSlots(settings, workers), slots, what);
  }
  t.strictSame(resolveSizes(watching, 4), { workerCount: 3, ringSlots: 2048, poolBuffers: 10176 });
  t.end();
});

t.test('an auto pool is the minimum and half as many again, up to the largest pool', (t) => {
  t.equal(resolvePoolBuffers('auto', 1, 64, 2048), 320 + 160);
  t.equal(resolvePoolBuffers('auto', 4, 1024, 2048), 4928 + 2464);
  t.equal(resolvePoolBuffers('auto', 3, 1_048_576, 128), 4_194_304);
  t.equal(resolvePoolBuffers('auto', 3, 262_144, 2048), Math.floor(2 ** 31 / (2048 + 64)));
  t.equal(resolvePoolBuffers(9999, 4, 1024, 2048), 9999, 'a given number stands');
  t.end();
});
