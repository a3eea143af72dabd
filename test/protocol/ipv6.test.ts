import t from 'tap';
import {
  authenticationHeader,
  destinationOptions,
  type ExtensionHeader,
  ethernet,
  fragmentHeader,
  hopByHop,
  type Ipv6Fields,
  icmpv6,
  ipv6,
  ipv6Fragments,
  routingHeader,
  tcp,
  udp,
} from '../fixtures/frames.js';
import { checkFrames, type FrameRow } from './frame-table.js';
import type { Reading } from './reading.js';
import { plainExtension } from './sample-frames.js';

const ETHERNET_BYTES = 14;
const HEADERS_BYTES = ETHERNET_BYTES + 40;
const FRAGMENT_HEADER = 44;
const payload = new Uint8Array(24).fill(0xee);

function row(name: string, fields: Ipv6Fields, expected: Partial<Reading>): FrameRow {
  return { name, frame: ethernet({ payload: ipv6(fields) }), expected };
}

t.test('every field that rules ask for is read', async (t) => {
  checkFrames(t, [
    row(
      'all fields at once',
      {
        src: 'ffff:1:2:3:4:5:6:fffe',
        dst: '8000:ffff:ffff:ffff:7fff:ffff:8000:1',
        dscp: 63,
        ecn: 3,
        flowLabel: 0xfffff,
        payload: udp({ srcPort: 65535, dstPort: 1 }),
      },
      {
        outcome: 'parsed',
        vlan: null,
        version: 6,
        protocol: 17,
        src: 'ffff000100020003000400050006fffe',
        dst: '8000ffffffffffff7fffffff80000001',
        dscp: 63,
        isFragment: false,
        srcPort: 65535,
        dstPort: 1,
        tcpFlags: null,
        icmpType: null,
      },
    ),
    row(
      'ECN and flow label are no part of DSCP',
      { ecn: 3, flowLabel: 0xfffff },
      { outcome: 'parsed', dscp: 0 },
    ),
    row('DSCP 10', { dscp: 10 }, { outcome: 'parsed', dscp: 10 }),
    row('ICMPv6', { payload: icmpv6({ type: 135 }) }, { outcome: 'parsed', icmpType: 135, srcPort: null }),
    row('ICMP in IPv6', { protocol: 1, payload }, { outcome: 'parsed', protocol: 1, icmpType: 0xee }),
    row('no next header', { protocol: 59, payload }, { outcome: 'parsed', protocol: 59, srcPort: null }),
  ]);
});

t.test('a version other than 6 is a lie, however little was captured', async (t) => {
  for (const version of [0, 4, 5, 7, 15]) {
    const frame = ethernet({ payload: ipv6({ version, payloadLength: 9999 }) });
    checkFrames(
      t,
      [1, 39, 40].flatMap((bytes): FrameRow[] => [
        {
          name: `version ${version}, ${bytes} bytes captured`,
          frame,
          capturedBytes: ETHERNET_BYTES + bytes,
          expected: { outcome: 'ipv6_version' },
        },
        {
          name: `version ${version}, ${bytes} bytes on the wire`,
          frame: frame.subarray(0, ETHERNET_BYTES + bytes),
          expected: { outcome: 'ipv6_version' },
        },
      ]),
    );
  }
});

t.test('the payload length may end before the frame does, but not behind it', async (t) => {
  const jumbo = { payloadLength: 0, payload: tcp({ srcPort: 3, dstPort: 4, payload }) };
  const parsed = { outcome: 'parsed', srcPort: 3, dstPort: 4 } as const;
  checkFrames(t, [
    row('exact', { payloadLength: 24, protocol: 253, payload }, { outcome: 'parsed' }),
    row('one short', { payloadLength: 23, protocol: 253, payload }, { outcome: 'parsed' }),
    row('one beyond', { payloadLength: 25, protocol: 253, payload }, { outcome: 'ipv6_payload_length' }),
    row('65535', { payloadLength: 65_535, payload }, { outcome: 'ipv6_payload_length' }),
    row('0: the frame counts', jumbo, parsed),
    { ...row('0 in a frame of 80,000 bytes', jumbo, parsed), wireBytes: 80_000 },
    row(
      '0 and nothing behind the header',
      { protocol: 59, payload: new Uint8Array(0) },
      { outcome: 'parsed' },
    ),
    {
      name: 'padding behind the payload is not looked at',
      frame: ethernet({ payload: ipv6({ protocol: 17, payload: new Uint8Array(3) }), minimumBytes: 100 }),
      expected: { outcome: 'parsed', srcPort: null, anomalies: ['l4_truncated'] },
    },
  ]);
});

