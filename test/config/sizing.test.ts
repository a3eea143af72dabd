import t from 'tap';
import {
  POOL_BUFFERS_MAX,
  poolBuffersMin,
  resolvePoolBuffers,
  resolveWorkers,
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
    t.equal(resolveWorkers('auto', cores), workers, `${cores} cores`);
  }
  t.equal(resolveWorkers(64, 1), 64, 'a given number stands, whatever the cores');
  t.end();
});

t.test('the smallest pool fills every ring, cache, burst and staging area', (t) => {
  // workers, slots, minimum: rings + staging + bursts + caches, worked out by hand.
  for (const [workers, slots, min] of [
    [1, 64, 64 + 32 + 2 * 32 + 2 * 32],
    [1, 1024, 1024 + 32 + 64 + 64],
    [4, 1024, 4096 + 128 + 160 + 160],
    [64, 1_048_576, 67_108_864 + 2048 + 2080 + 2080],
  ]) {
    t.equal(poolBuffersMin(workers, slots), min, `${workers} workers, ${slots} slots`);
  }
  t.end();
});

t.test('an auto pool is the minimum and half as many again, up to the largest pool', (t) => {
  t.equal(resolvePoolBuffers('auto', 1, 64), 224 + 112);
  t.equal(resolvePoolBuffers('auto', 4, 1024), 4544 + 2272);
  t.equal(resolvePoolBuffers('auto', 3, 1_048_576), POOL_BUFFERS_MAX);
  t.equal(resolvePoolBuffers(9999, 4, 1024), 9999, 'a given number stands');
  t.end();
});
