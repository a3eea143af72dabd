import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { arp, ethernet, icmp, ipv4, ipv6, tcp, udp } from '../fixtures/frames.js';
import {
  addIpv6,
  balancedScrape,
  bridgeLab,
  download,
  LEFT,
  RIGHT,
  randomFile,
  serve,
  stopBalanced,
} from '../support/bridge-lab.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { iperf } from '../support/iperf.js';
import { labMissing } from '../support/lab.js';
import { NftCounters } from '../support/nft-counters.js';
import { rulesFileIn } from '../support/rules-file.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { startUpeOn } from '../support/upe-on-host.js';
import { eventually } from '../support/upe-process.js';

const skip = labMissing(['tcpreplay', 'nft', 'curl', 'ping', 'sysctl', 'iperf3', 'tcpdump']);
const folder = temporaryFolder(t);
const BRIDGE = { UPE_BRIDGE: 'eth0:eth1' };
const bytes = (count: number) => new Uint8Array(count);

const PASS_ALL = rulesFileIn(folder, 'pass-all', [], 'forward');

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

t.test('hosts at both ends reach each other as over a cable', { skip }, async (t) => {
  const net = bridgeLab(t);
  const { left, mid, right } = net;
  const upe = await startUpeOn(t, mid, { ...BRIDGE, UPE_RULES_FILE: PASS_ALL });
  await addIpv6(net);
  t.match(left.run('ping', '-c', '3', '-i', '0.1', RIGHT.ipv4), / 0% packet loss/, 'ping');
  t.match(right.run('ping', '-c', '3', '-i', '0.1', '-s', '1472', '-M', 'do', LEFT.ipv4), / 0% packet loss/);
  t.match(left.run('ping', '-6', '-c', '3', '-i', '0.1', RIGHT.ipv6), / 0% packet loss/, 'ping of IPv6');
  const { address } = JSON.parse(right.run('ip', '-j', 'link', 'show', 'dev', 'eth0'))[0];
  t.match(left.run('ip', '-6', 'neigh', 'show', RIGHT.ipv6), address, 'neighbour discovery');

  const file = randomFile(folder, 'download', 20_000_000);
  await serve(right, 8000, file);
  for (const host of [RIGHT.ipv4, `[${RIGHT.ipv6}]`]) {
    const copy = join(folder, 'downloaded');
    const { exitCode, output } = await download(left, `http://${host}:8000/`, copy);
    t.equal(exitCode, 0, output);
    t.equal(sha256(copy), sha256(file), `download from ${host}`);
  }
  await stopBalanced(t, upe);
});

t.test('iperf3 runs in both directions', { skip }, async (t) => {
  const { left, mid, right } = bridgeLab(t);
  const upe = await startUpeOn(t, mid, { ...BRIDGE, UPE_RULES_FILE: PASS_ALL });
  for (const direction of [[], ['--reverse']]) {
    const { bits_per_second, bytes } = await iperf(left, right, RIGHT.ipv4, 2, ...direction);
    t.comment(`iperf3 ${direction}: ${(bits_per_second / 1e6).toFixed()} Mbit/s`);
    t.ok(bytes > 1_000_000, `iperf3 ${direction} has brought ${bytes} bytes over`);
  }
  await stopBalanced(t, upe);
});

