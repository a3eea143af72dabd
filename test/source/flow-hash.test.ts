import fc from 'fast-check';
import t from 'tap';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';
import { LINK_ETHERNET, LINK_LINUX_SLL, LINK_RAW } from '../../src/protocol/link-type.js';
import { FlowHash, workerOf } from '../../src/source/flow-hash.js';
import {
  arp,
  destinationOptions,
  ethernet,
  fragmentHeader,
  hopByHop,
  icmp,
  icmpv6,
  ipv4,
  ipv4Fragments,
  ipv6,
  ipv6Fragments,
  type NetworkPacket,
  sctp,
  type Transport,
  tcp,
  udp,
} from '../fixtures/frames.js';
import { Random } from '../protocol/random.js';

const pool = new PacketPool(
  createPool({ bufferCount: 4, bufferBytes: 2048, threadCount: 1, handBuffers: 32 }),
);
const flowHash = new FlowHash(pool);

/** Not the first buffer: a hash that forgets the buffer's offset would read zeros. */
const BUFFER = 2;

function hashOf(frame: Uint8Array, linkType = LINK_ETHERNET, wireBytes = frame.length): number {
  pool.bytes.set(frame, pool.frameByteOffset(BUFFER));
  pool.describe(BUFFER, frame.length, wireBytes, linkType, 0, 0, 0);
  return flowHash.hash(BUFFER);
}

/** The two ends of a flow; the packet goes from a to b. */
interface Ends {
  readonly a: { readonly address: string; readonly port: number };
  readonly b: { readonly address: string; readonly port: number };
}

function back({ a, b }: Ends): Ends {
  return { a: b, b: a };
}

