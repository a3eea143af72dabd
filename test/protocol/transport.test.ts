import t from 'tap';
import {
  fragmentHeader,
  icmp,
  icmpv6,
  ipv4,
  ipv6,
  sctp,
  type Transport,
  tcp,
  udp,
} from '../fixtures/frames.js';
import { checkFrames, type FrameRow } from './frame-table.js';
import type { Reading } from './reading.js';

const LINK_RAW = 101;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;

interface Kind {
  readonly name: string;
  readonly transport: Transport;
  /** Bytes without options: fewer of them are an anomaly. */
  readonly fixedBytes: number;
}

const KINDS: readonly Kind[] = [
  { name: 'TCP', transport: tcp({ srcPort: 258, dstPort: 772, flags: 0x12 }), fixedBytes: 20 },
  { name: 'UDP', transport: udp({ srcPort: 258, dstPort: 772 }), fixedBytes: 8 },
  { name: 'SCTP', transport: sctp({ srcPort: 258, dstPort: 772 }), fixedBytes: 12 },
  { name: 'ICMP', transport: icmp({ type: 11 }), fixedBytes: 8 },
  { name: 'ICMPv6', transport: icmpv6({ type: 129 }), fixedBytes: 4 },
];

/** The fields that the first bytes of a transport header give. */
function fieldsWithin(transport: Transport, bytes: number): Partial<Reading> {
  const isIcmp = transport.protocol === 1 || transport.protocol === 58;
  const hasPorts = !isIcmp && bytes >= 4;
  return {
    outcome: 'parsed',
    protocol: transport.protocol,
    srcPort: hasPorts ? 258 : null,
    dstPort: hasPorts ? 772 : null,
    tcpFlags: transport.protocol === 6 && bytes >= 14 ? 0x12 : null,
    icmpType: isIcmp && bytes >= 1 ? transport.bytes[0]! : null,
  };
}

t.test('each field is read as soon as its bytes are captured, and the rest noted as snapped', async (t) => {
  for (const { name, transport, fixedBytes } of KINDS) {
    const packets = [
      { packet: ipv4({ payload: transport }).bytes, headerBytes: IPV4_BYTES },
      { packet: ipv6({ payload: transport }).bytes, headerBytes: IPV6_BYTES },
    ];
    for (const { packet, headerBytes } of packets) {
      for (let bytes = 0; bytes <= transport.bytes.length; bytes++) {
        checkFrames(t, [
          {
            name: `${name} behind ${headerBytes} bytes, ${bytes} captured`,
            frame: packet,
            capturedBytes: headerBytes + bytes,
            linkType: LINK_RAW,
            expected: {
              ...fieldsWithin(transport, bytes),
              anomalies: bytes < fixedBytes ? ['l4_snapped'] : [],
            },
          },
        ]);
      }
    }
  }
});

t.test('a packet that ends before its transport header is truncated, whatever was captured', async (t) => {
  for (const { name, transport, fixedBytes } of KINDS) {
    const { protocol } = transport;
    for (let bytes = 0; bytes < fixedBytes; bytes++) {
      const payload = transport.bytes.slice(0, bytes);
      const four = ipv4({ protocol, payload }).bytes;
      const six = ipv6({ protocol, payload }).bytes;
      // Padding that looks like the rest of the header.
      const padding = transport.bytes.slice(bytes);
      // The length fields of cut headers lie as well: this table is about whether fields are there.
      const anomalies: Reading['anomalies'] =
        protocol === 17 && bytes >= 6
          ? ['l4_truncated', 'udp_length']
          : protocol === 6 && bytes >= 13
            ? ['l4_truncated', 'tcp_offset']
            : ['l4_truncated'];
      const expected = { ...fieldsWithin(transport, bytes), anomalies };
      const linkType = LINK_RAW;
      checkFrames(t, [
        { name: `${name} in IPv4, ${bytes} bytes`, frame: four, linkType, expected },
        { name: `${name} in IPv4, ${bytes} bytes, padded`, frame: join(four, padding), linkType, expected },
        // An IPv6 payload length of 0 stands for the frame's own, padding included: never pad that.
        { name: `${name} in IPv6, ${bytes} bytes`, frame: six, linkType, expected },
        {
          name: `${name} in IPv6, ${bytes} bytes, padded`,
          frame: bytes === 0 ? six : join(six, padding),
          linkType,
          expected,
        },
      ]);
    }
    const half = fixedBytes >> 1;
    checkFrames(t, [
      {
        name: `${name}: truncated by its own length, and snapped before that`,
        frame: ipv4({ protocol, payload: transport.bytes.slice(0, fixedBytes - 1) }).bytes,
        capturedBytes: IPV4_BYTES + Math.min(half, 4),
        linkType: LINK_RAW,
        expected: { ...fieldsWithin(transport, Math.min(half, 4)), anomalies: ['l4_truncated'] },
      },
    ]);
  }
});