t.test('a drop rule stops what it matches, and nothing else', { skip }, async (t) => {
  const { left, mid, right } = bridgeLab(t);
  const rules = rulesFileIn(
    folder,
    'drop',
    [
      '{ name: no-telnet, match: { protocol: tcp, dst_port: 23 }, action: drop }',
      '{ name: no-chargen, match: { protocol: udp, dst_port: 19, in_interface: eth0 }, action: drop }',
      '{ name: echo, match: { protocol: udp, dst_port: 7 }, action: count }',
    ],
    'forward',
  );
  const upe = await startUpeOn(t, mid, { ...BRIDGE, UPE_RULES_FILE: rules });
  const file = randomFile(folder, 'small', 1000);
  await serve(right, 23, file);
  await serve(right, 24, file);
  const telnet = await download(left, `http://${RIGHT.ipv4}:23/`, join(folder, 'telnet'), 2);
  t.equal(telnet.exitCode, 28, `curl has run into its timeout: ${telnet.output}`);
  t.equal((await download(left, `http://${RIGHT.ipv4}:24/`, join(folder, 'other'))).exitCode, 0);

  const counters = new NftCounters(right, 'eth0', [
    { name: 'chargen', match: 'udp dport 19' },
    { name: 'echo', match: 'udp dport 7' },
  ]);
  const back = new NftCounters(left, 'eth0', [{ name: 'chargen', match: 'udp dport 19' }]);
  const capture = join(folder, 'drop.pcap');
  writeFrames(capture, [
    ethernet({ payload: ipv4({ payload: udp({ dstPort: 19 }) }) }),
    ethernet({ payload: ipv6({ payload: udp({ dstPort: 19 }) }) }),
    ethernet({ payload: ipv4({ payload: udp({ dstPort: 7 }) }) }),
  ]);
  await tcpreplay(left, 'eth0', capture, 1000, 50);
  await tcpreplay(right, 'eth0', capture, 1000, 10);
  await balancedScrape(upe);
  const packets = async (name: string, action: string) =>
    (await upe.scrape()).value(`upe_rule_packets_total{rule="${name}",action="${action}"}`);
  await eventually('all of them', async () => (await packets('echo', 'count')) === 60);
  t.equal(await packets('no-chargen', 'drop'), 100);
  t.equal((await counters.read('chargen')).packets, 0);
  t.equal((await counters.read('echo')).packets, 50);
  t.equal((await back.read('chargen')).packets, 20);
  await stopBalanced(t, upe);
});

t.test('a rule that names another interface sends packets there instead', { skip }, async (t) => {
  const { lab, left, mid, right } = bridgeLab(t);
  const third = lab.host('third');
  lab.cable(mid, 'eth2', third, 'eth0');
  const rules = rulesFileIn(
    folder,
    'aside',
    ['{ name: aside, match: { protocol: udp, dst_port: 5353 }, action: { forward: eth2 } }'],
    'forward',
  );
  const upe = await startUpeOn(t, mid, { ...BRIDGE, UPE_INTERFACE: 'eth2', UPE_RULES_FILE: rules });
  const kinds = [
    { name: 'mdns', match: 'udp dport 5353' },
    { name: 'other', match: 'udp dport 53' },
  ];
  const [there, here] = [new NftCounters(third, 'eth0', kinds), new NftCounters(right, 'eth0', kinds)];
  const capture = join(folder, 'aside.pcap');
  writeFrames(capture, [
    ethernet({ payload: ipv4({ payload: udp({ dstPort: 5353 }) }) }),
    ethernet({ payload: ipv4({ payload: udp({ dstPort: 53 }) }) }),
  ]);
  await tcpreplay(left, 'eth0', capture, 1000, 50);
  // What comes in there stays out: the interface is not read.
  await tcpreplay(third, 'eth0', capture, 1000, 5);
  const scrape = await upe.scrapeAfter(100);
  t.equal(scrape.value('upe_tx_packets_total{interface="eth2"}'), 50);
  t.equal(scrape.value('upe_tx_packets_total{interface="eth1"}'), 50);
  t.equal(scrape.sum('upe_rx_packets_total'), 100);
  t.strictSame([(await there.read('mdns')).packets, (await there.read('other')).packets], [50, 0]);
  t.strictSame([(await here.read('mdns')).packets, (await here.read('other')).packets], [0, 50]);
  await stopBalanced(t, upe);
});

const MAC = '02:00:00:00:00:99';
const STRAYS = {
  malformed: [
    ethernet({ src: MAC, payload: ipv4({ headerWords: 4 }) }),
    ethernet({ src: MAC, payload: ipv4({ totalLength: 2000 }) }),
    ethernet({ src: MAC, payload: ipv6({ payloadLength: 5000 }) }),
  ],
  nonIp: [
    ethernet({ src: MAC, payload: arp() }),
    ethernet({ src: MAC, etherType: 0x88cc, payload: bytes(46) }),
    // A spanning tree message has a length where others have an EtherType.
    ethernet({ src: MAC, dst: '01:80:c2:00:00:00', etherType: 38, payload: bytes(46) }),
    ethernet({ src: MAC, etherType: 0x88b5, payload: bytes(0) }),
  ],
};

const FATES: readonly { env: Record<string, string>; forwarded: readonly string[]; name: string }[] = [
  { name: 'frames without IP pass, malformed ones do not', env: {}, forwarded: ['nonIp'] },
  {
    name: 'UPE_MALFORMED=forward lets malformed frames pass',
    env: { UPE_MALFORMED: 'forward' },
    forwarded: ['malformed', 'nonIp'],
  },
  { name: 'UPE_NON_IP=drop stops frames without IP', env: { UPE_NON_IP: 'drop' }, forwarded: [] },
];

