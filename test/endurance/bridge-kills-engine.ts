import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine, rules } from '../support/engine-fixture.js';
import { ENDLESS_RESTARTS, KillableThreads } from '../support/killable-threads.js';

/*
 * A program of its own, because it runs on a host of the lab: a bridge between eth0 and eth1 whose threads are killed in
 * turn. Says "ready", says "done" after all kills, and prints one JSON object when SIGTERM has ended it.
 */
const kills = Number(process.argv[2]);
const WAIT_MS_MAX = 20_000;
/** rx twice as often as each worker. */
const VICTIMS = ['rx', 'worker0', 'rx', 'worker1'];

const threads = new KillableThreads();
const engine = createEngine(
  {
    ruleSet: rules('{ default_action: forward, rules: [] }'),
    workerCount: 2,
    restarts: ENDLESS_RESTARTS,
    source: {
      kind: 'afpacket',
      interfaces: ['eth0', 'eth1'],
      outInterfaces: [],
      isBridge: true,
      isPromiscuous: true,
      // What comes within four seconds.
      ring: { blockBytes: 16_384, blockCount: 1024, blockTimeoutMs: 1 },
      patienceMs: 1000,
    },
  },
  { createThread: threads.create },
);
const ordered = new Promise((resolve) => process.once('SIGTERM', resolve));
await engine.start();
console.log('ready');

/** Waits until more packets have been processed. */
async function processed(packets: number): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while ((await total()) <= packets) {
    if (performance.now() > endMs) throw new Error(`no packet after ${packets} within ${WAIT_MS_MAX} ms`);
    await sleep(5);
  }
}

async function total(): Promise<number> {
  await engine.aggregator?.pass(engine.series.notice.slotCount);
  return engine.aggregator?.totals.processed ?? 0;
}

// What comes before that is the two hosts' looking for each other.
await processed(100);
for (let kill = 0; kill < kills; kill++) {
  await sleep(30 + 13 * (kill % 7));
  await threads.kill(VICTIMS[kill % VICTIMS.length]);
  // Packets come in one direction only: worker1 is back when it answers, which a pass waits for.
  await processed(await total());
}
console.log('done');
await ordered;
const summary = await engine.stop();
const interfaces = engine.aggregator?.totals.interfaces ?? [];
const sum = (numbers: Iterable<number>) => [...numbers].reduce((total, one) => total + one, 0);
console.log(
  JSON.stringify({
    kernelDropped: sum(interfaces.map((own) => own.kernelDropped)),
    received: sum(interfaces.map((own) => own.packets)),
    sent: sum(interfaces.map((own) => own.sentPackets)),
    failed: sum(interfaces.flatMap((own) => [...own.failed])),
    lost: summary.lost,
    violations: [...summary.violations, ...(engine.aggregator?.violationCount ? ['a pass'] : [])],
  }),
);
