import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CaptureFileError, EnvironmentError } from '../../src/errors.js';
import { BURST_FRAMES, FrameBatch } from '../../src/source/frame-batch.js';
import { type FileReport, PcapSource, type PcapSourceConfig } from '../../src/source/pcap-source.js';
import { SOURCE_FINISHED } from '../../src/source/source.js';
import { pcapFile, pcapngFile, pcapRecord } from '../fixtures/capture-builder.js';
import { readAt } from '../support/read-at.js';
import {
  captureDirectory,
  numberedFrames,
  packetsOf,
  playFiles,
  writeCapture,
} from './capture/play-capture.js';

const directory = captureDirectory();
t.teardown(() => rmSync(directory, { recursive: true }));

const frames = numberedFrames(4);
const records = frames.map((frame) => ({ frame }));
const good = writeCapture(directory, pcapFile(records.slice(0, 2)));
const goodNg = writeCapture(directory, pcapngFile(frames.slice(2)));
const cut = writeCapture(directory, pcapFile(records).slice(0, -1));
const empty = writeCapture(directory, pcapFile([]));
const missing = join(directory, 'missing.pcap');

function makeSource(config: Partial<PcapSourceConfig>): { source: PcapSource; reports: FileReport[] } {
  const reports: FileReport[] = [];
  const source = new PcapSource(
    { files: [good], pace: { kind: 'max' }, loop: false, interfaceLabel: 'pcap', ...config },
    { reportFile: (report) => reports.push(report) },
  );
  return { source, reports };
}

t.test('files are read one after the other, each reported once', async (t) => {
  const { packets, reports } = playFiles([good, goodNg]);
  t.strictSame(
    packets.map((packet) => packet.bytes),
    frames,
  );
  t.strictSame(reports, [
    { file: good, packets: 2, error: null },
    { file: goodNg, packets: 2, error: null },
  ]);
});

t.test('a file that is damaged or missing does not keep the next one from being read', async (t) => {
  const { packets, reports } = playFiles([missing, cut, empty, good]);
  t.strictSame(
    packets.map((packet) => packet.bytes),
    [...frames.slice(0, 3), ...frames.slice(0, 2)],
  );
  t.strictSame(
    reports.map(({ file, packets }) => [file, packets]),
    [
      [missing, 0],
      [cut, 3],
      [empty, 0],
      [good, 2],
    ],
  );
  t.type(reports[0]?.error, EnvironmentError);
  t.type(reports[1]?.error, CaptureFileError);
  t.strictSame([reports[2]?.error, reports[3]?.error], [null, null]);
});

t.test('the source has one interface, can wait, and counts what it has read', async (t) => {
  const { source } = makeSource({ interfaceLabel: 'trace' });
  t.strictSame(source.interfaces, ['trace']);
  t.equal(source.patienceMs, Number.POSITIVE_INFINITY);
  t.equal(source.block, null);
  t.equal(source.takeKernelDrops(), 0);
  t.equal(source.bytesRead, 0);
  const batch = new FrameBatch();
  source.open();
  t.equal(readAt(source, batch, 0), 2);
  t.equal(batch.interfaceIndex[0], 0);
  t.equal(source.bytesRead, statSync(good).size);
  t.equal(readAt(source, batch, 0), SOURCE_FINISHED);
  t.equal(readAt(source, batch, 0), SOURCE_FINISHED, 'and stays finished');
});

t.test('nothing is read before open or after close', async (t) => {
  const { source, reports } = makeSource({});
  const batch = new FrameBatch();
  t.equal(readAt(source, batch, 0), SOURCE_FINISHED);
  source.open();
  t.equal(readAt(source, batch, 0), 2);
  source.close();
  source.close();
  t.equal(readAt(source, batch, 0), SOURCE_FINISHED);
  t.equal(batch.frameCount, 0);
  t.strictSame(reports, []);
});

t.test('a batch holds a burst at most, and its frames lie in one memory until the next read', async (t) => {
  // Frames of 60,000 bytes, so that the read buffer's end falls between two of one burst.
  const large = Array.from({ length: 100 }, (_, i) => new Uint8Array(60_000).fill(i));
  const file = writeCapture(directory, pcapFile(large.map((frame) => ({ frame }))));
  const { source } = makeSource({ files: [file] });
  const batch = new FrameBatch();
  const counts: number[] = [];
  let index = 0;
  source.open();
  for (;;) {
    const count = readAt(source, batch, 0);
    if (count === SOURCE_FINISHED) break;
    counts.push(count);
    t.equal(batch.view.buffer, batch.bytes.buffer);
    for (const { bytes } of packetsOf(batch)) {
      t.ok(bytes.length === 60_000 && bytes.every((byte) => byte === index), `frame ${index}`);
      index++;
    }
  }
  t.equal(index, 100);
  t.ok(counts.every((count) => count > 0 && count <= BURST_FRAMES));
  t.ok(
    counts.slice(0, -1).some((count) => count < BURST_FRAMES),
    'a burst has ended early',
  );
});

