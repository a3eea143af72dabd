import t from 'tap';
import { ethernet, type Ipv4Fields, icmp, ipv4, ipv4Fragments, tcp, udp } from '../fixtures/frames.js';
import { checkFrames, type FrameRow } from './frame-table.js';
import type { Reading } from './reading.js';

const ETHERNET_BYTES = 14;
const payload = new Uint8Array(24).fill(0xee);

function row(name: string, fields: Ipv4Fields, expected: Partial<Reading>): FrameRow {
  return { name, frame: ethernet({ payload: ipv4(fields) }), expected };
}

t.test('every field that rules ask for is read', async (t) => {
  checkFrames(t, [
    row(
      'all fields at once',
      {
        src: '255.254.253.252',
        dst: '128.0.0.1',
        dscp: 63,
        ecn: 3,
        payload: tcp({ srcPort: 65535, dstPort: 0, flags: 0xff }),
      },
      {
        outcome: 'parsed',
        vlan: null,
        version: 4,
        protocol: 6,
        src: 'fffefdfc',
        dst: '80000001',
        dscp: 63,
        isFragment: false,
        srcPort: 65535,
        dstPort: 0,
        tcpFlags: 0xff,
        icmpType: null,
      },
    ),
    row('ECN is no part of DSCP', { dscp: 0, ecn: 3 }, { outcome: 'parsed', dscp: 0 }),
    row('DSCP 46', { dscp: 46 }, { outcome: 'parsed', dscp: 46 }),
    row('a wrong checksum', { checksum: 0x1234 }, { outcome: 'parsed' }),
    row('reserved flag and DF', { fragmentOffset: 0xc000 }, { outcome: 'parsed', isFragment: false }),
    row('ICMPv6 in IPv4', { protocol: 58, payload }, { outcome: 'parsed', protocol: 58, icmpType: 0xee }),
  ]);
});

t.test('a version other than 4 is a lie, however little was captured', async (t) => {
  for (const version of [0, 3, 5, 6, 15]) {
    const frame = ethernet({ payload: ipv4({ version, headerWords: 0, totalLength: 1 }) });
    checkFrames(
      t,
      [1, 19, 20].flatMap((bytes): FrameRow[] => [
        {
          name: `version ${version}, ${bytes} bytes captured`,
          frame,
          capturedBytes: ETHERNET_BYTES + bytes,
          expected: { outcome: 'ipv4_version' },
        },
        {
          name: `version ${version}, ${bytes} bytes on the wire`,
          frame: frame.subarray(0, ETHERNET_BYTES + bytes),
          expected: { outcome: 'ipv4_version' },
        },
      ]),
    );
  }
});

t.test('header and total length are judged one after the other', async (t) => {
  const options = new Uint8Array(40).fill(1);
  checkFrames(t, [
    row('header length 0', { headerWords: 0 }, { outcome: 'ipv4_header_length' }),
    row('header length 16', { headerWords: 4, totalLength: 3 }, { outcome: 'ipv4_header_length' }),
    row('header length 20', { headerWords: 5 }, { outcome: 'parsed' }),
    row('header length 60', { options, payload: udp({ dstPort: 9 }) }, { outcome: 'parsed', dstPort: 9 }),
    row('total length 1', { totalLength: 1 }, { outcome: 'ipv4_total_length' }),
    row('total length 19', { totalLength: 19 }, { outcome: 'ipv4_total_length' }),
    row('total length 20', { totalLength: 20, protocol: 253, payload }, { outcome: 'parsed' }),
    row('total length below a long header', { options, totalLength: 59 }, { outcome: 'ipv4_total_length' }),
    row('total length of a long header', { options, totalLength: 60, payload }, { outcome: 'parsed' }),
    row('total length of the frame', { totalLength: 44, payload }, { outcome: 'parsed' }),
    row('total length one beyond', { totalLength: 45, payload }, { outcome: 'ipv4_truncated' }),
    row('total length 65535', { totalLength: 65_535, payload }, { outcome: 'ipv4_truncated' }),
    row('header beyond the frame', { headerWords: 15, totalLength: 60 }, { outcome: 'ipv4_truncated' }),
    row('the same, total length 0', { headerWords: 15, totalLength: 0 }, { outcome: 'ipv4_truncated' }),
    row(
      'header fills the frame, length 0',
      { headerWords: 11, totalLength: 0, payload },
      { outcome: 'parsed' },
    ),
    row('header one word more', { headerWords: 12, totalLength: 0, payload }, { outcome: 'ipv4_truncated' }),
  ]);
});

t.test('total length 0 means the length of the frame, as segmentation offload leaves it', async (t) => {
  const fields = { totalLength: 0, payload: tcp({ srcPort: 1, dstPort: 2, payload }) };
  const expected = { outcome: 'parsed', srcPort: 1, dstPort: 2 } as const;
  const frame = ethernet({ payload: ipv4(fields) });
  checkFrames(t, [
    { name: 'all captured', frame, expected },
    { name: 'a frame of 80,000 bytes', frame, wireBytes: 80_000, expected },
    {
      name: 'the ports alone captured',
      frame,
      capturedBytes: ETHERNET_BYTES + 24,
      expected: { ...expected, tcpFlags: null, anomalies: ['l4_snapped'] },
    },
    {
      name: 'the wire ends within the TCP header',
      frame: frame.subarray(0, ETHERNET_BYTES + 24),
      expected: { ...expected, tcpFlags: null, anomalies: ['l4_truncated'] },
    },
  ]);
});

