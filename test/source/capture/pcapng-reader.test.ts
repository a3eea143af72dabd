import { rmSync } from 'node:fs';
import t from 'tap';
import { CaptureFileError } from '../../../src/errors.js';
import {
  concatBytes,
  enhancedPacket,
  interfaceDescription,
  obsoletePacket,
  pcapngBlock,
  pcapngFile,
  pcapngOption,
  sectionHeader,
  simplePacket,
} from '../../fixtures/capture-builder.js';
import { captureDirectory, numberedFrames, playBytes } from './play-capture.js';

const directory = captureDirectory();
t.teardown(() => rmSync(directory, { recursive: true }));

const frames = numberedFrames(3);
const frame = frames[0]!;
const SECTION = sectionHeader();
const INTERFACE = interfaceDescription();
const PACKET = enhancedPacket({ frame });

function framesOf(...blocks: Uint8Array[]): { bytes: Uint8Array[]; error: CaptureFileError | null } {
  const { packets, reports } = playBytes(directory, concatBytes(...blocks));
  return {
    bytes: packets.map((packet) => packet.bytes),
    error: reports[0]?.error as CaptureFileError | null,
  };
}

t.test('enhanced packets are delivered in either byte order', async (t) => {
  for (const littleEndian of [true, false]) {
    const { packets, reports } = playBytes(directory, pcapngFile(frames, { littleEndian }));
    t.strictSame(
      packets,
      frames.map((bytes) => ({ bytes, wireBytes: bytes.length, linkType: 1 })),
    );
    t.match(reports, [{ packets: 3, error: null }]);
  }
});

t.test('sections may differ in byte order, each with interfaces of its own', async (t) => {
  const big = { littleEndian: false };
  const { packets, reports } = playBytes(
    directory,
    concatBytes(
      SECTION,
      INTERFACE,
      interfaceDescription({ linkType: 101 }),
      enhancedPacket({ frame: frames[0]!, interfaceId: 1 }),
      sectionHeader({ ...big, versionMinor: 2, sectionLength: 4096n }),
      interfaceDescription({ ...big, linkType: 276 }),
      enhancedPacket({ ...big, frame: frames[1]! }),
      sectionHeader(),
      interfaceDescription({ linkType: 113 }),
      enhancedPacket({ frame: frames[2]! }),
    ),
  );
  t.equal(reports[0]?.error, null);
  t.strictSame(
    packets.map((packet) => packet.linkType),
    [101, 276, 113],
  );
  t.strictSame(
    packets.map((packet) => packet.bytes),
    frames,
  );
});

t.test('simple and obsolete packets are delivered, other blocks are skipped', async (t) => {
  for (const littleEndian of [true, false]) {
    const order = { littleEndian };
    const { bytes, error } = framesOf(
      sectionHeader(order),
      pcapngBlock(5, new Uint8Array(100), order),
      interfaceDescription(order),
      simplePacket({ frame: frames[0]!, ...order }),
      pcapngBlock(0x80000bad, new Uint8Array(3_000_000), order),
      obsoletePacket({ frame: frames[1]!, ...order }),
      pcapngBlock(4, new Uint8Array(0), order),
      enhancedPacket({ frame: frames[2]!, options: pcapngOption(1, Buffer.from('note'), order), ...order }),
    );
    t.equal(error, null);
    t.strictSame(bytes, frames);
  }
});

t.test("a simple packet is cut at the snaplen of interface 0, an enhanced one isn't", async (t) => {
  const { packets } = playBytes(
    directory,
    concatBytes(
      SECTION,
      interfaceDescription({ snaplen: 10 }),
      simplePacket({ frame: frame.slice(0, 10), originalBytes: 1500 }),
      simplePacket({ frame: frame.slice(0, 7) }),
      enhancedPacket({ frame }),
    ),
  );
  t.strictSame(
    packets.map((packet) => [packet.bytes.length, packet.wireBytes]),
    [
      [10, 1500],
      [7, 7],
      [14, 14],
    ],
  );
});

t.test('odd lengths are delivered as they are', async (t) => {
  const { packets, reports } = playBytes(
    directory,
    concatBytes(
      SECTION,
      interfaceDescription({ snaplen: 0 }),
      enhancedPacket({ frame, originalBytes: 3 }),
      enhancedPacket({ frame: new Uint8Array(0), originalBytes: 60 }),
      simplePacket({ frame }),
    ),
  );
  t.equal(reports[0]?.error, null);
  t.strictSame(
    packets.map((packet) => [packet.bytes.length, packet.wireBytes]),
    [
      [14, 3],
      [0, 60],
      [14, 14],
    ],
  );
});