const port = fc.integer({ min: 0, max: 0xffff });
const octet = fc.nat(255);
const group = fc.nat(0xffff);
const ipv4Address = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
const ipv6Address = fc
  .array(group, { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((word) => word.toString(16)).join(':'));

function endsOf(address: fc.Arbitrary<string>): fc.Arbitrary<Ends> {
  const end = fc.record({ address, port });
  return fc.record({ a: end, b: end });
}

type Build = (ends: Ends) => NetworkPacket;
const payload = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

function inIpv4(transport: (srcPort: number, dstPort: number) => Transport): Build {
  return ({ a, b }) => ipv4({ src: a.address, dst: b.address, payload: transport(a.port, b.port) });
}

function inIpv6(transport: (srcPort: number, dstPort: number) => Transport): Build {
  return ({ a, b }) =>
    ipv6({
      src: a.address,
      dst: b.address,
      extensions: [hopByHop()],
      payload: transport(a.port, b.port),
    });
}

const asTcp = (srcPort: number, dstPort: number) => tcp({ srcPort, dstPort, payload });
const asUdp = (srcPort: number, dstPort: number) => udp({ srcPort, dstPort, payload });
const asSctp = (srcPort: number, dstPort: number) => sctp({ srcPort, dstPort });

const IPV4_FLOWS: Readonly<Record<string, Build>> = {
  tcp: inIpv4(asTcp),
  udp: inIpv4(asUdp),
  sctp: inIpv4(asSctp),
  icmp: inIpv4(() => icmp()),
  'unknown protocol': ({ a, b }) => ipv4({ src: a.address, dst: b.address, payload }),
  'first fragment': ({ a, b }) =>
    ipv4({ src: a.address, dst: b.address, moreFragments: true, payload: asUdp(a.port, b.port) }),
  'later fragment': ({ a, b }) => ipv4({ src: a.address, dst: b.address, fragmentOffset: 3, payload }),
};

const IPV6_FLOWS: Readonly<Record<string, Build>> = {
  tcp: inIpv6(asTcp),
  udp: inIpv6(asUdp),
  sctp: inIpv6(asSctp),
  icmpv6: inIpv6(() => icmpv6()),
  'later fragment': ({ a, b }) =>
    ipv6({ src: a.address, dst: b.address, extensions: [fragmentHeader({ offset: 3 })], payload }),
};

function checkSymmetry(
  flows: Readonly<Record<string, Build>>,
  address: fc.Arbitrary<string>,
  version: string,
) {
  for (const [name, build] of Object.entries(flows)) {
    t.test(`both directions hash alike: ${version} ${name}`, async () => {
      fc.assert(
        fc.property(endsOf(address), (ends) => {
          const there = hashOf(ethernet({ payload: build(ends) }));
          return hashOf(ethernet({ payload: build(back(ends)) })) === there;
        }),
        { numRuns: 300 },
      );
    });
  }
}

checkSymmetry(IPV4_FLOWS, ipv4Address, 'IPv4');
checkSymmetry(IPV6_FLOWS, ipv6Address, 'IPv6');

t.test('both directions hash alike: MAC addresses of what is not IP, tagged or not', async () => {
  const mac = fc
    .array(octet, { minLength: 6, maxLength: 6 })
    .map((octets) => octets.map((value) => value.toString(16)).join(':'));
  fc.assert(
    fc.property(mac, mac, fc.boolean(), (a, b, isTagged) => {
      const vlans = isTagged ? [{ id: 5 }] : [];
      const there = hashOf(ethernet({ src: a, dst: b, vlans, payload: arp() }));
      return hashOf(ethernet({ src: b, dst: a, vlans, payload: arp({ operation: 2 }) })) === there;
    }),
    { numRuns: 300 },
  );
});

t.test('what tells flows apart changes the hash', async (t) => {
  const base = { src: '10.0.0.1', dst: '10.0.0.2' };
  const frames = [
    ethernet({ payload: ipv4({ ...base, payload: udp({ srcPort: 1000, dstPort: 53 }) }) }),
    ethernet({ payload: ipv4({ ...base, payload: udp({ srcPort: 1001, dstPort: 53 }) }) }),
    ethernet({ payload: ipv4({ ...base, payload: udp({ srcPort: 1000, dstPort: 54 }) }) }),
    ethernet({ payload: ipv4({ ...base, payload: tcp({ srcPort: 1000, dstPort: 53 }) }) }),
    ethernet({ payload: ipv4({ ...base, src: '10.0.1.1', payload: udp({ srcPort: 1000, dstPort: 53 }) }) }),
    ethernet({ payload: ipv4({ ...base, payload: icmp() }) }),
    ethernet({ payload: ipv4({ ...base, protocol: 47, payload }) }),
    ethernet({ payload: ipv6({ payload: udp({ srcPort: 1000, dstPort: 53 }) }) }),
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => {
      const src = Array.from({ length: 8 }, (_, i) => (i === n - 1 ? 0x77 : 1)).join(':');
      return ethernet({ payload: ipv6({ src, payload: udp({ srcPort: 1000, dstPort: 53 }) }) });
    }),
    ethernet({ src: '02:00:00:00:00:01', payload: arp() }),
    ethernet({ src: '02:00:00:00:00:03', payload: arp() }),
    ethernet({ src: '06:00:00:00:00:01', payload: arp() }),
  ];
  t.equal(new Set(frames.map((frame) => hashOf(frame))).size, frames.length);
});

t.test('what does not tell flows apart does not change the hash', async (t) => {
  const build = (ttl: number, id: number, text: Uint8Array) =>
    ipv4({ ttl, id, dscp: ttl & 63, payload: tcp({ sequence: id, payload: text }) });
  const hash = hashOf(ethernet({ payload: build(64, 1, payload) }));
  const other = build(3, 999, new Uint8Array(900).fill(9));
  const macs = { dst: '0a:00:00:00:00:0a', src: '0a:00:00:00:00:0b' };
  t.equal(hashOf(ethernet({ ...macs, payload: other })), hash, 'other MAC addresses, TTL and payload');
  t.equal(hashOf(ethernet({ vlans: [{ id: 3 }], payload: other })), hash, 'a VLAN tag');
  t.equal(hashOf(other.bytes, LINK_RAW), hash, 'no link header');
});

t.test('all fragments of one datagram hash alike', async (t) => {
  const transports = {
    udp: asUdp(1000, 53),
    tcp: asTcp(1000, 80),
    sctp: asSctp(1, 2),
    icmp: icmp({ payload }),
  };
  const sameHash = (packets: readonly NetworkPacket[], name: string) => {
    const hashes = packets.map((packet) => hashOf(ethernet({ payload: packet })));
    t.ok(packets.length > 1, `${name} is in ${packets.length} pieces`);
    t.strictSame(hashes, new Array(hashes.length).fill(hashes[0]), name);
  };
  for (const [name, transport] of Object.entries(transports)) {
    sameHash(ipv4Fragments({ payload: transport }, 8), `IPv4 ${name}`);
    sameHash(ipv6Fragments({ payload: transport }, 8), `IPv6 ${name}`);
  }
});

