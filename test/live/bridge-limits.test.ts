import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';
import {
  addIpv6,
  balancedScrape,
  bridgeLab,
  download,
  RIGHT,
  randomFile,
  serve,
  stopBalanced,
} from '../support/bridge-lab.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { type Host, labMissing } from '../support/lab.js';
import { rulesFileIn } from '../support/rules-file.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { startOnHost, startUpeOn } from '../support/upe-on-host.js';

const skip = labMissing(['tcpreplay', 'curl', 'ping', 'sysctl', 'tcpdump']);
const folder = temporaryFolder(t);
const BRIDGE = { UPE_BRIDGE: 'eth0:eth1', UPE_RULES_FILE: rulesFileIn(folder, 'pass-all', [], 'forward') };

/** Has a host leave transport checksums to its network card, which a veth pair does not have. */
function leaveChecksums(...hosts: readonly Host[]): void {
  for (const host of hosts) host.run('ethtool', '-K', 'eth0', 'tx', 'on');
}

/** Answers every UDP datagram with itself, until the lab is closed. */
async function echo(host: Host, port: number): Promise<void> {
  const code = `const socket = require('node:dgram').createSocket('udp6');
    socket.on('message', (data, { address, port }) => socket.send(data, port, address));
    socket.bind(${port}, '::', () => console.log('bound'))`;
  const server = host.start(process.execPath, '-e', code);
  await new Promise((resolve) => server.stdout?.once('data', resolve));
}

/** Sends datagrams of several sizes, each until its echo has come. Returns how many did not come back. */
async function echoesMissing(host: Host, address: string, port: number): Promise<number> {
  const code = `const kind = process.argv[1].includes(':') ? 'udp6' : 'udp4';
    const socket = require('node:dgram').createSocket(kind);
    const left = new Set([1, 2, 33, 1400, 1401, 4000]);
    socket.on('message', (data) => left.delete(data.length));
    const send = () => left.forEach((size) => socket.send(Buffer.alloc(size, 0xa5), ${port}, process.argv[1]));
    send();
    const end = () => (console.log(left.size), process.exit());
    const timer = setInterval(() => (left.size === 0 ? end() : send()), 100);
    setTimeout(end, 5000);`;
  return Number((await host.finish(process.execPath, '-e', code, address)).output);
}

/** Counters of a protocol on a host: /proc/net/snmp has a line of names, then one of values. */
function snmp(host: Host, protocol: string): Record<string, number> {
  const lines = host.run('cat', '/proc/net/snmp').split('\n');
  const [names, values] = lines
    .filter((line) => line.startsWith(`${protocol}:`))
    .map((line) => line.split(' '));
  return Object.fromEntries(names.slice(1).map((name, i) => [name, Number(values[i + 1])]));
}

t.test('checksums that senders leave to hardware are filled in', { skip }, async (t) => {
  const net = bridgeLab(t);
  const { left, mid, right } = net;
  leaveChecksums(left, right);
  const upe = await startUpeOn(t, mid, BRIDGE);
  await addIpv6(net);
  await echo(right, 7);
  // The proof that checksums are missing where they are expected to be: tcpdump on the bridge itself.
  const result = join(folder, 'unfinished.pcap');
  const options = ['-i', 'eth0', '-Q', 'in', '-Z', 'root', '--immediate-mode', '-U', '-w', result, '-c', '1'];
  const tcpdump = mid.start('tcpdump', ...options, 'ip and udp dst port 7 and less 60');
  const ended = new Promise((resolve) => tcpdump.once('exit', resolve));
  await new Promise((resolve) => tcpdump.stderr?.once('data', resolve));
  for (const address of [RIGHT.ipv4, RIGHT.ipv6]) {
    t.equal(await echoesMissing(left, address, 7), 0, `UDP to ${address}`);
  }
  await ended;
  t.match(left.run('tcpdump', '-nvv', '-r', result), /bad udp cksum/, 'UPE has received unfinished ones');

  const file = randomFile(folder, 'download', 5_000_000);
  await serve(right, 8000, file);
  for (const host of [RIGHT.ipv4, `[${RIGHT.ipv6}]`]) {
    const copy = join(folder, 'copy');
    const { exitCode, output } = await download(left, `http://${host}:8000/`, copy);
    t.equal(exitCode, 0, output);
    t.ok(readFileSync(copy).equals(readFileSync(file)), `TCP to ${host}`);
  }
  for (const host of [left, right]) {
    t.match(snmp(host, 'Tcp'), { InErrs: 0, InCsumErrors: 0 }, 'no segment refused');
    t.match(snmp(host, 'Udp'), { InErrors: 0, InCsumErrors: 0 }, 'no datagram refused');
  }
  await stopBalanced(t, upe);
});

/** Why SCTP cannot be tried here, or `false`. */
function sctpMissing(): string | false {
  const { status } = spawnSync('python3', ['-c', 'import socket; socket.socket(2, socket.SOCK_STREAM, 132)']);
  return status !== 0 && 'this kernel has no SCTP, or python3 is not installed';
}