const DAMAGES: readonly { name: string; damaged: Uint8Array; reason: RegExp }[] = [
  { name: 'trailer', damaged: enhancedPacket({ frame, trailerLength: 52 }), reason: /48 in .* 52 in/ },
  { name: 'length 8', damaged: pcapngBlock(5, new Uint8Array(8), { headerLength: 8 }), reason: /claims 8 b/ },
  { name: 'length 0', damaged: pcapngBlock(5, new Uint8Array(8), { headerLength: 0 }), reason: /claims 0 b/ },
  { name: 'odd length', damaged: pcapngBlock(5, frame, { headerLength: 30 }), reason: /multiple of 4/ },
  {
    name: 'absurd length',
    damaged: pcapngBlock(5, frame, { headerLength: 0xfffffffc }),
    reason: /claims 4294967292 bytes; it must be a multiple of 4 from 12 to 16777216/,
  },
  {
    name: 'interface id',
    damaged: enhancedPacket({ frame, interfaceId: 1 }),
    reason: /interface 1; .* 1 so/,
  },
  {
    name: 'largest interface id',
    damaged: enhancedPacket({ frame, interfaceId: 2 ** 32 - 1 }),
    reason: /4294967295/,
  },
  {
    name: 'obsolete interface id',
    damaged: obsoletePacket({ frame, interfaceId: 7 }),
    reason: /interface 7/,
  },
  { name: 'captured', damaged: enhancedPacket({ frame, capturedBytes: 17 }), reason: /17 .* block holds 16/ },
  {
    name: 'captured 4 GiB',
    damaged: enhancedPacket({ frame, capturedBytes: 2 ** 32 - 1 }),
    reason: /holds 16/,
  },
  { name: 'simple packet', damaged: simplePacket({ frame, originalBytes: 17 }), reason: /holds 16/ },
  { name: 'short enhanced packet', damaged: pcapngBlock(6, new Uint8Array(16)), reason: /needs 20/ },
  { name: 'short obsolete packet', damaged: pcapngBlock(2, new Uint8Array(16)), reason: /needs 20/ },
  { name: 'short simple packet', damaged: pcapngBlock(3, new Uint8Array(0)), reason: /needs 4/ },
  { name: 'short interface', damaged: pcapngBlock(1, new Uint8Array(4)), reason: /too short/ },
  {
    name: 'link type',
    damaged: interfaceDescription({ linkType: 104 }),
    reason: /link type 104 is not supported; supported: /,
  },
  {
    name: 'version 0.1',
    damaged: sectionHeader({ versionMajor: 0, versionMinor: 1 }),
    reason: /version 0\.1/,
  },
  { name: 'version 1.1', damaged: sectionHeader({ versionMinor: 1 }), reason: /pcapng version 1\.1 is not/ },
  { name: 'version 2.0', damaged: sectionHeader({ versionMajor: 2 }), reason: /version 2\.0/ },
  {
    name: 'byte order',
    damaged: sectionHeader({ byteOrderMagic: 0x1a2b3c4e }),
    reason: /magic is 0x4e3c2b1a/,
  },
  {
    name: 'short section header',
    damaged: pcapngBlock(0x0a0d0d0a, sectionHeader().slice(8, 16)),
    reason: /body of 8 bytes; it needs 16/,
  },
  {
    name: 'option past the block',
    damaged: interfaceDescription({ options: pcapngOption(2, frame, { length: 17 }) }),
    reason: /option 2 .* runs past/,
  },
  {
    name: 'if_tsresol of 2 bytes',
    damaged: interfaceDescription({ options: pcapngOption(9, new Uint8Array(2)) }),
    reason: /if_tsresol has 2 bytes; it must have 1/,
  },
  {
    name: 'if_tsoffset of 4 bytes',
    damaged: interfaceDescription({ options: pcapngOption(14, new Uint8Array(4)) }),
    reason: /if_tsoffset has 4 bytes; it must have 8/,
  },
  { name: '10^-20', damaged: interfaceDescription({ timestampResolution: 20 }), reason: /0x14 is too fine/ },
  { name: '2^-64', damaged: interfaceDescription({ timestampResolution: 0xc0 }), reason: /0xc0 is too fine/ },
];

t.test('a damaged block ends the file at its offset, after every packet before it', async (t) => {
  const offset = SECTION.length + INTERFACE.length + PACKET.length;
  for (const { name, damaged, reason } of DAMAGES) {
    const { bytes, error } = framesOf(SECTION, INTERFACE, PACKET, damaged, PACKET);
    t.strictSame(bytes, [frame], name);
    t.type(error, CaptureFileError, name);
    t.match(error?.message, reason, name);
    t.equal(error?.byteOffset, offset, name);
  }
});

t.test('a packet before any interface is an error', async (t) => {
  for (const packet of [PACKET, simplePacket({ frame }), obsoletePacket({ frame })]) {
    const { bytes, error } = framesOf(SECTION, packet, INTERFACE);
    t.equal(bytes.length, 0);
    t.match(error?.message, /names interface 0; the section has described 0 so far/);
  }
});

t.test('options end at opt_endofopt, whatever follows', async (t) => {
  const end = pcapngOption(0, new Uint8Array(0));
  const options = concatBytes(end, pcapngOption(9, new Uint8Array(2)));
  const { bytes, error } = framesOf(SECTION, interfaceDescription({ options }), PACKET);
  t.equal(error, null);
  t.strictSame(bytes, [frame]);
});

t.test('a file cut at any byte gives every whole packet and an error at the cut block', async (t) => {
  const whole = pcapngFile(frames);
  const blockBytes = [
    0,
    SECTION.length,
    INTERFACE.length,
    ...frames.map((f) => enhancedPacket({ frame: f }).length),
  ];
  const starts = blockBytes.map((_, i) => blockBytes.slice(0, i + 1).reduce((sum, bytes) => sum + bytes));
  for (let length = 0; length < whole.length; length++) {
    const { packets, reports, file } = playBytes(directory, whole.slice(0, length));
    const start = starts.findLast((at) => at <= length)!;
    const error = reports[0]?.error as CaptureFileError | null;
    t.strictSame(
      packets.map((packet) => packet.bytes),
      frames.slice(0, Math.max(0, starts.indexOf(start) - 2)),
      `packets of ${length} bytes`,
    );
    if (length === start && length > 0) {
      t.equal(error, null, `${length} bytes end a block`);
      continue;
    }
    t.type(error, CaptureFileError, `${length} bytes`);
    t.strictSame([error?.file, error?.byteOffset], [file, start], `${length} bytes`);
  }
});
