import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { FileSink } from '../../src/stats/capture/file-sink.js';
import { ethernet, ipv4, tcp } from '../fixtures/frames.js';
import { AUTHORIZATION, CapturingUpe } from '../support/capturing-upe.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { readPcapng } from '../support/pcapng-packets.js';
import { tcpdumpCount, tcpdumpMissing } from '../support/tcpdump.js';
import { eventually } from '../support/upe-process.js';

const WEB = Buffer.from(
  ethernet({ payload: ipv4({ payload: tcp({ dstPort: 443, payload: new Uint8Array(1300) }) }) }),
);
/** Together 43 MB: more than the engine and both sockets hold for a reader that does not read. */
const MANY = 32_000;
/**
 * Where the last whole block of a packet ends, 1,400 bytes are left: the block that says why it ended finds room
 * wherever the pieces that are written end.
 */
const FULL_DISK_BYTES = 262_144;

t.test('a client that goes away ends its capture, and nothing else', async (t) => {
  const upe = await CapturingUpe.start(t, temporaryFolder(t));
  const gone = new AbortController();
  t.equal((await upe.begin({ rule: 'web' }, { signal: gone.signal })).status, 200);
  await upe.running(1);
  gone.abort();
  t.equal((await upe.ended(1)).end, 'client_gone');
  upe.send([WEB], 100);
  await upe.counted('web', 100);
  const scrape = await upe.scrape();
  t.equal(scrape.value('upe_captures_ended_total{reason="client_gone"}'), 1);
  t.equal(scrape.value('upe_captures_running'), 0);
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('a reader that does not read ends its capture; no packet waits for it', async (t) => {
  const upe = await CapturingUpe.start(t, temporaryFolder(t));
  const port = Number(new URL((await upe.ask('/-/healthy')).url).port);
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  t.teardown(() => socket.destroy());
  const body = '{"rule":"web","packets":1000000}';
  socket.write(
    `POST /api/v1/captures HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${AUTHORIZATION}\r\n` +
      `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  socket.pause();
  await upe.running(1);
  upe.send(Array(16).fill(WEB), MANY / 16);
  await upe.counted('web', MANY);
  const capture = await eventually('an end', async () => {
    const now = await upe.capture(1);
    return now.end !== null && now;
  });
  t.equal(capture.end, 'slow_reader');
  t.equal(capture.state, 'ending', 'it has not all yet');
  t.ok(capture.bytes > 8e6 && capture.bytes < 40e6, `${capture.bytes} bytes were made for it`);
  const scrape = await upe.scrape();
  t.equal(scrape.value('upe_rx_packets_total{interface="pcap"}'), MANY);
  t.equal(scrape.value('upe_accounting_violations_total'), 0);
  socket.destroy();
  await eventually('the end of what it was sent', async () => {
    const ends = await upe.scrape();
    return ends.value('upe_captures_ended_total{reason="slow_reader"}') === 1;
  });
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('other users: a stream ends, a file goes on', async (t) => {
  const folder = temporaryFolder(t);
  const upe = await CapturingUpe.start(t, folder);
  const stream = upe.command(t, '--rule', 'web', '--write', join(folder, 'web.pcapng'));
  await upe.running(1);
  await upe.begin({ rule: 'ssh', file: 'ssh.pcapng' });
  await upe.running(2);
  appendFileSync(upe.usersFile, '# the same users, and still another file\n');
  await upe.scrape();
  const { exitCode, stderr } = await stream.ended;
  t.equal(exitCode, 1);
  t.match(stderr, /ended by access_changed\n$/);
  t.equal((await upe.capture(2)).end, null);
  t.equal((await upe.stop()).exitCode, 0);
});

const tmpfsMissing = process.getuid?.() !== 0 && 'a small disk needs root';

function mountSmallDisk(t: Test, folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${FULL_DISK_BYTES}`, 'tmpfs', folder]);
  t.teardown(() => execFileSync('umount', ['--lazy', folder]));
}

t.test(
  'a full disk ends the capture, and leaves a file',
  { skip: tmpfsMissing || tcpdumpMissing },
  async (t) => {
    const folder = temporaryFolder(t);
    const upe = await CapturingUpe.start(t, folder);
    mountSmallDisk(t, upe.dir);
    await upe.begin({ rule: 'web', file: 'full.pcapng' });
    upe.send([WEB], 1000);
    await upe.counted('web', 1000);
    const { end, packets } = await upe.ended(1);
    t.equal(end, 'write_failed');
    const file = join(upe.dir, 'full.pcapng');
    t.equal(tcpdumpCount(file), packets, 'what it says, the file has');
    t.ok(packets < FULL_DISK_BYTES / WEB.length, `${packets} packets`);
    const written = readPcapng(readFileSync(file));
    t.equal(written.packets.length, packets, 'whole blocks');
    t.match(
      written.end,
      { comment: 'end=write_failed', delivered: packets },
      'and it says that it lacks some',
    );
    t.ok((written.end?.dropped ?? 0) > 0);
    const scrape = await upe.scrape();
    t.equal(scrape.value('upe_captures_ended_total{reason="write_failed"}'), 1);
    t.equal(scrape.value('upe_capture_packets_total'), packets);
    t.ok(scrape.value('upe_capture_dropped_packets_total{reason="unwritten"}') > 0);
    t.equal((await upe.begin({ rule: 'web', file: 'more.pcapng' })).status, 201, 'another one may begin');
    t.equal((await upe.stop()).exitCode, 0);
  },
);

t.test(
  'a disk without room for the last block either keeps what was written',
  { skip: tmpfsMissing },
  async (t) => {
    const folder = temporaryFolder(t);
    mountSmallDisk(t, folder);
    const file = join(folder, 'full.pcapng');
    const failures: string[] = [];
    const sink = await FileSink.create(file, {
      onWritten: () => undefined,
      onFailed: (end) => failures.push(end),
    });
    const written = Buffer.alloc(FULL_DISK_BYTES - 8, 1);
    sink.write(written, 100);
    sink.write(Buffer.alloc(16, 2), 1);
    await sink.finish((delivered) => Buffer.alloc(delivered === 100 ? 12 : 1, 3));
    t.same(failures, ['write_failed'], 'said once');
    t.equal(sink.packets, 100);
    t.ok(readFileSync(file).equals(written), 'all of it, and no part of what failed');
  },
);

t.test(
  'upe capture on a full disk: one line, and whole blocks',
  { skip: tmpfsMissing || tcpdumpMissing },
  async (t) => {
    const folder = temporaryFolder(t);
    const upe = await CapturingUpe.start(t, folder);
    mountSmallDisk(t, upe.dir);
    const file = join(upe.dir, 'web.pcapng');
    const program = upe.command(t, '--rule', 'web', '--write', file);
    await upe.running(1);
    upe.send([WEB], 1000);
    const { exitCode, stderr } = await program.ended;
    t.equal(exitCode, 1);
    t.match(stderr, /^upe: cannot write .*web\.pcapng: no space left on device\n$/);
    t.ok(tcpdumpCount(file) >= 0);
    t.equal((await upe.ended(1)).end, 'client_gone');
  },
);