for (const { name, env, forwarded } of FATES) {
  t.test(name, { skip }, async (t) => {
    const { left, mid, right } = bridgeLab(t);
    const upe = await startUpeOn(t, mid, { ...BRIDGE, UPE_RULES_FILE: PASS_ALL, ...env });
    const counters = new NftCounters(right, 'eth0', [{ name: 'ours', match: `ether saddr ${MAC}` }]);
    let sent = 0;
    let passed = 0;
    for (const [kind, frames] of Object.entries(STRAYS)) {
      const capture = join(folder, `${kind}.pcap`);
      writeFrames(capture, frames);
      sent += (await tcpreplay(left, 'eth0', capture, 1000, 10)).packets;
      if (forwarded.includes(kind)) passed += frames.length * 10;
    }
    const scrape = await upe.scrapeAfter(sent);
    t.equal(sent, 70);
    t.equal(scrape.sum('upe_malformed_packets_total'), 30);
    t.equal(scrape.sum('upe_unclassified_packets_total'), 40);
    t.equal(scrape.value('upe_verdict_packets_total{verdict="drop"}'), sent - passed);
    t.equal(scrape.value('upe_tx_packets_total{interface="eth1"}'), passed);
    t.equal((await counters.read('ours')).packets, passed);
    const ping = await left.finish('ping', '-c', '1', '-W', '1', RIGHT.ipv4);
    t.equal(ping.exitCode === 0, forwarded.includes('nonIp'), 'without ARP there is no ping');
    await stopBalanced(t, upe);
  });
}

/** Frames of a pcap file that tcpdump has written. */
function framesOf(file: string): string[] {
  const content = readFileSync(file);
  const frames: string[] = [];
  for (let at = 24; at < content.length; ) {
    const end = at + 16 + content.readUInt32LE(at + 8);
    frames.push(content.toString('hex', at + 16, end));
    at = end;
  }
  return frames;
}

t.test('frames leave as they came, bit by bit', { skip }, async (t) => {
  const { left, mid, right } = bridgeLab(t);
  const payload = Uint8Array.from({ length: 1460 }, (_, i) => i * 7);
  const frames = [
    ethernet({ src: MAC, payload: ipv4({ payload: tcp({ payload }) }) }),
    ethernet({ src: MAC, vlans: [{ id: 100, priority: 5 }], payload: ipv4({ payload: tcp({ payload }) }) }),
    ethernet({ src: MAC, vlans: [{ id: 7, tpid: 0x88a8 }, { id: 8 }], payload: ipv6({ payload: udp() }) }),
    ethernet({ src: MAC, vlans: [{ id: 0, priority: 7 }], etherType: 0x88b5, payload: bytes(30) }),
    ethernet({ src: MAC, minimumBytes: 60, payload: ipv4({ payload: icmp() }) }),
    ethernet({ src: MAC, payload: ipv4({ payload: udp({ payload, checksum: 0x1234 }) }) }),
    ethernet({ src: MAC, payload: ipv4({ checksum: 0x4321, payload: udp({ payload: bytes(3) }) }) }),
    ...STRAYS.nonIp,
  ];
  const [capture, result] = [join(folder, 'bits.pcap'), join(folder, 'bits-received.pcap')];
  writeFrames(capture, frames);
  const upe = await startUpeOn(t, mid, { ...BRIDGE, UPE_RULES_FILE: PASS_ALL });
  const options = [
    '--immediate-mode',
    '-U',
    '-Z',
    'root',
    '-Q',
    'in',
    '-w',
    result,
    '-c',
    `${frames.length}`,
  ];
  const tcpdump = right.start('tcpdump', '-i', 'eth0', ...options, 'ether', 'src', MAC);
  const ended = new Promise((resolve) => tcpdump.once('exit', resolve));
  await new Promise((resolve) => tcpdump.stderr?.once('data', resolve));
  await tcpreplay(left, 'eth0', capture);
  await ended;
  const hex = frames.map((frame) => Buffer.from(frame).toString('hex'));
  // One flow is in order, and all of these are not one.
  t.strictSame(framesOf(result).sort(), hex.sort());
  await stopBalanced(t, upe);
});