t.test('packets before the damage are delivered in the same batch, then the error is reported', async (t) => {
  const { source, reports } = makeSource({ files: [cut, good] });
  const batch = new FrameBatch();
  source.open();
  t.equal(readAt(source, batch, 0), 3);
  t.equal(reports.length, 0);
  t.equal(readAt(source, batch, 0), 2);
  t.match(reports, [{ file: cut, packets: 3 }]);
  t.equal(readAt(source, batch, 0), SOURCE_FINISHED);
  t.equal(reports.length, 2);

  const absurd = pcapRecord({ frame: frames[0]!, capturedBytes: 0x7fffffff });
  const file = writeCapture(directory, new Uint8Array([...pcapFile(records), ...absurd]));
  const { source: other, reports: otherReports } = makeSource({ files: [file] });
  other.open();
  t.equal(readAt(other, batch, 0), 4);
  t.strictSame(
    packetsOf(batch).map((packet) => packet.bytes),
    frames,
  );
  t.match(otherReports, [{ packets: 4, error: { code: 'UPE_CAPTURE_FILE' } }]);
  t.equal(readAt(other, batch, 0), SOURCE_FINISHED);
});

t.test('a loop begins again and reports every round', async (t) => {
  const { source, reports } = makeSource({ files: [good, missing, goodNg], loop: true });
  const batch = new FrameBatch();
  const seen: Uint8Array[] = [];
  source.open();
  while (seen.length < 12) {
    t.ok(readAt(source, batch, 0) > 0);
    seen.push(...packetsOf(batch).map((packet) => packet.bytes));
  }
  source.close();
  t.strictSame(seen, [...frames, ...frames, ...frames]);
  t.strictSame(
    reports.slice(0, 6).map(({ file, packets }) => [file, packets]),
    [good, missing, goodNg, good, missing, goodNg].map((file) => [file, file === missing ? 0 : 2]),
  );
});

t.test('a loop in which no file gives a packet ends', async (t) => {
  const { source, reports } = makeSource({ files: [empty, missing], loop: true });
  source.open();
  t.equal(readAt(source, new FrameBatch(), 0), SOURCE_FINISHED);
  t.equal(reports.length, 2);
});

t.test('no files at all are finished at once', async (t) => {
  const { source, reports } = makeSource({ files: [], loop: true });
  source.open();
  t.equal(readAt(source, new FrameBatch(), 0), SOURCE_FINISHED);
  t.strictSame(reports, []);
});

t.test('realtime gives frames as their timestamps fall due, each round on a new base', async (t) => {
  const file = writeCapture(
    directory,
    pcapFile(
      frames.map((frame, i) => ({ frame, seconds: 1_700_000_000, fraction: [0, 10_000, 10_000, 5_000][i]! })),
    ),
  );
  const { source } = makeSource({ files: [file], loop: true, pace: { kind: 'realtime' } });
  const batch = new FrameBatch();
  source.open();
  for (const { nowMs, count, waitMs } of [
    { nowMs: 1000, count: 1 },
    { nowMs: 1000, count: 0, waitMs: 10 },
    { nowMs: 1004, count: 0, waitMs: 6 },
    { nowMs: 1010, count: 3 },
    { nowMs: 1010, count: 1 },
    { nowMs: 1010, count: 0, waitMs: 10 },
    { nowMs: 1020, count: 3 },
  ]) {
    t.equal(readAt(source, batch, nowMs), count, `at ${nowMs}`);
    if (waitMs !== undefined) t.equal(source.waitMs(nowMs), waitMs);
  }
  t.strictSame(
    packetsOf(batch).map((packet) => packet.bytes),
    frames.slice(1),
  );
  source.close();
});

t.test('a rate gives frames evenly, and a packet that waits is not lost', async (t) => {
  const { source, reports } = makeSource({
    files: [good, goodNg],
    pace: { kind: 'rate', packetsPerSecond: 1000 },
  });
  const batch = new FrameBatch();
  const seen: Uint8Array[] = [];
  source.open();
  for (let nowMs = 0; nowMs < 4; nowMs++) {
    t.equal(readAt(source, batch, nowMs), 1, `at ${nowMs}`);
    seen.push(...packetsOf(batch).map((packet) => packet.bytes));
    t.equal(readAt(source, batch, nowMs + 0.5), nowMs < 3 ? 0 : SOURCE_FINISHED);
  }
  t.strictSame(seen, frames);
  t.match(reports, [{ packets: 2 }, { packets: 2 }]);
});
