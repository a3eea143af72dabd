import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Scrape } from '../support/scrape.js';
import { startUpe } from '../support/upe-process.js';

const SOAK_SECONDS = Number(process.env.TEST_SOAK_SECONDS ?? 120);
/** Of the time: what V8 compiles and the heap's first growth are over by then. */
const WARM_UP_PART = 1 / 3;
/** Between two looks, milliseconds. */
const LOOK_MS = 500;
/**
 * What the largest of the last third may be above the largest of the middle one, MiB: the garbage of a few
 * threads between two collections. A thousandth of a byte a packet would be more in half an hour.
 */
const GROWN_MIB_MAX = 16;
/** The threads that see every packet. */
const DATAPLANE = ['rx', 'worker0'] as const;
/**
 * What the least heap of such a thread in the last third may be above the least of the middle one, bytes. A busy thread
 * collects every 2 to 6 s, so that the least of 40 s is what it keeps: 0.1 MB more, after 150 million packets.
 */
const HEAP_GROWN_BYTES_MAX = 2_000_000;
/** What stats calls stalled, seconds. */
const HEARTBEAT_AGE_MAX = 5;

t.setTimeout((SOAK_SECONDS + 60) * 1000);

interface Look {
  readonly residentMib: number;
  readonly heartbeatAgeSeconds: number;
  /** Of each of the dataplane's threads. */
  readonly heapBytes: readonly number[];
}

/** The longest that any thread has not been seen to move. */
function heartbeatAge(scrape: Scrape): number {
  const ages = [...scrape.values].filter(([series]) =>
    series.startsWith('upe_thread_heartbeat_age_seconds{'),
  );
  if (ages.length < 4) throw new Error(`${ages.length} threads with a heartbeat`);
  return Math.max(...ages.map(([, age]) => age));
}

function largest(looks: readonly Look[]): number {
  return Math.max(...looks.map(({ residentMib }) => residentMib));
}

/** The least heap that a thread of the dataplane was seen with, bytes. */
function heapFloor(looks: readonly Look[], thread: number): number {
  return Math.min(...looks.map(({ heapBytes }) => heapBytes[thread]));
}

t.test(`${SOAK_SECONDS} s at full load`, async (t) => {
  // More than it can do: rx and the worker never rest, and packets are dropped.
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '10000000' });
  const looks: Look[] = [];
  let last = await upe.scrape();
  const endMs = performance.now() + 1000 * SOAK_SECONDS;
  while (performance.now() < endMs) {
    await sleep(LOOK_MS);
    const now = await upe.scrape();
    looks.push({
      residentMib: now.value('process_resident_memory_bytes') / 2 ** 20,
      heartbeatAgeSeconds: heartbeatAge(now),
      heapBytes: DATAPLANE.map((thread) => now.value(`upe_thread_heap_bytes{thread="${thread}"}`)),
    });
    const fallen = [...last.growing()].filter(([series, value]) => !(now.value(series) >= value));
    if (fallen.length > 0) t.fail(`look ${looks.length}`, { fallen });
    if (now.value('upe_accounting_violations_total') > 0) t.fail(`look ${looks.length}: the identity`);
    last = now;
  }
  const { exitCode, stderr } = await upe.stop();
  const third = Math.floor(looks.length * WARM_UP_PART);
  const middleLooks = looks.slice(third, 2 * third);
  const endLooks = looks.slice(2 * third);
  const middle = largest(middleLooks);
  const end = largest(endLooks);
  const heartbeat = Math.max(...looks.map(({ heartbeatAgeSeconds }) => heartbeatAgeSeconds));
  const stopped = upe.program.log.at(-1) as unknown as Record<string, number>;
  t.comment(
    `${(stopped.received / 1e6).toFixed(1)} million packets received, ` +
      `${(stopped.processed / SOAK_SECONDS / 1e6).toFixed(2)} million a second judged; resident ` +
      `${largest(looks.slice(0, third)).toFixed(0)} MiB at most in the first third, then ${middle.toFixed(0)}, ` +
      `then ${end.toFixed(0)}; oldest heartbeat ${heartbeat.toFixed(1)} s; ${looks.length} scrapes, ${stopped.passes} passes`,
  );
  t.ok(end - middle < GROWN_MIB_MAX, `grown by less than ${GROWN_MIB_MAX} MiB`);
  for (const [thread, name] of DATAPLANE.entries()) {
    const floors = [middleLooks, endLooks].map((looks) => heapFloor(looks, thread));
    const text = `${name}: heap of ${floors[0]} bytes at least, then ${floors[1]}`;
    t.comment(text);
    t.ok(floors[1] - floors[0] < HEAP_GROWN_BYTES_MAX, text);
  }
  t.ok(heartbeat < HEARTBEAT_AGE_MAX, 'no thread stalled');
  t.same({ exitCode, stderr }, { exitCode: 0, stderr: '' });
  t.match(upe.program.log.at(-1), {
    msg: 'stopped: every packet is accounted for',
    holds: true,
    lost: 0,
    violatedPasses: 0,
  });
});
