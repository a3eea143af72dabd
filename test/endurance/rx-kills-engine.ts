import { createSocket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine, rules } from '../support/engine-fixture.js';
import { ENDLESS_RESTARTS, KillableThreads } from '../support/killable-threads.js';

/*
 * A program of its own, because it has a network namespace to itself: an engine that reads lo, where this program
 * alone sends, while its rx thread is killed again and again. Prints one JSON object.
 */
const kills = Number(process.argv[2]);
const packetsPerMs = Number(process.argv[3]);

const threads = new KillableThreads();
const engine = createEngine(
  {
    ruleSet: rules('{ default_action: count, rules: [] }'),
    workerCount: 2,
    restarts: ENDLESS_RESTARTS,
    source: {
      kind: 'afpacket',
      interfaces: ['lo'],
      outInterfaces: [],
      isBridge: false,
      isPromiscuous: false,
      // Small blocks, so that a death finds the reader anywhere in them, and enough for a second.
      ring: { blockBytes: 16_384, blockCount: 256, blockTimeoutMs: 8 },
      patienceMs: 1000,
    },
  },
  { createThread: threads.create },
);
const receiver = createSocket('udp4');
receiver.bind(9, '127.0.0.1');
await engine.start();
const sender = createSocket('udp4');
await sleep(200);

let sent = 0;
let isSending = true;
const sending = (async () => {
  while (isSending) {
    for (let i = 0; i < packetsPerMs; i++) {
      await new Promise((resolve) => sender.send(Buffer.alloc(20 + (sent % 1200)), 9, '127.0.0.1', resolve));
      sent++;
    }
    await sleep(1);
  }
})();

async function received(): Promise<number> {
  await engine.aggregator?.pass(engine.series.notice.slotCount);
  return engine.aggregator?.totals.received ?? 0;
}

let slowestMs = 0;
let backwards = 0;
let last = 0;
const look = async () => {
  const now = await received();
  if (now < last) backwards++;
  last = now;
  return now;
};
for (let kill = 0; kill < kills; kill++) {
  await sleep(40 + 7 * (kill % 10));
  await look();
  await threads.kill('rx');
  const diedMs = performance.now();
  const dead = await look();
  while ((await look()) <= dead && performance.now() - diedMs < 5000) await sleep(5);
  slowestMs = Math.max(slowestMs, performance.now() - diedMs);
}
isSending = false;
await sending;
await sleep(300);
sender.close();
receiver.close();
const summary = await engine.stop();
console.log(
  JSON.stringify({
    sent,
    received: summary.received,
    // Of the last pass: the ring is large, but a death on a busy machine may be long.
    kernelDropped: engine.aggregator?.totals.interfaces[0].kernelDropped,
    lost: summary.lost,
    backwards,
    slowestMs,
    violations: [...summary.violations, ...(engine.aggregator?.violationCount ? ['a pass'] : [])],
  }),
);
