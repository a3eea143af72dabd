import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { EventLoopLoad } from '../../src/stats/event-loop-load.js';

/** Keeps the thread from its event loop, milliseconds. */
function hog(durationMs: number): void {
  const endMs = performance.now() + durationMs;
  while (performance.now() < endMs);
}

t.test('a timer that comes late shows as lag, one in time as none', async (t) => {
  const load = new EventLoopLoad(1000);
  load.start();
  t.teardown(() => load.stop());
  load.tick();
  t.equal(load.read().lagSeconds, 0, 'earlier than it should is not late');
  const late = new EventLoopLoad(10);
  late.start();
  t.teardown(() => late.stop());
  hog(60);
  late.tick();
  const { lagSeconds } = late.read();
  t.ok(lagSeconds >= 0.05 && lagSeconds < 5, `60 ms after a timer of 10 ms the lag is ${lagSeconds} s`);
});

t.test('time in garbage collection and in the event loop adds up', async (t) => {
  const load = new EventLoopLoad(1000);
  load.start();
  t.teardown(() => load.stop());
  const before = load.read();
  let kept: unknown[] = [];
  for (let i = 0; i < 200; i++) {
    kept = Array.from({ length: 20_000 }, (_, k) => ({ k }));
    // Collections are reported from the event loop.
    if (i % 20 === 0) await sleep(1);
  }
  t.equal(kept.length, 20_000);
  await sleep(10);
  const after = load.read();
  t.ok(after.gcSeconds > before.gcSeconds, `${after.gcSeconds} s of collection after 4 million objects`);
  t.ok(after.busySeconds > before.busySeconds, 'busy meanwhile');
  t.ok(after.heapBytes > 0);
});