t.test(
  'all fragments of one IPv6 datagram hash alike, also with options behind the fragment header',
  async (t) => {
    // RFC 8200, 4.5: the headers behind the fragment header are in the first fragment, and every fragment
    // header names the first of them, here the destination options.
    const first = ipv6({
      extensions: [fragmentHeader({ more: true }), destinationOptions()],
      payload: asUdp(1000, 53),
    });
    const later = ipv6({ extensions: [fragmentHeader({ offset: 3 })], protocol: 60, payload });
    t.equal(hashOf(ethernet({ payload: later })), hashOf(ethernet({ payload: first })));
  },
);

t.test('a frame that says nothing of its flow has a hash all the same', async (t) => {
  const frames = [
    { name: 'empty', frame: new Uint8Array(0), linkType: LINK_ETHERNET },
    { name: '11 bytes', frame: new Uint8Array(11).fill(3), linkType: LINK_ETHERNET },
    { name: 'MAC addresses alone', frame: new Uint8Array(12).fill(3), linkType: LINK_ETHERNET },
    { name: 'no MAC addresses', frame: new Uint8Array(40), linkType: LINK_LINUX_SLL },
  ];
  for (const { name, frame, linkType } of frames) {
    const hash = hashOf(frame, linkType);
    t.equal(hash, hash | 0, `${name}: an int32`);
    // What an earlier frame left in the buffer must not matter.
    pool.bytes.fill(0xff, pool.frameByteOffset(BUFFER), pool.frameByteOffset(BUFFER) + 2048);
    t.equal(hashOf(frame, linkType), hash, name);
  }
});

t.test('every int32 belongs to a worker that exists', async (t) => {
  const corners = [0, 1, -1, 0x7fff_ffff, -0x8000_0000, 0xffff, 0x1_0000, -0x1_0000];
  for (let workerCount = 1; workerCount <= 64; workerCount++) {
    const inRange = (hash: number) => {
      const worker = workerOf(hash, workerCount);
      return Number.isInteger(worker) && worker >= 0 && worker < workerCount;
    };
    t.ok(corners.every(inRange), `${workerCount} workers`);
    fc.assert(fc.property(fc.integer(), inRange), { numRuns: 200 });
    const workers = new Set(Array.from({ length: 65_536 }, (_, i) => workerOf(i << 16, workerCount)));
    t.equal(workers.size, workerCount, `each of ${workerCount} workers has hashes`);
  }
});

t.test('ten thousand random flows are spread evenly', async () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = new Random(seed);
      const address = () => [0, 0, 0, 0].map(() => random.below(256)).join('.');
      const hashes = Array.from({ length: 10_000 }, () => {
        const ports = { srcPort: random.below(65_536), dstPort: random.below(65_536) };
        return hashOf(ipv4({ src: address(), dst: address(), payload: udp(ports) }).bytes, LINK_RAW);
      });
      for (const workerCount of [2, 3, 4, 8]) expectEven(hashes, workerCount);
    }),
    { numRuns: 5 },
  );
});

t.test('the clients of one server are spread evenly, as they are numbered in one network', async () => {
  const hashes: number[] = [];
  for (let host = 0; host < 250; host++) {
    for (let srcPort = 40_000; srcPort < 40_040; srcPort++) {
      const ends = { src: `10.0.0.${host}`, dst: '192.0.2.1' };
      hashes.push(hashOf(ipv4({ ...ends, payload: tcp({ srcPort, dstPort: 443 }) }).bytes, LINK_RAW));
    }
  }
  for (const workerCount of [2, 3, 4, 8]) expectEven(hashes, workerCount);
});

/** Fifteen percent of the mean is five standard deviations for 10,000 flows on eight workers. */
function expectEven(hashes: readonly number[], workerCount: number): void {
  const counts = new Array<number>(workerCount).fill(0);
  for (const hash of hashes) counts[workerOf(hash, workerCount)]! += 1;
  const mean = hashes.length / workerCount;
  const isEven = counts.every((count) => Math.abs(count - mean) <= mean * 0.15);
  if (!isEven) throw new Error(`${hashes.length} flows on ${workerCount} workers: ${counts.join(', ')}`);
}