t.test('a header that is not all captured is snapped, one that was not sent a false length', async (t) => {
  const frame = ethernet({ payload: ipv6({ payload: udp({ payload }) }) });
  const rows: FrameRow[] = [];
  for (let bytes = 0; bytes < 40; bytes++) {
    const cut = frame.subarray(0, ETHERNET_BYTES + bytes);
    rows.push(
      { name: `${bytes} captured`, frame: cut, wireBytes: frame.length, expected: { outcome: 'snapped' } },
      { name: `${bytes} of 40`, frame: cut, wireBytes: HEADERS_BYTES, expected: { outcome: 'snapped' } },
      {
        name: `${bytes} of 39`,
        frame: cut,
        wireBytes: HEADERS_BYTES - 1,
        expected: { outcome: 'ipv6_payload_length' },
      },
      { name: `${bytes} sent`, frame: cut, expected: { outcome: 'ipv6_payload_length' } },
    );
  }
  checkFrames(t, rows);
});

t.test('every kind of extension header is passed, at its shortest and its longest', async (t) => {
  const kinds: Record<string, (units: number) => ExtensionHeader> = {
    'hop-by-hop': hopByHop,
    routing: (units) => routingHeader({ units }),
    'destination options': destinationOptions,
    mobility: (units) => plainExtension(135, units),
    'host identity': (units) => plainExtension(139, units),
    shim6: (units) => plainExtension(140, units),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    for (const units of [0, 1, 255]) {
      const extension = make(units);
      const fields = { extensions: [extension], payload: tcp({ srcPort: 7, dstPort: 8, flags: 16 }) };
      const frame = ethernet({ payload: ipv6(fields) });
      const end = HEADERS_BYTES + extension.bytes.length;
      const parsed = { outcome: 'parsed', protocol: 6, isFragment: false } as const;
      const name = `${kind}, ${extension.bytes.length} bytes`;
      const payloadLength = extension.bytes.length - 1;
      checkFrames(t, [
        { name, frame, expected: { ...parsed, srcPort: 7, dstPort: 8, tcpFlags: 16 } },
        { name: `${name}, snapped within`, frame, capturedBytes: end - 1, expected: { outcome: 'snapped' } },
        {
          name: `${name}, snapped before`,
          frame,
          capturedBytes: HEADERS_BYTES,
          expected: { outcome: 'snapped' },
        },
        {
          name: `${name}, snapped behind`,
          frame,
          capturedBytes: end,
          expected: { ...parsed, srcPort: null, anomalies: ['l4_snapped'] },
        },
        row(`${name}, past the payload`, { ...fields, payloadLength }, { outcome: 'ipv6_extensions' }),
      ]);
    }
  }
});

t.test('AH, ESP and what is no extension header end the walk', async (t) => {
  const none = { outcome: 'parsed', srcPort: null, tcpFlags: null } as const;
  checkFrames(t, [
    row('AH', { extensions: [authenticationHeader()], payload: tcp() }, { ...none, protocol: 51 }),
    row('AH behind options', { extensions: [hopByHop(), authenticationHeader()] }, { ...none, protocol: 51 }),
    ...[4, 41, 47, 50, 59, 108, 253, 254, 255].map((protocol) =>
      row(
        `protocol ${protocol}`,
        { extensions: [destinationOptions()], protocol, payload },
        { ...none, protocol },
      ),
    ),
  ]);
});