t.test('a header that is not all captured is snapped, one that was not sent truncated', async (t) => {
  const options = new Uint8Array(8).fill(1);
  const frame = ethernet({ payload: ipv4({ options, payload }) });
  const rows: FrameRow[] = [];
  for (let bytes = 0; bytes <= 28; bytes++) {
    const kept = ETHERNET_BYTES + bytes;
    rows.push(
      {
        name: `${bytes} bytes captured`,
        frame,
        capturedBytes: kept,
        expected: { outcome: bytes < 28 ? 'snapped' : 'parsed' },
      },
      {
        name: `${bytes} bytes on the wire`,
        frame: frame.subarray(0, kept),
        expected: { outcome: 'ipv4_truncated' },
      },
      {
        name: `${bytes} bytes captured of 19`,
        frame: frame.subarray(0, Math.min(kept, ETHERNET_BYTES + 19)),
        wireBytes: ETHERNET_BYTES + 19,
        expected: { outcome: 'ipv4_truncated' },
      },
    );
  }
  checkFrames(t, rows);
  checkFrames(t, [
    // The lie is found in what was captured before the rest is missed.
    {
      name: 'a total length beyond the wire, options not captured',
      frame: ethernet({ payload: ipv4({ options, totalLength: 2000, payload }) }),
      capturedBytes: ETHERNET_BYTES + 20,
      expected: { outcome: 'ipv4_truncated' },
    },
  ]);
});

t.test('Ethernet padding belongs to nobody', async (t) => {
  checkFrames(t, [
    {
      name: 'UDP ends with its packet',
      frame: ethernet({ payload: ipv4({ payload: udp({ length: 9 }) }), minimumBytes: 60 }),
      expected: { outcome: 'parsed', anomalies: ['udp_length'] },
    },
    {
      name: 'ports in the padding are none',
      frame: ethernet({ payload: ipv4({ protocol: 17, payload: new Uint8Array(3) }), minimumBytes: 60 }),
      expected: { outcome: 'parsed', srcPort: null, dstPort: null, anomalies: ['l4_truncated'] },
    },
    {
      name: 'nor is a type',
      frame: ethernet({ payload: ipv4({ protocol: 1, payload: new Uint8Array(0) }), minimumBytes: 60 }),
      expected: { outcome: 'parsed', icmpType: null, anomalies: ['l4_truncated'] },
    },
  ]);
});

t.test('more captured than there was on the wire counts as sent', async (t) => {
  const frame = ethernet({ payload: ipv4({ payload: icmp({ type: 13 }) }) });
  const expected = { outcome: 'parsed', icmpType: 13 } as const;
  checkFrames(
    t,
    [0, 1, 14, frame.length - 1].map((wireBytes) => ({
      name: `wire ${wireBytes}`,
      frame,
      wireBytes,
      expected,
    })),
  );
});

t.test('fragments: the first has ports, the later ones have none', async (t) => {
  const pieces = ipv4Fragments({ payload: udp({ srcPort: 5, dstPort: 6, payload: new Uint8Array(40) }) }, 16);
  const common = { outcome: 'parsed', protocol: 17, isFragment: true, anomalies: ['fragment'] } as const;
  t.equal(pieces.length, 3);
  checkFrames(
    t,
    pieces.map((piece, i) => ({
      name: `fragment ${i}`,
      frame: ethernet({ payload: piece }),
      expected: { ...common, srcPort: i === 0 ? 5 : null, dstPort: i === 0 ? 6 : null },
    })),
  );
  const later = { ...common, protocol: 6, srcPort: null, tcpFlags: null };
  checkFrames(t, [
    row('offset 1 of TCP', { fragmentOffset: 1, payload: tcp() }, later),
    row('the last, at the largest offset', { fragmentOffset: 0x1fff, payload: tcp() }, later),
    row('a later one with more to come', { fragmentOffset: 8, moreFragments: true, payload: tcp() }, later),
    row('an empty later one', { fragmentOffset: 1, protocol: 6, payload: new Uint8Array(0) }, later),
    row(
      'a first one, ICMP',
      { moreFragments: true, payload: icmp({ type: 8 }) },
      { ...common, protocol: 1, icmpType: 8 },
    ),
    row(
      'a later one, ICMP',
      { fragmentOffset: 1, payload: icmp() },
      { ...common, protocol: 1, icmpType: null },
    ),
  ]);
});

t.test('tunnels are read by their outer header', async (t) => {
  const inner = ipv4({ src: '1.1.1.1', dst: '2.2.2.2', payload: tcp() }).bytes;
  for (const protocol of [4, 41, 47, 50, 51, 94, 253]) {
    checkFrames(t, [
      row(
        `protocol ${protocol}`,
        { protocol, src: '10.0.0.9', payload: inner },
        { outcome: 'parsed', protocol, src: '0a000009', srcPort: null, tcpFlags: null, icmpType: null },
      ),
    ]);
  }
});
