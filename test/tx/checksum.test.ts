import t from 'tap';
import * as frames from '../fixtures/frames.js';
import { ethernet, ipv4, ipv6, sctp, tcp, udp } from '../fixtures/frames.js';
import { completed, hex, text } from './guarded-frame.js';
import { naiveCrc32c, naivelyCompleted } from './naive-checksum.js';

type Checksum = { readonly checksum?: number };
const asTcp = (payload: Uint8Array) => (own: Checksum) => tcp({ ...own, payload });
const asUdp = (payload: Uint8Array) => (own: Checksum) => udp({ ...own, payload });
const asSctp = (payload: Uint8Array) => (own: Checksum) => sctp({ ...own, payload });
const { destinationOptions, hopByHop, routingHeader } = frames;
const EXTENSIONS = [hopByHop(1), destinationOptions(), routingHeader({ units: 2 }), destinationOptions(3)];
const TAG = { id: 100 };
const SERVICE_TAG = { id: 7, tpid: 0x88a8 };
const OPTIONS = Uint8Array.of(148, 4, 0, 0, 1, 1, 1, 0);

/** Frames with a checksum of their own making, or, without one, with the right one. */
const BUILDERS: readonly { readonly name: string; readonly build: (own: Checksum) => Uint8Array }[] = [
  ...[0, 1, 2, 5, 1461].flatMap((bytes) => [
    {
      name: `TCP in IPv4, ${bytes} bytes of payload`,
      build: (own: Checksum) => ethernet({ payload: ipv4({ payload: asTcp(text(bytes))(own) }) }),
    },
    {
      name: `UDP in IPv4, ${bytes} bytes of payload`,
      build: (own: Checksum) => ethernet({ payload: ipv4({ payload: asUdp(text(bytes))(own) }) }),
    },
    {
      name: `TCP in IPv6, ${bytes} bytes of payload`,
      build: (own: Checksum) => ethernet({ payload: ipv6({ payload: asTcp(text(bytes))(own) }) }),
    },
    {
      name: `UDP in IPv6, ${bytes} bytes of payload`,
      build: (own: Checksum) => ethernet({ payload: ipv6({ payload: asUdp(text(bytes))(own) }) }),
    },
    {
      name: `SCTP in IPv4, ${bytes} bytes of chunks`,
      build: (own: Checksum) => ethernet({ payload: ipv4({ payload: asSctp(text(bytes))(own) }) }),
    },
  ]),
  {
    name: 'SCTP in IPv6, behind extension headers',
    build: (own) => ethernet({ payload: ipv6({ extensions: EXTENSIONS, payload: asSctp(text(20))(own) }) }),
  },
  {
    name: 'TCP behind IPv4 options',
    build: (own) => ethernet({ payload: ipv4({ options: OPTIONS, payload: asTcp(text(7))(own) }) }),
  },
  {
    name: 'TCP with options',
    build: (own) => ethernet({ payload: ipv4({ payload: tcp({ ...own, options: OPTIONS }) }) }),
  },
  {
    name: 'UDP behind IPv6 extension headers',
    build: (own) => ethernet({ payload: ipv6({ extensions: EXTENSIONS, payload: asUdp(text(9))(own) }) }),
  },
  {
    name: 'TCP in IPv4 behind a VLAN tag',
    build: (own) => ethernet({ vlans: [TAG], payload: ipv4({ payload: asTcp(text(3))(own) }) }),
  },
  {
    name: 'UDP in IPv6 behind two VLAN tags',
    build: (own) => ethernet({ vlans: [SERVICE_TAG, TAG], payload: ipv6({ payload: asUdp(text(4))(own) }) }),
  },
  {
    name: 'UDP in IPv4 behind three VLAN tags',
    build: (own) =>
      ethernet({ vlans: [SERVICE_TAG, TAG, TAG], payload: ipv4({ payload: asUdp(text(4))(own) }) }),
  },
  {
    name: 'UDP with all bits set',
    build: (own) => ethernet({ payload: ipv4({ payload: asUdp(new Uint8Array(1400).fill(0xff))(own) }) }),
  },
];

for (const { name, build } of BUILDERS) {
  t.test(`the checksum is filled in, whatever was there: ${name}`, async (t) => {
    const expected = hex(build({}));
    for (const checksum of [0, 0x1234, 0xffff]) {
      t.equal(hex(completed(build({ checksum }))), expected, `instead of ${checksum}`);
    }
    t.equal(hex(naivelyCompleted(build({ checksum: 0x1234 }))), expected, 'the oracle agrees');
  });

  t.test(`what follows the packet is not summed: ${name}`, async (t) => {
    const padding = [0xde, 0xad, 0xbe, 0xef, 0x01];
    const padded = Uint8Array.of(...build({ checksum: 0 }), ...padding);
    t.equal(hex(completed(padded)), hex(Uint8Array.of(...build({}), ...padding)));
  });

  t.test(`cut anywhere, it is left alone: ${name}`, async (t) => {
    const frame = build({ checksum: 0x1234 });
    for (let bytes = 0; bytes < frame.length; bytes++) {
      const cut = frame.slice(0, bytes);
      if (!Buffer.from(cut).equals(completed(cut))) t.fail(`${bytes} bytes of it`);
    }
  });
}

