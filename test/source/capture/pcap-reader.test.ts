import { rmSync } from 'node:fs';
import t from 'tap';
import { CaptureFileError } from '../../../src/errors.js';
import {
  concatBytes,
  MAGIC_MODIFIED,
  MAGIC_NANOSECONDS,
  type PcapHeader,
  type PcapRecord,
  pcapFile,
  pcapHeader,
  pcapRecord,
} from '../../fixtures/capture-builder.js';
import { captureDirectory, numberedFrames, playBytes } from './play-capture.js';

const directory = captureDirectory();
t.teardown(() => rmSync(directory, { recursive: true }));

const frames = numberedFrames(3);
const records = frames.map((frame) => ({ frame }));

const READABLE: readonly { name: string; header?: PcapHeader; records?: readonly PcapRecord[] }[] = [
  { name: 'little-endian microseconds' },
  { name: 'big-endian microseconds', header: { littleEndian: false } },
  { name: 'little-endian nanoseconds', header: { magic: MAGIC_NANOSECONDS } },
  { name: 'big-endian nanoseconds', header: { magic: MAGIC_NANOSECONDS, littleEndian: false } },
  { name: 'version 2.3 with the lengths in order', header: { versionMinor: 3 } },
  { name: 'version 2.2', header: { versionMinor: 2 } },
  { name: 'version 543.0', header: { versionMajor: 543, versionMinor: 0 } },
  { name: 'FCS bits above the link type', header: { linkType: 0xfc000001 } },
  { name: 'snaplen 0, which means none', header: { snaplen: 0 } },
  { name: 'records longer than the snaplen', header: { snaplen: 10 } },
  {
    name: 'modified pcap with its longer record header',
    header: { magic: MAGIC_MODIFIED },
    records: frames.map((frame) => ({ frame, extraHeader: new Uint8Array(8).fill(0xee) })),
  },
];

t.test('every variant of pcap gives its packets whole and in order', async (t) => {
  for (const { name, header, records: given } of READABLE) {
    const { packets, reports } = playBytes(directory, pcapFile(given ?? records, header));
    t.strictSame(
      packets,
      frames.map((bytes) => ({ bytes, wireBytes: bytes.length, linkType: 1 })),
      name,
    );
    t.match(reports, [{ packets: 3, error: null }], name);
  }
});

t.test('every supported link type is delivered with its number', async (t) => {
  for (const linkType of [0, 1, 12, 14, 101, 108, 113, 228, 229, 276]) {
    const { packets } = playBytes(directory, pcapFile(records, { linkType }));
    t.strictSame(
      packets.map((packet) => packet.linkType),
      [linkType, linkType, linkType],
    );
  }
});

const frame = frames[0]!;
const LENGTHS = [
  { name: 'cut by the snaplen', record: { frame, originalBytes: 1500 }, captured: 14, wire: 1500 },
  { name: 'longer than on the wire', record: { frame, originalBytes: 9 }, captured: 14, wire: 9 },
  {
    name: 'no byte captured',
    record: { frame: new Uint8Array(0), originalBytes: 60 },
    captured: 0,
    wire: 60,
  },
  { name: 'nothing at all', record: { frame: new Uint8Array(0) }, captured: 0, wire: 0 },
  {
    name: 'a wire length beyond int32 is the largest int32',
    record: { frame, originalBytes: 0xffffffff },
    captured: 14,
    wire: 0x7fffffff,
  },
  {
    name: 'version 2.2 has the original length first',
    header: { versionMinor: 2 },
    record: { frame, capturedBytes: 90, originalBytes: 14 },
    captured: 14,
    wire: 90,
  },
  {
    name: 'version 2.3 is swapped where the first length is the larger',
    header: { versionMinor: 3 },
    record: { frame, capturedBytes: 90, originalBytes: 14 },
    captured: 14,
    wire: 90,
  },
  {
    name: 'version 2.3 is in order where the first length is the smaller',
    header: { versionMinor: 3 },
    record: { frame, originalBytes: 90 },
    captured: 14,
    wire: 90,
  },
];

t.test('captured and wire length are delivered as the record has them', async (t) => {
  for (const { name, header, record, captured, wire } of LENGTHS) {
    const { packets, reports } = playBytes(directory, pcapFile([record], header));
    t.equal(reports[0]?.error, null, name);
    t.equal(packets[0]?.bytes.length, captured, name);
    t.equal(packets[0]?.wireBytes, wire, name);
  }
});

