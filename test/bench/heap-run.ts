import { setTimeout as sleep } from 'node:timers/promises';
import { startUpe } from '../support/upe-process.js';

/**
 * `heap-run.js PACKETS`: how much more heap rx or a worker, whichever it is more of, holds after so many packets, at full
 * load: `upe run` with more demo traffic than it can make, scraped once a second. Of twice as many packets the smallest
 * reading of each half counts, because what V8 has not collected yet is no growth.
 */
const DEMO_PPS = 10_000_000;
/** On a slow machine V8 optimises the outermost loops for so long, and keeps what it knows of them: up to 0.7 MB. */
const WARM_UP_MS = 45_000;
/** As often as a thread looks at its heap. */
const READING_MS = 1000;
const READINGS_MIN = 12;
const THREADS = ['rx', 'worker0'];

const packetsWanted = Number(process.argv[2]);
const cleanUps: (() => unknown)[] = [];
try {
  const upe = await startUpe(
    { teardown: (clean) => cleanUps.push(clean) },
    { UPE_SOURCE: 'demo', UPE_DEMO_PPS: String(DEMO_PPS), UPE_WORKERS: '1' },
  );
  await sleep(WARM_UP_MS);
  const receivedBefore = (await upe.scrape()).sum('upe_rx_packets_total');
  const readings: number[][] = [];
  let packets = 0;
  while (packets < 2 * packetsWanted || readings.length < READINGS_MIN) {
    await sleep(READING_MS);
    const scrape = await upe.scrape();
    packets = scrape.sum('upe_rx_packets_total') - receivedBefore;
    readings.push(THREADS.map((thread) => scrape.value(`upe_thread_heap_bytes{thread="${thread}"}`)));
  }
  const { exitCode } = await upe.stop();
  if (exitCode !== 0) throw new Error(`upe has ended with code ${exitCode}`);
  const half = readings.length >> 1;
  const growths = THREADS.map(
    (_, thread) => least(readings.slice(half), thread) - least(readings.slice(0, half), thread),
  );
  process.stdout.write(`${JSON.stringify({ growthBytes: Math.max(...growths), packets })}\n`);
} finally {
  for (const clean of cleanUps) await clean();
}

function least(readings: readonly number[][], thread: number): number {
  return Math.min(...readings.map((reading) => reading[thread]));
}
