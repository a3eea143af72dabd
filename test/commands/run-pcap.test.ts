import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { pcapFile } from '../fixtures/capture-builder.js';
import { SAMPLE_CAPTURE, SAMPLE_RECORDS, SAMPLE_RULES } from '../fixtures/sample-capture.js';
import { temporaryFolder, writeCapture } from '../support/engine-fixture.js';
import type { Scrape } from '../support/scrape.js';
import { eventually, type LogLine, startUpe, type TestScope } from '../support/upe-process.js';

const folder = temporaryFolder(t);
const sample = write('sample.pcap', SAMPLE_CAPTURE);
const rules = write('rules.yaml', SAMPLE_RULES);
const RX = 'upe_rx_packets_total{interface="pcap"}';
const WEB = 'upe_rule_packets_total{rule="web",action="count"}';

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function startPcap(t: TestScope, file: string, env: Record<string, string>) {
  return startUpe(t, { UPE_SOURCE: 'pcap', UPE_PCAP_FILE: file, UPE_RULES_FILE: rules, ...env });
}

/**
 * Waits for the end of the file and then for the workers. A scrape may show what was up to 100 ms ago, when nothing had
 * been received yet, and so nothing was in flight either.
 */
async function scrapeAtEnd(upe: Awaited<ReturnType<typeof startUpe>>): Promise<Scrape> {
  await upe.program.waitForLog('the source has finished');
  const read = upe.program.log.find(({ msg }) => msg.startsWith('capture file '));
  return eventually('scrape with all packets and nothing in flight', async () => {
    const scrape = await upe.scrape();
    return scrape.value(RX) === read?.packets && scrape.value('upe_in_flight_packets') === 0 && scrape;
  });
}

t.test('at the end of the file it has counted every frame, says so, and keeps serving', async (t) => {
  const upe = await startPcap(t, sample, { UPE_PCAP_PACE: 'max' });
  const scrape = await scrapeAtEnd(upe);
  for (const [series, value] of [
    [RX, 13],
    ['upe_rx_bytes_total{interface="pcap"}', 2148],
    ['upe_source_finished', 1],
    ['upe_rule_packets_total{rule="telnet",action="drop"}', 2],
    ['upe_rule_bytes_total{rule="telnet",action="drop"}', 128],
    ['upe_rule_packets_total{rule="web",action="count"}', 4],
    ['upe_rule_bytes_total{rule="web",action="count"}', 1696],
    ['upe_rule_packets_total{rule="never",action="drop"}', 0],
    ['upe_unmatched_packets_total{action="count"}', 1],
    ['upe_malformed_packets_total{reason="ipv4_header_length"}', 1],
    ['upe_malformed_bytes_total{reason="ipv4_header_length"}', 42],
    ['upe_unclassified_packets_total{kind="arp"}', 1],
    ['upe_anomalies_total{kind="fragment"}', 2],
    ['upe_verdict_packets_total{verdict="count"}', 11],
    ['upe_verdict_packets_total{verdict="drop"}', 2],
    ['upe_packet_latency_seconds_count', 13],
  ] as const) {
    t.equal(scrape.value(series), value, series);
  }
  t.match(
    upe.program.log.find(({ msg }) => msg === 'capture file read'),
    { file: sample, packets: 13, error: null },
  );
  t.equal((await upe.get('/-/healthy')).status, 200);
  t.equal((await upe.get('/-/ready')).status, 200);
  t.equal((await upe.stop()).exitCode, 0);
  t.match(upe.program.log.at(-1), { holds: true, received: 13, enqueued: 13, dropped: 0, processed: 13 });
});

/** From the moment that the engine is up to the end of the file. */
function playedMs(log: readonly LogLine[]): number {
  const timeOf = (text: string) => Date.parse(log.find(({ msg }) => msg.startsWith(text))!.time);
  return timeOf('the source has finished') - timeOf('metrics at');
}

t.test('a file waits for its pace', async (t) => {
  const hundred = writeCapture(folder, 100);
  const seconds = write(
    'seconds.pcap',
    pcapFile([0, 500_000, 999_999].map((fraction) => ({ ...SAMPLE_RECORDS[0], fraction }))),
  );
  for (const [pace, file, packets, beginMs, endMs] of [
    ['80', hundred, 100, 1000, 3000],
    ['realtime', seconds, 3, 750, 3000],
    ['max', writeCapture(folder, 10_000), 10_000, -1000, 1500],
  ] as const) {
    const upe = await startPcap(t, file, { UPE_PCAP_PACE: pace });
    if (pace !== 'max') t.equal((await upe.scrape()).value('upe_source_finished'), 0, `${pace}: not at once`);
    const scrape = await scrapeAtEnd(upe);
    t.equal(scrape.value(RX), packets, pace);
    t.equal(scrape.sum('upe_rx_dropped_packets_total'), 0, `${pace}: a file can wait`);
    const ms = playedMs(upe.program.log);
    t.ok(ms > beginMs && ms < endMs, `${pace}: ${ms} ms`);
    await upe.stop();
  }
});

t.test('a loop begins again at the end of the file', async (t) => {
  const upe = await startPcap(t, sample, { UPE_PCAP_LOOP: 'true', UPE_PCAP_PACE: '2000' });
  const scrape = await eventually('third round', async () => {
    const scrape = await upe.scrape();
    return scrape.value(RX) > 3 * 13 && scrape.value(WEB) > 3 * 3 && scrape;
  });
  t.equal(scrape.value('upe_source_finished'), 0);
  t.equal((await upe.stop()).exitCode, 0);
  t.match(upe.program.log.at(-1), { holds: true, dropped: 0 });
});

t.test('a damaged file is counted as far as it goes, logged, and the engine keeps serving', async (t) => {
  const damaged = write('damaged.pcap', SAMPLE_CAPTURE.subarray(0, 24 + 16 + 54 + 16 + 74 + 30));
  const upe = await startPcap(t, damaged, { UPE_PCAP_PACE: 'max' });
  const scrape = await scrapeAtEnd(upe);
  t.equal(scrape.value(RX), 2);
  t.equal(scrape.value('upe_source_finished'), 1);
  const line = upe.program.log.find(({ msg }) => msg === 'capture file damaged');
  t.match(line, { level: 50, file: damaged, packets: 2 });
  t.match(line?.error, `${damaged}: byte 184: `);
  await sleep(200);
  t.equal((await upe.get('/-/ready')).status, 200);
  t.equal((await upe.stop()).exitCode, 1);
});

t.test('a damaged file in a loop is played again and again, as far as it goes', async (t) => {
  const damaged = write('damaged-loop.pcap', SAMPLE_CAPTURE.subarray(0, 24 + 16 + 54 + 8));
  const upe = await startPcap(t, damaged, { UPE_PCAP_LOOP: 'true', UPE_PCAP_PACE: '200' });
  await eventually('third round', async () => (await upe.scrape()).value(RX) > 3);
  t.equal((await upe.get('/-/ready')).status, 200);
  t.equal((await upe.stop()).exitCode, 1);
});