t.test('sixteen extension headers are passed, seventeen are not', async (t) => {
  const mixed = [hopByHop(), fragmentHeader(), destinationOptions(), routingHeader(), plainExtension(140)];
  for (const [name, kinds] of [['options', [destinationOptions()]] as const, ['mixed', mixed] as const]) {
    const chain = (count: number) => Array.from({ length: count }, (_, i) => kinds[i % kinds.length]!);
    const whole = { extensions: chain(17), payload: udp() };
    checkFrames(t, [
      row(
        `16, ${name}`,
        { extensions: chain(16), payload: udp({ dstPort: 9 }) },
        { outcome: 'parsed', dstPort: 9 },
      ),
      row(`17, ${name}`, whole, { outcome: 'ipv6_extensions' }),
      row(`33, ${name}`, { extensions: chain(33), payload: udp() }, { outcome: 'ipv6_extensions' }),
      {
        name: `17, ${name}, the last not captured`,
        frame: ethernet({ payload: ipv6(whole) }),
        capturedBytes: HEADERS_BYTES + 16 * 8,
        expected: { outcome: 'ipv6_extensions' },
      },
    ]);
  }
});

t.test('an extension header that the payload has no room for is a lie', async (t) => {
  for (let room = 0; room < 8; room++) {
    for (const nextHeader of [0, 43, 60, 135, 139, 140, FRAGMENT_HEADER]) {
      const outcome = nextHeader === FRAGMENT_HEADER ? 'ipv6_fragment' : 'ipv6_extensions';
      const fields = { nextHeader, payloadLength: room, payload: new Uint8Array(room) };
      // A payload length of 0 means the frame's own length, which leaves no room either.
      checkFrames(t, [row(`header ${nextHeader} in ${room} bytes`, fields, { outcome })]);
    }
  }
  checkFrames(t, [
    row(
      'room for it in the padding only',
      { nextHeader: 0, payloadLength: 7, payload },
      { outcome: 'ipv6_extensions' },
    ),
  ]);
});

t.test('fragments: the first has ports, later ones none, and an atomic one is a whole packet', async (t) => {
  const whole = { payload: udp({ srcPort: 5, dstPort: 6, payload: new Uint8Array(40) }) };
  const pieces = ipv6Fragments(whole, 16);
  const fragment = { outcome: 'parsed', protocol: 17, isFragment: true, anomalies: ['fragment'] } as const;
  t.equal(pieces.length, 3);
  checkFrames(
    t,
    pieces.map((piece, i) => ({
      name: `fragment ${i}`,
      frame: ethernet({ payload: piece }),
      expected: { ...fragment, srcPort: i === 0 ? 5 : null, dstPort: i === 0 ? 6 : null },
    })),
  );
  const first = fragmentHeader({ more: true });
  const later = fragmentHeader({ offset: 1 });
  const atomic = { outcome: 'parsed', protocol: 17, isFragment: false, srcPort: 5 } as const;
  checkFrames(t, [
    row('atomic', { ...whole, extensions: [fragmentHeader()] }, atomic),
    row(
      'atomic between options',
      { ...whole, extensions: [hopByHop(), fragmentHeader(), hopByHop()] },
      atomic,
    ),
    row('the largest offset', { ...whole, extensions: [fragmentHeader({ offset: 0x1fff })] }, fragment),
    row(
      'a first one goes on behind its header',
      { ...whole, extensions: [first, destinationOptions()] },
      {
        ...fragment,
        srcPort: 5,
      },
    ),
    row(
      'a first one in a later one',
      { ...whole, extensions: [later, first] },
      { ...fragment, protocol: 44 },
    ),
    row(
      'a later one in a first one',
      { ...whole, extensions: [first, later] },
      { ...fragment, srcPort: null },
    ),
    row(
      'a later one of ICMPv6',
      { extensions: [later], payload: icmpv6() },
      {
        ...fragment,
        protocol: 58,
        icmpType: null,
      },
    ),
    row(
      'a first one whose chain is cut',
      { ...whole, extensions: [first], protocol: 60, payload: new Uint8Array(7) },
      {
        outcome: 'ipv6_extensions',
        anomalies: ['fragment'],
      },
    ),
  ]);
  const frame = ethernet({ payload: ipv6({ ...whole, extensions: [later] }) });
  checkFrames(t, [
    {
      name: 'its header is snapped',
      frame,
      capturedBytes: HEADERS_BYTES + 7,
      expected: { outcome: 'snapped' },
    },
    { name: 'its header alone', frame, capturedBytes: HEADERS_BYTES + 8, expected: fragment },
  ]);
});
