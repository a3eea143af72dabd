import fc from 'fast-check';
import t from 'tap';
import { createPool, PacketPool, type PoolMemory } from '../../src/memory/packet-pool.js';
import {
  CACHE_BUFFERS,
  FORM_CHECKSUM_MISSING_BIT,
  FORM_OVERSIZE_BIT,
  MOVE_BUFFERS,
  PoolLayout,
} from '../../src/memory/pool-layout.js';

function pool(bufferCount: number, threadCount = 2): PoolMemory {
  return createPool({ bufferCount, bufferBytes: 128, threadCount, handBuffers: 4 });
}

t.test('every buffer is handed out once, then alloc gives -1', async (t) => {
  const cache = new PacketPool(pool(100)).cacheOf(0);
  const taken = new Set<number>();
  for (let i = 0; i < 100; i++) taken.add(cache.alloc());
  t.same(
    [...taken].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  t.equal(cache.alloc(), -1);
  t.equal(cache.alloc(), -1, 'an empty pool stays usable');
  cache.free(42);
  t.equal(cache.alloc(), 42);
});

t.test('a thread touches the global list once in sixteen buffers', async (t) => {
  const cache = new PacketPool(pool(100)).cacheOf(0);
  const first = cache.alloc();
  t.equal(cache.taken, MOVE_BUFFERS);
  t.equal(cache.count, MOVE_BUFFERS - 1);
  cache.free(first);
  for (let i = 0; i < MOVE_BUFFERS; i++) cache.alloc();
  t.equal(cache.taken, MOVE_BUFFERS, 'the cache was enough');
  cache.alloc();
  t.equal(cache.taken, 2 * MOVE_BUFFERS);
});

t.test('the last buffer freed is the first one used again', async (t) => {
  const cache = new PacketPool(pool(100)).cacheOf(0);
  const [a, b] = [cache.alloc(), cache.alloc()];
  cache.free(a);
  cache.free(b);
  t.equal(cache.alloc(), b);
  t.equal(cache.alloc(), a);
});

t.test('what one thread frees comes to the other through the global list', async (t) => {
  const memory = pool(64);
  const rx = new PacketPool(memory).cacheOf(0);
  const worker = new PacketPool(memory).cacheOf(1);
  const held: number[] = [];
  for (let index = rx.alloc(); index >= 0; index = rx.alloc()) held.push(index);
  t.equal(held.length, 64);
  for (const index of held) worker.free(index);
  t.equal(worker.count, CACHE_BUFFERS, 'the rest went to the global list');
  t.equal(worker.returned, 64 - CACHE_BUFFERS);
  for (let i = 0; i < 64 - CACHE_BUFFERS; i++) t.ok(rx.alloc() >= 0);
  t.equal(rx.alloc(), -1, 'a cache is out of reach of other threads');
  t.equal(new PacketPool(memory).freeCount(), CACHE_BUFFERS);
});

t.test('a buffer that is freed twice is noticed', async (t) => {
  const memory = pool(64);
  const packets = new PacketPool(memory);
  const cache = packets.cacheOf(0);
  const index = cache.alloc();
  cache.free(index);
  t.same(packets.audit(), { heldCount: 0 });
  cache.free(index);
  t.throws(() => packets.audit(), { code: 'UPE_INVARIANT', message: /buffer 0 is free twice/ });

  const full = new PacketPool(pool(32)).cacheOf(0);
  t.throws(
    () => {
      for (let i = 0; i <= 32 + CACHE_BUFFERS; i++) full.free(0);
    },
    { code: 'UPE_INVARIANT', message: /freed twice/ },
    'more buffers than there are',
  );
});

t.test(
  'the first buffer is at a page boundary; no frame overlaps a descriptor or another frame',
  async (t) => {
    const memory = pool(3);
    const packets = new PacketPool(memory);
    for (let i = 0; i < 3; i++) packets.describe(i, 128, 128, 1, i, 7, 0);
    const at = packets.frameByteOffset(1);
    packets.bytes.fill(0xff, at, at + 128);
    for (let i = 0; i < 3; i++) {
      t.equal(packets.rxUs(i), 7);
      t.equal(packets.interfaceIndex(i), i);
    }
    t.equal(packets.bytes[packets.frameByteOffset(0) + 127], 0);
    t.equal(packets.bytes[packets.frameByteOffset(2)], 0);
    t.equal((new PoolLayout(memory.shape).framesByteOffset + 16) % 4096, 0);
  },
);

t.test('a descriptor keeps every field to itself', async (t) => {
  const flags = [
    0,
    FORM_OVERSIZE_BIT,
    FORM_CHECKSUM_MISSING_BIT,
    FORM_OVERSIZE_BIT | FORM_CHECKSUM_MISSING_BIT,
  ];
  const packets = new PacketPool(pool(flags.length));
  flags.forEach((own, i) => {
    packets.describe(i, 65_533 + i, 1500 + i, 276 - i, i, -5 - i, own);
  });
  for (let i = 0; i < flags.length; i++) {
    t.equal(packets.capturedBytes(i), 65_533 + i);
    t.equal(packets.wireBytes(i), 1500 + i);
    t.equal(packets.linkType(i), 276 - i);
    t.equal(packets.interfaceIndex(i), i);
    t.equal(packets.rxUs(i), -5 - i);
    t.equal(packets.isOversize(i), i === 1 || i === 3);
    t.equal((packets.form(i) & FORM_CHECKSUM_MISSING_BIT) !== 0, i >= 2);
  }
});

t.test('a buffer size that is no multiple of 64 is refused', async (t) => {
  t.throws(() => createPool({ bufferCount: 1, bufferBytes: 100, threadCount: 1, handBuffers: 1 }), {
    code: 'UPE_INVARIANT',
  });
});

t.test('property: under any interleaving no buffer is lost, doubled or invented', async () => {
  const threadCount = 3;
  const operation = fc.record({
    thread: fc.nat(threadCount - 1),
    alloc: fc.boolean(),
    times: fc.integer({ min: 1, max: 40 }),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 150 }),
      fc.array(operation, { maxLength: 80 }),
      (bufferCount, steps) => {
        const memory = pool(bufferCount, threadCount);
        const packets = new PacketPool(memory);
        const caches = Array.from({ length: threadCount }, (_, i) => new PacketPool(memory).cacheOf(i));
        const held: number[] = [];
        for (const { thread, alloc, times, pick } of steps) {
          for (let i = 0; i < times; i++) {
            if (alloc) {
              const index = caches[thread].alloc();
              if (index < 0) {
                const elsewhere = caches.reduce((sum, cache) => sum + cache.count, 0);
                if (held.length + elsewhere !== bufferCount)
                  throw new Error('-1 although the list has buffers');
              } else if (held.includes(index)) throw new Error(`buffer ${index} was handed out twice`);
              else held.push(index);
            } else if (held.length > 0) {
              caches[thread].free(held.splice(pick % held.length, 1)[0]);
            }
          }
        }
        if (packets.audit().heldCount !== held.length) throw new Error('a buffer is missing');
        if (packets.freeCount() !== bufferCount - held.length) throw new Error('the count is wrong');
      },
    ),
    { numRuns: 300 },
  );
});