const REFUSED: readonly { name: string; header: PcapHeader; reason: RegExp }[] = [
  { name: 'version 1.4', header: { versionMajor: 1 }, reason: /pcap version 1\.4 is not supported/ },
  { name: 'version 2.5', header: { versionMinor: 5 }, reason: /pcap version 2\.5 is not supported/ },
  { name: 'version 3.0', header: { versionMajor: 3, versionMinor: 0 }, reason: /version 3\.0/ },
  { name: 'version 543.1', header: { versionMajor: 543, versionMinor: 1 }, reason: /version 543\.1/ },
  { name: 'bit 16 set', header: { linkType: 0x10001 }, reason: /bits 16 to 25 .* 0x10001 must be zero/ },
  { name: 'bit 25 set', header: { linkType: 0x2000001 }, reason: /bits 16 to 25/ },
  {
    name: 'link type 104',
    header: { linkType: 104 },
    reason: /link type 104 is not supported; supported: .*Ethernet \(1\)/,
  },
];

t.test('a file header that libpcap refuses gives one error and no packet', async (t) => {
  for (const { name, header, reason } of REFUSED) {
    for (const littleEndian of [true, false]) {
      const { packets, reports, file } = playBytes(directory, pcapFile(records, { ...header, littleEndian }));
      const error = reports[0]?.error as CaptureFileError;
      t.equal(packets.length, 0, name);
      t.type(error, CaptureFileError, name);
      t.match(error.message, reason, name);
      t.strictSame([error.file, error.byteOffset], [file, 0], name);
    }
  }
});

t.test('a file cut at any byte gives every whole record and an error at the cut one', async (t) => {
  const whole = pcapFile(records);
  // Where the structures begin: the header at 0, then the records of 16 bytes and their frames.
  const starts = [0, 24, 24 + 30, 24 + 30 + 31];
  for (let length = 0; length < whole.length; length++) {
    const { packets, reports, file } = playBytes(directory, whole.slice(0, length));
    const start = starts.findLast((at) => at <= length)!;
    const recordsBefore = Math.max(0, starts.indexOf(start) - 1);
    const error = reports[0]?.error as CaptureFileError | null;
    t.strictSame(
      packets.map((packet) => packet.bytes),
      frames.slice(0, recordsBefore),
      `packets of ${length} bytes`,
    );
    if (length === start && length > 0) {
      t.equal(error, null, `${length} bytes end a record`);
      continue;
    }
    t.type(error, CaptureFileError, `${length} bytes`);
    t.strictSame([error?.file, error?.byteOffset], [file, start], `${length} bytes`);
    t.match(error?.message, length === 0 ? /the file is empty/ : /is cut: \d+ bytes of/, `${length} bytes`);
  }
});

t.test('an absurd captured length ends the file at its record, without reading on', async (t) => {
  const cases = [
    { snaplen: 65_535, capturedBytes: 262_145, reason: /claims 262145 captured bytes; the most is 262144/ },
    { snaplen: 65_535, capturedBytes: 0xffffffff, reason: /claims 4294967295 captured bytes/ },
    { snaplen: 300_000, capturedBytes: 300_001, reason: /the most is 300000/ },
    { snaplen: 0xffffffff, capturedBytes: 16_777_217, reason: /the most is 16777216/ },
  ];
  for (const { snaplen, capturedBytes, reason } of cases) {
    const bad = pcapRecord({ frame: new Uint8Array(64), capturedBytes });
    const bytes = concatBytes(pcapFile(records.slice(0, 1), { snaplen }), bad);
    const { packets, reports } = playBytes(directory, bytes);
    t.equal(packets.length, 1);
    t.match(reports[0]?.error?.message, reason);
    t.match(reports[0]?.error, { byteOffset: 24 + 30 });
  }
});

t.test('records up to the limit are delivered, larger than the buffer too', async (t) => {
  const cases = [
    { snaplen: 0, sizes: [80_066, 262_144, 60] },
    { snaplen: 524_288, sizes: [60, 524_288, 60] },
    { snaplen: 4_000_000, sizes: [60, 3_999_999, 60] },
  ];
  for (const { snaplen, sizes } of cases) {
    const large = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
    const { packets, reports } = playBytes(
      directory,
      pcapFile(
        large.map((frame) => ({ frame })),
        { snaplen },
      ),
    );
    t.equal(reports[0]?.error, null);
    t.ok(
      large.every((frame, i) => Buffer.compare(frame, packets[i]!.bytes) === 0),
      `${sizes}`,
    );
  }
});

t.test('a file of the header alone ends cleanly without packets', async (t) => {
  const { packets, reports } = playBytes(directory, pcapHeader());
  t.equal(packets.length, 0);
  t.match(reports, [{ packets: 0, error: null }]);
});
