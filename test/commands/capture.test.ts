import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ethernet, ipv4, tcp, udp } from '../fixtures/frames.js';
import { CAPTURE_RULES, CapturingUpe } from '../support/capturing-upe.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { readPcapng } from '../support/pcapng-packets.js';
import { tcpdumpMissing as skip, tcpdumpCount } from '../support/tcpdump.js';

const DNS = Buffer.from(
  ethernet({
    vlans: [{ id: 7 }],
    payload: ipv4({ payload: udp({ dstPort: 53, payload: new Uint8Array(29) }) }),
  }),
);
const WEB = Buffer.from(
  ethernet({ payload: ipv4({ payload: tcp({ dstPort: 443, payload: new Uint8Array(1000) }) }) }),
);

t.test('upe capture writes what a rule has counted, until Ctrl-C', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const upe = await CapturingUpe.start(t, folder);
  upe.send([DNS, WEB], 100);
  await upe.counted('dns', 100);
  const file = join(folder, 'dns.pcapng');
  const program = upe.command(t, '--rule', 'dns', '--write', file);
  await upe.running(1);
  const beganUs = Date.now() * 1000;
  upe.send([DNS, WEB], 2000);
  await upe.counted('dns', 2100);
  program.signal('SIGINT');
  const { exitCode, stderr, stdout } = await program.ended;
  t.equal(exitCode, 0, stderr);
  t.equal(stdout, '');
  t.match(
    stderr,
    /^upe: 2,000 packets of rule dns captured \([\d,]+ bytes\), 0 packets not captured; ended by asked\n$/,
  );
  t.equal(tcpdumpCount(file), 2000, 'as many as the rule has counted meanwhile');
  const { comment, interfaces, packets, end } = readPcapng(readFileSync(file));
  t.equal(comment, 'rule=dns action=count generation=1');
  t.strictSame(interfaces, ['pcap']);
  t.strictSame(end, { comment: 'end=asked', delivered: 2000, dropped: 0 });
  for (const packet of packets) {
    t.equal(packet.comment, 'rule=dns action=count generation=1');
    t.equal(Buffer.compare(packet.frame, DNS), 0, 'with its tag');
    t.equal(packet.originalBytes, DNS.length);
    t.ok(
      packet.unixUs >= beganUs - 1e6 && packet.unixUs <= Date.now() * 1000 + 1e6,
      'the time of its reception',
    );
  }
  t.equal(statSync(file).mode & 0o777, 0o600);
  const scrape = await upe.scrape();
  t.equal(scrape.value('upe_capture_packets_total'), 2000);
  t.equal(scrape.value('upe_capture_bytes_total'), statSync(file).size);
  t.equal(scrape.value('upe_captures_ended_total{reason="asked"}'), 1);
  t.equal((await upe.stop()).exitCode, 0, 'the books are in order');
});

t.test('a stream is read while it is written, and ends with the engine', { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const upe = await CapturingUpe.start(t, folder);
  const file = join(folder, 'web.pcapng');
  const program = upe.command(t, '--rule', 'web', '--write', file);
  await upe.running(1);
  upe.send([WEB], 50);
  await upe.counted('web', 50);
  t.equal((await upe.stop()).exitCode, 0);
  const { exitCode, stderr } = await program.ended;
  t.equal(exitCode, 1);
  t.match(stderr, /^upe: 50 packets of rule web captured .*; ended by engine_stopped\n$/);
  t.equal(tcpdumpCount(file), 50);
});

t.test('standard output is whole blocks too', async (t) => {
  const upe = await CapturingUpe.start(t, temporaryFolder(t));
  const response = await upe.begin({ rule: 'dns', packets: 3 });
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-type'), 'application/x-pcapng');
  t.equal(response.headers.get('content-location'), '/api/v1/captures/1');
  upe.send([DNS], 10);
  const { packets, end } = readPcapng(Buffer.from(await response.arrayBuffer()));
  t.equal(packets.length, 3);
  t.strictSame(end, { comment: 'end=packets', delivered: 3, dropped: 0 });
});

