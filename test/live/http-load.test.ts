import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { labMissing, watchLab } from '../support/lab.js';
import { rulesFileIn } from '../support/rules-file.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { startUpeOn, type UpeOnHost } from '../support/upe-on-host.js';
import type { CrowdReport } from './http-crowd.js';

const skip = labMissing(['tcpreplay', 'curl', 'sysctl']);
const CROWD = fileURLToPath(new URL('./http-crowd.js', import.meta.url));
/** Longer than a slow client is borne. */
const CROWD_SECONDS = 40;
const PROBE_SECONDS = 2;
const FRAMES = 1000;
/** A good scrape's 99th percentile, milliseconds. */
const GOOD_MS_MAX = 250;

t.setTimeout(180_000);

async function lostOf(upe: UpeOnHost, sent: number): Promise<number> {
  const scrape = await upe.scrapeAfter(sent);
  t.equal(scrape.value('upe_accounting_violations_total'), 0);
  return scrape.sum('upe_rx_dropped_packets_total') + scrape.sum('upe_rx_kernel_dropped_packets_total');
}

function percentile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(part * times.length) - 1];
}

t.test('a crowd at the HTTP server costs no packet, and a good scraper little time', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'frames.pcap');
  const payload = (i: number) => ipv4({ payload: udp({ srcPort: 1024 + i, dstPort: 53 }) });
  writeFrames(
    file,
    Array.from({ length: FRAMES }, (_, i) => ethernet({ minimumBytes: 60, payload: payload(i) })),
  );
  const others = Array.from(
    { length: 3000 },
    (_, i) => `{ name: r${i}, match: { src: 192.0.2.${i % 250} }, action: count }`,
  );
  const rules = rulesFileIn(
    folder,
    'rules',
    ['{ name: dns, match: { dst_port: 53 }, action: count }', ...others],
    'count',
  );
  const { left, mid } = watchLab(t);
  // With packets of 64 KiB the buffers of a loopback socket would hold a whole answer, whoever reads it.
  mid.run('ip', 'link', 'set', 'lo', 'mtu', '1500');
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules, UPE_WORKERS: '1' });
  let sent = 0;
  let lost = 0;
  const send = async (packetsPerSecond: number, loops: number) => {
    const run = await tcpreplay(left, 'eth0', file, packetsPerSecond, loops);
    sent += run.packets;
    const before = lost;
    lost = await lostOf(upe, sent);
    return { ...run, lost: lost - before };
  };

  // As fast as the sender goes, and slower until nothing is lost.
  let rate = (await send(0, 200)).packetsPerSecond;
  while ((await send(Math.round(rate), Math.ceil((rate * PROBE_SECONDS) / FRAMES))).lost > 0) rate *= 0.8;
  const half = Math.round(rate / 2);
  const { port } = new URL((await upe.program.waitForLog('metrics at ')).msg.slice('metrics at '.length));
  const crowd = mid.finish(process.execPath, CROWD, port, String(CROWD_SECONDS));
  const during = await send(half, Math.ceil((half * CROWD_SECONDS) / FRAMES));
  const { exitCode, output } = await crowd;
  t.equal(exitCode, 0, output.slice(0, 500));
  const report: CrowdReport = JSON.parse(output);
  const goodMs = percentile(report.goodMs, 0.99);
  t.comment(
    `loss-free ${Math.round(rate)} packets/s; with the crowd ${Math.round(during.packetsPerSecond)} packets/s, ` +
      `${during.packets} sent, ${during.lost} lost; good scrapes: ${report.goodMs.length}, ` +
      `median ${percentile(report.goodMs, 0.5).toFixed(1)} ms, 99th percentile ${goodMs.toFixed(1)} ms; ` +
      `scrapes of the crowd: ${report.crowdMs.length}, 99th percentile ${percentile(report.crowdMs, 0.99).toFixed(1)} ms; ` +
      `shown out: ${report.slowEnded} slow, ${report.halfOpenEnded} half-open`,
  );
  t.equal(during.lost, 0, 'no packet is lost');
  t.ok(goodMs < GOOD_MS_MAX, `99th percentile ${goodMs.toFixed(1)} ms`);
  t.strictSame(report.failures, {}, 'every scrape is answered');
  t.ok(report.slowEnded >= 100, 'each slow reader is cut off');
  t.ok(report.halfOpenEnded >= 300, 'each half-open request is ended, again and again');
  t.equal((await upe.stop()).exitCode, 0);
});
