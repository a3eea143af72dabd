import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { LINK_ETHERNET } from '../../../src/protocol/link-type.js';
import { Prng } from '../../../src/source/demo/prng.js';
import { SERVICES } from '../../../src/source/demo/services.js';
import { Traffic } from '../../../src/source/demo/traffic.js';
import { clientMacOf, type DecodedFrame, decode, lieOf, scannerMacs, serviceOf } from './decoded-frame.js';

const SEEDS = [0, 1, 20_240_229];

function frameAt(traffic: Traffic, index: number): Uint8Array {
  return traffic.bytes.subarray(
    traffic.byteOffset[index],
    traffic.byteOffset[index] + traffic.byteLength[index],
  );
}

function allFrames(traffic: Traffic): Uint8Array[] {
  return Array.from(traffic.byteOffset, (_, index) => frameAt(traffic, index));
}

function drawFrames(traffic: Traffic, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => frameAt(traffic, traffic.nextFrame()));
}

function servicesNamed(...names: readonly string[]) {
  const services = SERVICES.filter((service) => names.includes(service.name));
  if (services.length !== names.length) throw new Error(`No such service among ${names.join()}`);
  return services;
}

/**
 * A capture file of Ethernet frames, in this machine's byte order.
 * Source: https://www.tcpdump.org/manpages/pcap-savefile.5.html
 */
function pcapOf(frames: readonly Uint8Array[]): Buffer {
  const fileHeader = Uint32Array.of(0xa1b2c3d4, (4 << 16) | 2, 0, 0, 65_535, LINK_ETHERNET);
  const records = frames.flatMap((frame, index) => [
    Buffer.from(Uint32Array.of(1_700_000_000, index, frame.length, frame.length).buffer),
    frame,
  ]);
  return Buffer.concat([Buffer.from(fileHeader.buffer), ...records]);
}

/** What tcpdump writes about checksums and lengths that do not fit. */
const COMPLAINT = /bad (cksum|udp|icmp6|hdr|opt)|bad-|incorrect|wrong|truncated|invalid/;

const skip = spawnSync('tcpdump', ['--version']).error ? 'tcpdump is not installed' : false;