t.test('limits', { skip }, async (t) => {
  const upe = await CapturingUpe.start(t, temporaryFolder(t));
  const toFile = async (body: object): Promise<number> => {
    const response = await upe.begin({ rule: 'web', to: 'file', ...body });
    t.equal(response.status, 201);
    const { id, file } = (await response.json()) as { id: number; file: string };
    t.match(file, body === NAMED ? /^mine\.pcapng$/ : /^upe-web-\d{8}T\d{6}Z-\d+\.pcapng$/);
    return id;
  };
  const NAMED = { file: 'mine.pcapng', packets: 7 };
  let sent = 0;
  const LIMITS: readonly [body: object, end: string][] = [
    [NAMED, 'packets'],
    [{ packets: 1 }, 'packets'],
    [{ bytes: 4096 }, 'bytes'],
    [{ bytes: 100_000 }, 'bytes'],
    [{ seconds: 1 }, 'seconds'],
    [{ snap_length: 33, packets: 20 }, 'packets'],
    [{ snap_length: 1, packets: 20 }, 'packets'],
  ];
  for (const [body, expected] of LIMITS) {
    const id = await toFile(body);
    upe.send([WEB], 200);
    sent += 200;
    await upe.counted('web', sent);
    const { end, file, packets, bytes } = await upe.ended(id);
    const label = JSON.stringify(body);
    t.equal(end, expected, label);
    const path = join(upe.dir, file ?? '');
    t.equal(tcpdumpCount(path), packets, label);
    t.equal(statSync(path).size, bytes, label);
    const read = readPcapng(readFileSync(path));
    const {
      packets: packetsMax = 200,
      bytes: bytesMax,
      snap_length: snap = 65_536,
    } = body as Record<string, number>;
    t.ok(packets > 0 && packets <= packetsMax, label);
    if (expected === 'packets') t.equal(packets, packetsMax, label);
    if (bytesMax !== undefined) {
      t.ok(bytes <= bytesMax && bytes > bytesMax - 1500, `${bytes} of ${label}`);
    }
    for (const packet of read.packets) {
      t.equal(packet.frame.length, Math.min(snap, WEB.length), label);
      t.equal(packet.originalBytes, WEB.length, label);
    }
  }
  t.equal(readdirSync(upe.dir).length, LIMITS.length);
  t.equal((await upe.begin({ rule: 'web', ...NAMED })).status, 409, 'a file is not written over');
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('a capture without packets is a capture file as well', { skip }, async (t) => {
  const upe = await CapturingUpe.start(t, temporaryFolder(t));
  await upe.begin({ rule: 'web', file: 'none.pcapng' });
  const { packets, end } = await upe.end(1);
  t.strictSame([packets, end], [0, 'asked']);
  t.equal(tcpdumpCount(join(upe.dir, 'none.pcapng')), 0);
});

t.test('a reload: the capture goes on with its rule, and ends when that goes', async (t) => {
  const upe = await CapturingUpe.start(t, temporaryFolder(t));
  await upe.begin({ rule: 'web', file: 'web.pcapng' });
  await upe.begin({ rule: 'ssh', file: 'ssh.pcapng' });
  upe.send([WEB], 10);
  await upe.counted('web', 10);
  const reload = async (rules: string) => {
    writeFileSync(upe.rulesFile, rules);
    t.equal((await upe.ask('/-/reload', { method: 'POST' })).status, 200);
  };
  const before = '\n  - { name: first, match: { dst_port: 1 }, action: drop }';
  await reload(CAPTURE_RULES.replace('rules:', `rules:${before}`).replace('22', '2222'));
  upe.send([WEB], 10);
  await upe.counted('web', 20);
  await reload(CAPTURE_RULES.replace('443 }, action: drop', '443 }, action: count'));
  const { packets, end } = await upe.ended(1);
  t.strictSame([packets, end], [20, 'rule_gone'], 'with another action it is another rule');
  const comments = readPcapng(readFileSync(join(upe.dir, 'web.pcapng'))).packets.map(
    ({ comment }) => comment,
  );
  const ofGeneration = (generation: number) =>
    comments.filter((comment) => comment === `rule=web action=drop generation=${generation}`).length;
  t.strictSame([ofGeneration(1), ofGeneration(2)], [10, 10]);
  t.equal((await upe.capture(2)).state, 'running', 'a rule that stays is captured on');
  t.equal((await upe.stop()).exitCode, 0);
  t.equal(readPcapng(readFileSync(join(upe.dir, 'ssh.pcapng'))).end?.comment, 'end=engine_stopped');
});