t.test('a UDP checksum that comes out as 0 is sent as 0xffff, a TCP checksum is not', async (t) => {
  for (const inIp of [ipv4, ipv6]) {
    // With a word that is the checksum without it, the sum has all bits set.
    const zeroSum = (build: (payload: Uint8Array) => Uint8Array, checksumAt: number) => {
      const without = build(new Uint8Array(2));
      return build(without.slice(checksumAt, checksumAt + 2));
    };
    const headerBytes = inIp === ipv4 ? 34 : 54;
    const udpFrame = (payload: Uint8Array) =>
      completed(ethernet({ payload: inIp({ payload: udp({ payload }) }) }));
    const tcpFrame = (payload: Uint8Array) =>
      completed(ethernet({ payload: inIp({ payload: tcp({ payload }) }) }));
    const inUdp = zeroSum(udpFrame, headerBytes + 6);
    t.same([...inUdp.slice(headerBytes + 6, headerBytes + 8)], [0xff, 0xff], 'UDP');
    const inTcp = zeroSum(tcpFrame, headerBytes + 16);
    t.same([...inTcp.slice(headerBytes + 16, headerBytes + 18)], [0, 0], 'TCP');
  }
});

t.test(
  'CRC-32C agrees with the values of RFC 3720, appendix B.4, where a packet can have them',
  async (t) => {
    t.equal(naiveCrc32c(new TextEncoder().encode('123456789')), 0xe306_9283, 'the oracle');
    t.equal(naiveCrc32c(new Uint8Array(32)), 0x8a91_36aa, 'the oracle');
    const zeros = sctp({
      srcPort: 0,
      dstPort: 0,
      verificationTag: 0,
      checksum: 0x1234,
      payload: new Uint8Array(20),
    });
    const frame = completed(ethernet({ payload: ipv4({ payload: zeros }) }));
    t.same(
      [...frame.slice(34 + 8, 34 + 12)],
      [0xaa, 0x36, 0x91, 0x8a],
      '32 zeros, least significant byte first',
    );
  },
);

const { arp, fragmentHeader, authenticationHeader, icmp, icmpv6 } = frames;
const UNTOUCHED: readonly { readonly name: string; readonly frame: Uint8Array }[] = [
  { name: 'ARP', frame: ethernet({ payload: arp() }) },
  { name: 'ICMP', frame: ethernet({ payload: ipv4({ payload: icmp({ checksum: 0 }) }) }) },
  { name: 'ICMPv6', frame: ethernet({ payload: ipv6({ payload: icmpv6({ checksum: 0 }) }) }) },
  { name: 'an unknown protocol', frame: ethernet({ payload: ipv4({ payload: text(40) }) }) },
  { name: 'an unknown EtherType', frame: ethernet({ etherType: 0x88cc, payload: text(60) }) },
  {
    name: 'an IPv6 fragment',
    frame: ethernet({
      payload: ipv6({ extensions: [fragmentHeader()], payload: udp({ checksum: 0x1234 }) }),
    }),
  },
  {
    name: 'an authenticated packet',
    frame: ethernet({
      payload: ipv6({ extensions: [authenticationHeader()], payload: udp({ checksum: 0x1234 }) }),
    }),
  },
  {
    name: 'no IPv6 payload',
    frame: ethernet({ payload: ipv6({ protocol: 59, payload: new Uint8Array(0) }) }),
  },
  ...[
    { name: 'TCP', protocol: 6, bytes: 20 },
    { name: 'UDP', protocol: 17, bytes: 8 },
    { name: 'SCTP', protocol: 132, bytes: 12 },
  ].flatMap(({ name, protocol, bytes }) => [
    {
      name: `IPv4 whose length ends in the ${name} header`,
      frame: ethernet({
        payload: ipv4({ protocol, totalLength: 20 + bytes - 1, payload: text(bytes + 30) }),
      }),
    },
    {
      name: `IPv6 whose length ends in the ${name} header`,
      frame: ethernet({ payload: ipv6({ protocol, payloadLength: bytes - 1, payload: text(bytes + 30) }) }),
    },
  ]),
  {
    name: 'IPv4 whose length ends in its own header',
    frame: ethernet({ payload: ipv4({ totalLength: 19, payload: tcp({ checksum: 0x1234 }) }) }),
  },
  {
    name: 'IPv4 whose header ends behind the frame',
    frame: ethernet({ payload: ipv4({ headerWords: 15, payload: udp({ checksum: 0x1234 }) }) }),
  },
  {
    name: 'an extension header of which there is one byte',
    frame: ethernet({ payload: ipv6({ protocol: 0, payload: Uint8Array.of(6) }) }),
  },
  {
    name: 'an extension header that ends behind the frame',
    frame: ethernet({
      payload: ipv6({ extensions: [hopByHop()], payload: udp({ checksum: 0x1234 }) }),
    }).map((byte, at) => (at === 14 + 40 + 1 ? 255 : byte)),
  },
];

for (const { name, frame } of UNTOUCHED) {
  t.test(`a frame without such a checksum stays as it is: ${name}`, async (t) => {
    t.equal(hex(completed(frame)), hex(frame));
    t.equal(hex(naivelyCompleted(frame)), hex(frame), 'the oracle agrees');
  });
}