t.test('tcpdump finds every checksum valid and every length right', { skip }, async (t) => {
  const file = join(t.testdir(), 'demo.pcap');
  const decoded = (frames: readonly Uint8Array[]) => {
    writeFileSync(file, pcapOf(frames));
    return execFileSync('tcpdump', ['-nvvr', file], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  };

  for (const seed of SEEDS) {
    const wellFormed = SERVICES.filter((service) => service.name !== 'malformed');
    const frames = allFrames(new Traffic(wellFormed, new Prng(seed)));
    const text = decoded(frames);
    const complaints = text.split('\n').filter((line) => COMPLAINT.test(line));
    t.strictSame(complaints, [], `seed ${seed}: no complaint about ${frames.length} frames`);
    for (const praise of ['(correct)', 'udp sum ok', 'icmp6 sum ok']) {
      t.ok(text.includes(praise), `seed ${seed}: tcpdump did check: ${praise}`);
    }
  }

  const damaged = allFrames(new Traffic(servicesNamed('https'), new Prng(1)))[0].slice();
  damaged[44] ^= 1;
  t.match(decoded([damaged]), COMPLAINT, 'a flipped bit is noticed');
});

t.test('every service is there, in its share of the packets', async (t) => {
  const drawCount = 400_000;
  const weightSum = SERVICES.reduce((sum, { weight }) => sum + weight, 0);
  t.equal(weightSum, 10_000);
  for (const seed of SEEDS) {
    const traffic = new Traffic(SERVICES, new Prng(seed));
    const scanners = scannerMacs(allFrames(traffic));
    const drawsOfFrame = new Int32Array(traffic.byteOffset.length);
    for (let draw = 0; draw < drawCount; draw++) drawsOfFrame[traffic.nextFrame()]++;
    const counts = new Map<string, number>();
    for (const [index, draws] of drawsOfFrame.entries()) {
      const service = serviceOf(frameAt(traffic, index), scanners);
      counts.set(service, (counts.get(service) ?? 0) + draws);
    }
    t.strictSame([...counts.keys()].sort(), SERVICES.map((service) => service.name).sort(), `seed ${seed}`);
    for (const { name, weight } of SERVICES) {
      const expected = (drawCount * weight) / weightSum;
      const tolerance = 0.05 * expected + 5 * Math.sqrt(expected);
      const count = counts.get(name) ?? 0;
      t.ok(Math.abs(count - expected) < tolerance, `seed ${seed}: ${name}: ${count}, expected ${expected}`);
    }
  }
});

t.test('a few flows of a service carry much of it, and the many of its tail are all there', async (t) => {
  const drawCount = 100_000;
  const countOfClient = new Map<string, number>();
  for (const frame of drawFrames(new Traffic(servicesNamed('https'), new Prng(1)), drawCount)) {
    const client = clientMacOf(frame);
    countOfClient.set(client, (countOfClient.get(client) ?? 0) + 1);
  }
  const counts = [...countOfClient.values()].sort((a, b) => b - a);
  t.equal(counts.length, 90);
  t.ok(Math.abs(counts[0] / drawCount - 0.197) < 0.01, `the first has ${counts[0]} of ${drawCount}`);
  t.ok(counts[89] < counts[0] / 50, `the last has ${counts[89]}`);
});

t.test('frames are 60 to 1514 bytes, begin at multiples of four and do not overlap', async (t) => {
  for (const seed of SEEDS) {
    const traffic = new Traffic(SERVICES, new Prng(seed));
    const lengths = Array.from(traffic.byteLength);
    t.strictSame(
      lengths.filter((bytes) => bytes < 60),
      [11],
      `seed ${seed}: only the short Ethernet frame`,
    );
    t.equal(Math.max(...lengths), 1514);
    let endBytes = 0;
    for (const [index, byteOffset] of traffic.byteOffset.entries()) {
      if (byteOffset % 4 !== 0 || byteOffset < endBytes) t.fail(`frame ${index} begins at ${byteOffset}`);
      endBytes = byteOffset + traffic.byteLength[index];
    }
    t.ok(endBytes <= traffic.bytes.length, `seed ${seed}: the last frame ends inside`);
  }
});

t.test('only the malformed frames lie, each in its own way', async (t) => {
  for (const seed of SEEDS) {
    const honest = SERVICES.filter((service) => service.name !== 'malformed');
    const honestLies = allFrames(new Traffic(honest, new Prng(seed))).map(lieOf);
    t.strictSame(
      honestLies.filter((lie) => lie !== ''),
      [],
      `seed ${seed}: honest frames`,
    );
    const lies = allFrames(new Traffic(servicesNamed('malformed'), new Prng(seed))).map(lieOf);
    t.strictSame(
      lies.sort(),
      [
        'ethernet_short',
        'ipv4_header_length',
        'ipv4_truncated',
        'ipv4_version',
        'ipv6_payload_length',
        'tcp_offset',
        'udp_length',
      ],
      `seed ${seed}`,
    );
  }
});

t.test('frames are untagged, in VLAN 100, or in QinQ 200 and 100, and of both IP versions', async (t) => {
  const frames = drawFrames(new Traffic(SERVICES, new Prng(1)), 100_000).filter(
    (frame) => frame.length >= 14,
  );
  const shareOf = (condition: (frame: DecodedFrame) => boolean) =>
    frames.filter((frame) => condition(decode(frame))).length / frames.length;
  const tagged = new Set(frames.map((frame) => decode(frame).vlanIds.join()));
  t.strictSame([...tagged].sort(), ['', '100', '200,100']);
  for (const [name, share, low, high] of [
    ['VLAN 100', shareOf((frame) => frame.vlanIds.join() === '100'), 0.005, 0.2],
    ['QinQ', shareOf((frame) => frame.vlanIds.length === 2), 0.001, 0.05],
    ['IPv4', shareOf((frame) => frame.etherType === 0x0800), 0.5, 0.8],
    ['IPv6', shareOf((frame) => frame.etherType === 0x86dd), 0.2, 0.5],
  ] as const) {
    t.ok(share >= low && share <= high, `${name}: ${share}`);
  }
});

t.test('a TCP flow opens with a handshake, carries data both ways, closes, and begins again', async (t) => {
  const [https] = servicesNamed('https');
  const endings = new Set<string>();
  for (let seed = 0; seed < 30; seed++) {
    const traffic = new Traffic([{ ...https, flowCount: 1, ipVersions: [4] }], new Prng(seed));
    const packets = drawFrames(traffic, 2_000).map((frame) => {
      const { view } = decode(frame);
      const payloadBytes = view.getUint16(16) - 20 - 4 * (view.getUint8(46) >>> 4);
      const sender = view.getUint16(36) === 443 ? 'client' : 'server';
      return { sender, flags: view.getUint8(47), payloadBytes };
    });
    t.strictSame(
      packets.slice(0, 3),
      [
        { sender: 'client', flags: 0x02, payloadBytes: 0 },
        { sender: 'server', flags: 0x12, payloadBytes: 0 },
        { sender: 'client', flags: 0x10, payloadBytes: 0 },
      ],
      `seed ${seed}`,
    );
    const secondOpening = packets.findIndex(({ flags }, index) => index > 0 && flags === 0x02);
    const connection = packets.slice(0, secondOpening);
    const dataSenders = new Set(connection.filter((p) => p.payloadBytes > 0).map((p) => p.sender));
    t.strictSame([...dataSenders].sort(), ['client', 'server'], `seed ${seed}: data both ways`);
    const last = connection[connection.length - 1];
    const isReset = last.flags === 0x14;
    const isClosed =
      connection
        .slice(-3)
        .map((p) => p.flags)
        .join() === [0x11, 0x11, 0x10].join();
    t.ok(isReset || isClosed, `seed ${seed}: ends by close or reset`);
    endings.add(isReset ? 'reset' : 'close');
  }
  t.strictSame([...endings].sort(), ['close', 'reset']);
});

t.test('voice is marked with DSCP 46 and uses even ports', async (t) => {
  for (const frame of allFrames(new Traffic(servicesNamed('rtp'), new Prng(1)))) {
    const { etherType, view, networkByte: at } = decode(frame);
    const isIpv6 = etherType === 0x86dd;
    const dscp = isIpv6 ? (view.getUint16(at) >>> 6) & 0x3f : view.getUint8(at + 1) >>> 2;
    const portsByte = at + (isIpv6 ? 40 : 20);
    t.equal(dscp, 46);
    t.strictSame([view.getUint16(portsByte) % 2, view.getUint16(portsByte + 2) % 2], [0, 0]);
  }
});

t.test('fragments are first ones with more to come, and later ones', async (t) => {
  const ipv4Fields = allFrames(new Traffic(servicesNamed('ipv4-fragments'), new Prng(1))).map((frame) => {
    const { view, networkByte: at } = decode(frame);
    return view.getUint16(at + 6) & 0x3fff;
  });
  t.ok(ipv4Fields.includes(0x2000), 'IPv4, first');
  t.ok(ipv4Fields.includes(0x2000 | (1448 / 8)), 'IPv4, in between');
  t.ok(
    ipv4Fields.some((field) => field > 0 && field < 0x2000),
    'IPv4, last',
  );
  const ipv6Fields = allFrames(new Traffic(servicesNamed('ipv6-fragments'), new Prng(1)))
    .map(decode)
    .filter(({ view, networkByte: at }) => view.getUint8(at + 6) === 44)
    .map(({ view, networkByte: at }) => view.getUint16(at + 42));
  t.ok(ipv6Fields.includes(1), 'IPv6, first');
  t.ok(ipv6Fields.includes(1448 | 1), 'IPv6, in between');
  t.ok(
    ipv6Fields.some((field) => field > 1 && field % 8 === 0),
    'IPv6, last',
  );
});