t.test('so are those of SCTP', { skip: skip || sctpMissing() }, async (t) => {
  const { left, mid, right } = bridgeLab(t);
  leaveChecksums(left, right);
  const upe = await startUpeOn(t, mid, BRIDGE);
  const socket = 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132)';
  const listen = `s.bind(("${RIGHT.ipv4}", 5000)); s.listen(); print("listening", flush=True)`;
  const server = right.start(
    'python3',
    '-c',
    `${socket}; ${listen}; c = s.accept()[0]; c.sendall(c.recv(100))`,
  );
  await new Promise((resolve) => server.stdout?.once('data', resolve));
  const ask = `s.settimeout(10); s.connect(("${RIGHT.ipv4}", 5000)); s.sendall(b"hello"); print(s.recv(100))`;
  const { output } = await left.finish('python3', '-c', `${socket}; ${ask}`);
  t.match(output, /hello/);
  await stopBalanced(t, upe);
});

t.test('an MTU that does not fit the buffers is refused with the size that does', { skip }, async (t) => {
  const { mid } = bridgeLab(t, 9000);
  const settings = { UPE_SOURCE: 'afpacket', UPE_HTTP_PORT: '0', ...BRIDGE };
  const { exitCode, stderr } = await startOnHost(t, mid, ['run'], settings).ended;
  t.equal(exitCode, 1);
  t.equal(
    stderr,
    'upe: interface eth0 has an MTU of 9000, and its frames do not fit buffers of 2048 bytes: ' +
      'set UPE_BUFFER_BYTES to 9024 or more, or lower the MTU\n',
  );
});

t.test('with buffers of that size the largest frames pass', { skip }, async (t) => {
  const { left, mid } = bridgeLab(t, 9000);
  const upe = await startUpeOn(t, mid, { ...BRIDGE, UPE_BUFFER_BYTES: '9024' });
  t.match(left.run('ping', '-c', '5', '-i', '0.05', '-s', '8972', '-M', 'do', RIGHT.ipv4), / 0% packet loss/);
  await stopBalanced(t, upe);
});

t.test('a frame that is larger than the buffers is a counted failure', { skip }, async (t) => {
  const { left, mid, right } = bridgeLab(t);
  const upe = await startUpeOn(t, mid, BRIDGE);
  for (const host of [left, right]) host.run('ip', 'link', 'set', 'eth0', 'mtu', '4000');
  for (const name of ['eth0', 'eth1']) mid.run('ip', 'link', 'set', name, 'mtu', '4000');
  const capture = join(folder, 'large.pcap');
  // 2048 bytes fit, one more does not.
  const sizes = [2048, 2049, 4000];
  writeFrames(
    capture,
    sizes.map((size) =>
      ethernet({ payload: ipv4({ payload: udp({ payload: new Uint8Array(size - 42) }) }) }),
    ),
  );
  await tcpreplay(left, 'eth0', capture, 1000, 10);
  const scrape = await upe.scrapeAfter(30);
  t.equal(scrape.value('upe_tx_packets_total{interface="eth1"}'), 10);
  t.equal(scrape.value('upe_tx_failed_packets_total{interface="eth1",reason="oversize"}'), 20);
  t.equal(scrape.value('upe_anomalies_total{kind="oversize"}'), 20);
  t.equal(scrape.value('upe_unmatched_bytes_total{action="forward"}'), 10 * (2048 + 2049 + 4000));
  await stopBalanced(t, upe);
});

t.test('a frame that is larger than the MTU of the other port is a counted failure', { skip }, async (t) => {
  const { left, mid } = bridgeLab(t);
  const upe = await startUpeOn(t, mid, BRIDGE);
  left.run('ping', '-c', '1', RIGHT.ipv4);
  mid.run('ip', 'link', 'set', 'eth1', 'mtu', '1000');
  const { output } = await left.finish('ping', '-c', '5', '-i', '0.05', '-W', '1', '-s', '1400', RIGHT.ipv4);
  t.match(output, / 100% packet loss/);
  t.match(left.run('ping', '-c', '5', '-i', '0.05', '-s', '900', RIGHT.ipv4), / 0% packet loss/);
  const scrape = await balancedScrape(upe);
  t.equal(scrape.value('upe_tx_failed_packets_total{interface="eth1",reason="oversize"}'), 5);
  t.equal(scrape.sum('upe_tx_failed_packets_total'), 5);
  await stopBalanced(t, upe);
});

t.test('an interface that joins frames is warned of, with the command that helps', { skip }, async (t) => {
  const { mid } = bridgeLab(t);
  mid.run('ethtool', '-K', 'eth1', 'gro', 'on');
  const upe = await startUpeOn(t, mid, BRIDGE);
  const warnings = upe.program.log.filter(({ level }) => level === 40).map(({ msg }) => msg);
  t.equal(warnings.length, 1, warnings.join('\n'));
  t.match(warnings[0], /^interface eth1 joins received frames .* `ethtool -K eth1 gro off lro off`$/);
  await upe.stop();
});
