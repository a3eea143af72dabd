import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { SLOT_CELLS, SLOT_LAST_MS } from '../../src/counters/catalogue.js';
import type { Engine } from '../../src/engine/engine.js';
import type { Aggregator } from '../../src/stats/aggregator.js';
import { Random } from '../protocol/random.js';
import { createEngine, rules, temporaryFolder, writeCapture } from '../support/engine-fixture.js';
import { ENDLESS_RESTARTS, KillableThreads } from '../support/killable-threads.js';

const KILLS = Number(process.env.TEST_WORKER_KILLS ?? 200);
const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const BACK_MS_MAX = 1000;
const WORKERS = 2;
const RULES = rules(`
default_action: count
rules:
  - { name: telnet, match: { protocol: tcp, dst_port: 23 }, action: drop }
  - { name: dns, match: { dst_port: 53 }, action: forward }
`);

t.setTimeout(180_000 * Math.max(1, KILLS / 200));

/** Looks at the counters of an engine without a stats thread, and sees to it that they are right each time. */
class Watch {
  readonly aggregator: Aggregator;
  passes = 0;
  private before: number[] = [];

  constructor(private readonly engine: Engine) {
    if (engine.aggregator === null) throw new Error('the engine has a stats thread');
    this.aggregator = engine.aggregator;
  }

  async look(): Promise<void> {
    await this.aggregator.pass(this.engine.series.notice.slotCount);
    this.passes++;
    const { totals } = this.aggregator;
    if (!totals.identity.holds) throw new Error(totals.identity.violations.join('; '));
    const now = [
      totals.received,
      totals.enqueued,
      totals.processed,
      totals.lost,
      ...totals.slots.filter((_, cell) => cell % SLOT_CELLS !== SLOT_LAST_MS),
    ];
    now.forEach((value, i) => {
      if (value < (this.before[i] ?? 0))
        throw new Error(`counter ${i} went from ${this.before[i]} to ${value}`);
    });
    this.before = now;
  }

  /** Waits until a worker processes packets again. Returns how long that took, milliseconds. */
  async untilBack(worker: number): Promise<number> {
    const beganMs = performance.now();
    const before = this.aggregator.totals.workers[worker].packets;
    while (this.aggregator.totals.workers[worker].packets === before) {
      await this.look();
      // Not more often: it takes its time from the threads that are to come back.
      await sleep(5);
      if (performance.now() - beganMs > 20_000) throw new Error(`worker ${worker} is not back`);
    }
    return performance.now() - beganMs;
  }
}

t.comment(`TEST_SEED=${SEED}`);

for (const kind of ['demo', 'file'] as const) {
  t.test(`${KILLS / 2} workers are killed under load: ${kind}`, async (t) => {
    const random = new Random(SEED + kind.length);
    const threads = new KillableThreads();
    const restarted: string[] = [];
    const engine = createEngine(
      {
        workerCount: WORKERS,
        ruleSet: RULES,
        poolBuffers: 4096,
        restarts: ENDLESS_RESTARTS,
        source:
          kind === 'demo'
            ? { kind: 'demo', packetsPerSecond: 300_000, seed: 1 }
            : {
                kind: 'pcap',
                files: [writeCapture(temporaryFolder(t), 50_000)],
                pace: { kind: 'max' },
                loop: true,
              },
      },
      { createThread: threads.create, onRestart: (thread) => restarted.push(thread) },
    );
    await engine.start();
    const watch = new Watch(engine);
    const backMs: number[] = [];
    for (let kill = 0; kill < KILLS / 2; kill++) {
      const worker = random.below(WORKERS);
      await sleep(random.fraction() * 10);
      await watch.look();
      await threads.kill(`worker${worker}`);
      await watch.look();
      backMs.push(await watch.untilBack(worker));
    }
    const summary = await engine.stop();
    const { lost, received, violations, inFlight } = summary;
    backMs.sort((a, b) => a - b);
    t.comment(
      `${received} packets, ${lost} lost, ${watch.passes} passes; back after ` +
        `${backMs[backMs.length >> 1].toFixed(0)} ms (median), ${backMs.at(-1)?.toFixed(0)} ms (longest)`,
    );
    t.same(violations, [], 'no buffer leaked, nothing uncounted');
    t.equal(inFlight, 0);
    t.equal(restarted.length, KILLS / 2);
    t.ok(lost <= KILLS / 2, 'no more than one packet each');
    t.ok(
      backMs.every((ms) => ms < BACK_MS_MAX),
      'each back within a second',
    );
  });
}