t.test('the TCP data offset must lie between the fixed header and the end of the packet', async (t) => {
  const options = new Uint8Array(8).fill(1);
  const check = (name: string, transport: Transport, anomalies: Reading['anomalies']) =>
    checkFrames(t, [
      {
        name,
        frame: ipv4({ payload: transport }).bytes,
        linkType: LINK_RAW,
        expected: { anomalies, tcpFlags: 2 },
      },
      {
        name: `${name}, IPv6`,
        frame: ipv6({ payload: transport }).bytes,
        linkType: LINK_RAW,
        expected: { anomalies, tcpFlags: 2 },
      },
    ]);
  check('0', tcp({ dataOffset: 0 }), ['tcp_offset']);
  check('4 words', tcp({ dataOffset: 4 }), ['tcp_offset']);
  check('5 words', tcp({ dataOffset: 5 }), []);
  check('6 words of 5', tcp({ dataOffset: 6 }), ['tcp_offset']);
  check('7 words of 7', tcp({ options }), []);
  check('8 words of 7', tcp({ options, dataOffset: 8 }), ['tcp_offset']);
  check('15 words', tcp({ dataOffset: 15, payload: new Uint8Array(40) }), []);
  check('15 words, one byte short', tcp({ dataOffset: 15, payload: new Uint8Array(39) }), ['tcp_offset']);

  const frame = ipv4({ payload: tcp({ dataOffset: 4 }) }).bytes;
  const linkType = LINK_RAW;
  checkFrames(t, [
    { name: 'unseen', frame, linkType, capturedBytes: 32, expected: { anomalies: ['l4_snapped'] } },
    {
      name: 'seen',
      frame,
      linkType,
      capturedBytes: 33,
      expected: { anomalies: ['l4_snapped', 'tcp_offset'] },
    },
  ]);
});

t.test('the UDP length must lie between the header and the end of the packet', async (t) => {
  const payload = new Uint8Array(10);
  const lengths = [
    { length: 0, isOdd: true },
    { length: 7, isOdd: true },
    { length: 8, isOdd: false },
    { length: 17, isOdd: false },
    { length: 18, isOdd: false },
    { length: 19, isOdd: true },
    { length: 65_535, isOdd: true },
  ];
  for (const { length, isOdd } of lengths) {
    const anomalies: Reading['anomalies'] = isOdd ? ['udp_length'] : [];
    const expected = { outcome: 'parsed', dstPort: 53, anomalies } as const;
    const transport = udp({ length, payload });
    checkFrames(t, [
      { name: `IPv4, ${length}`, frame: ipv4({ payload: transport }).bytes, linkType: LINK_RAW, expected },
      { name: `IPv6, ${length}`, frame: ipv6({ payload: transport }).bytes, linkType: LINK_RAW, expected },
    ]);
  }
  const zero = udp({ length: 0, payload });
  const frame = ipv4({ payload: udp({ length: 7, payload }) }).bytes;
  const linkType = LINK_RAW;
  checkFrames(t, [
    // Offload and jumbograms (RFC 2675, 4) leave out both lengths together.
    { name: 'both 0, IPv4', frame: ipv4({ totalLength: 0, payload: zero }).bytes, linkType, expected: {} },
    { name: 'both 0, IPv6', frame: ipv6({ payloadLength: 0, payload: zero }).bytes, linkType, expected: {} },
    {
      name: 'packet length 0, UDP length 7',
      frame: ipv4({ totalLength: 0, payload: udp({ length: 7, payload }) }).bytes,
      linkType,
      expected: { anomalies: ['udp_length'] },
    },
    { name: 'unseen', frame, linkType, capturedBytes: 25, expected: { anomalies: ['l4_snapped'] } },
    {
      name: 'seen',
      frame,
      linkType,
      capturedBytes: 26,
      expected: { anomalies: ['l4_snapped', 'udp_length'] },
    },
  ]);
});

t.test('a first fragment may hold less than its transport header promises', async (t) => {
  const long = { dataOffset: 15 };
  const rows = (
    name: string,
    payload: Transport | Uint8Array,
    protocol: number,
    expected: Partial<Reading>,
  ) => {
    const extensions = [fragmentHeader({ more: true })];
    return [
      { name, frame: ipv4({ moreFragments: true, protocol, payload }).bytes, linkType: LINK_RAW, expected },
      {
        name: `${name}, IPv6`,
        frame: ipv6({ extensions, protocol, payload }).bytes,
        linkType: LINK_RAW,
        expected,
      },
    ] satisfies FrameRow[];
  };
  checkFrames(t, [
    ...rows('TCP options to come', tcp(long), 6, { tcpFlags: 2, anomalies: ['fragment'] }),
    ...rows('TCP offset 4', tcp({ dataOffset: 4 }), 6, { anomalies: ['fragment', 'tcp_offset'] }),
    ...rows('UDP payload to come', udp({ length: 4000 }), 17, { dstPort: 53, anomalies: ['fragment'] }),
    ...rows('UDP length 7', udp({ length: 7 }), 17, { anomalies: ['fragment', 'udp_length'] }),
    ...rows('eight bytes of TCP', tcp().bytes.slice(0, 8), 6, {
      dstPort: 80,
      tcpFlags: null,
      anomalies: ['fragment', 'l4_truncated'],
    }),
  ]);
});

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Uint8Array.of(...a, ...b);
}
