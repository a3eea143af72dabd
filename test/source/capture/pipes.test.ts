import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FrameBatch } from '../../../src/source/frame-batch.js';
import { type FileReport, PcapSource } from '../../../src/source/pcap-source.js';
import { SOURCE_FINISHED } from '../../../src/source/source.js';
import { pcapFile, pcapngFile } from '../../fixtures/capture-builder.js';
import { readAt } from '../../support/read-at.js';
import { captureDirectory, numberedFrames, packetsOf, writeCapture } from './play-capture.js';

const directory = captureDirectory();
t.teardown(() => rmSync(directory, { recursive: true }));

const frames = numberedFrames(3);

/** Reads standard input to its end and prints the reports as JSON. */
const CHILD = `
  import { setTimeout } from 'node:timers/promises';
  import { FrameBatch } from '${new URL('../../../src/source/frame-batch.js', import.meta.url)}';
  import { PcapSource } from '${new URL('../../../src/source/pcap-source.js', import.meta.url)}';
  const loop = process.argv.includes('loop');
  const source = new PcapSource(
    { files: ['-'], pace: { kind: 'max' }, loop, interfaceLabel: 'pcap' },
    { reportFile: (report) => console.log(JSON.stringify({ ...report, error: report.error?.message ?? null })) },
  );
  const batch = new FrameBatch();
  source.open();
  for (let count; (count = source.read(batch)) !== -1; ) if (count === 0) await setTimeout(source.waitMs(0));
  source.close();
`;

/** @param redirection what the shell puts around the child, `$0` being node's command line. */
function reportsOfChild(redirection: string, input?: Uint8Array, ...flags: string[]): object[] {
  const script = join(directory, 'child.mjs');
  const args = ['-c', redirection, process.execPath, '--input-type=module', '-e', CHILD, script, ...flags];
  const child = spawnSync('sh', args, { input, encoding: 'utf8', timeout: 15_000 });
  if (child.status !== 0) throw new Error(`the child failed: ${child.stderr}`);
  return child.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

t.test('standard input is read from a pipe, a file, or a socket', async (t) => {
  const bytes = pcapFile(numberedFrames(500).map((frame) => ({ frame })));
  const file = writeCapture(directory, bytes);
  const expected = [{ file: '-', packets: 500, error: null }];
  t.strictSame(reportsOfChild(`cat ${file} | "$0" "$@"`), expected, 'pipe');
  t.strictSame(reportsOfChild(`(head -c 50; sleep 0.2; cat) <${file} | "$0" "$@"`), expected, 'slow pipe');
  t.strictSame(reportsOfChild(`"$0" "$@" <${file}`), expected, 'file');
  t.strictSame(reportsOfChild(`"$0" "$@"`, bytes), expected, 'what spawnSync passes');
  t.strictSame(reportsOfChild(`cat ${file} | "$0" "$@"`, undefined, 'loop'), expected, 'one round only');
});

t.test('errors on standard input name it', async (t) => {
  t.match(reportsOfChild(`printf '' | "$0" "$@"`), [
    { file: '-', packets: 0, error: 'standard input: byte 0: the file is empty' },
  ]);
  const cutFile = writeCapture(directory, pcapngFile(frames).slice(0, -3));
  t.match(reportsOfChild(`cat ${cutFile} | "$0" "$@"`), [
    { file: '-', packets: 2, error: /^standard input: byte 144: the block is cut: 45 bytes of/ },
  ]);
});

t.test('a pipe that has nothing gives no frame and a short wait, and is taken up again', async (t) => {
  for (const bytes of [pcapFile(frames.map((frame) => ({ frame }))), pcapngFile(frames)]) {
    const fifo = join(directory, `fifo-${bytes.length}`);
    execFileSync('mkfifo', [fifo]);
    // Reading and writing, because opening a FIFO for one of them waits for the other side.
    const writer = openSync(fifo, constants.O_RDWR);
    const reports: FileReport[] = [];
    const source = new PcapSource(
      { files: [fifo], pace: { kind: 'max' }, loop: false, interfaceLabel: 'pcap' },
      { reportFile: (report) => reports.push(report) },
    );
    const batch = new FrameBatch();
    const seen: Uint8Array[] = [];
    source.open();
    t.equal(readAt(source, batch, 0), 0, 'nothing yet');
    const waitMs = source.waitMs(0);
    t.ok(waitMs > 0 && waitMs <= 50, `a wait of ${waitMs} ms`);
    for (const byte of bytes) {
      writeSync(writer, Uint8Array.of(byte));
      t.ok(readAt(source, batch, 0) >= 0);
      seen.push(...packetsOf(batch).map((packet) => packet.bytes));
    }
    t.strictSame(seen, frames);
    t.strictSame(reports, []);
    closeSync(writer);
    t.equal(readAt(source, batch, 0), SOURCE_FINISHED);
    t.strictSame(reports, [{ file: fifo, packets: 3, error: null }]);
  }
});
