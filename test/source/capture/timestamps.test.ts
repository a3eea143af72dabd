import { rmSync } from 'node:fs';
import t from 'tap';
import { CaptureFile, PACKET_NONE } from '../../../src/source/capture/capture-file.js';
import { CaptureInput } from '../../../src/source/capture/capture-input.js';
import { NO_TIMESTAMP_MS } from '../../../src/source/capture/record-reader.js';
import {
  concatBytes,
  enhancedPacket,
  type InterfaceDescription,
  interfaceDescription,
  MAGIC_NANOSECONDS,
  obsoletePacket,
  type PcapHeader,
  pcapFile,
  sectionHeader,
  simplePacket,
} from '../../fixtures/capture-builder.js';
import { captureDirectory, writeCapture } from './play-capture.js';

const directory = captureDirectory();
t.teardown(() => rmSync(directory, { recursive: true }));

const frame = new Uint8Array(14);

function timestampsOf(bytes: Uint8Array): number[] {
  const file = new CaptureFile(writeCapture(directory, bytes), new CaptureInput());
  const timestamps: number[] = [];
  while (file.next(true) !== PACKET_NONE) timestamps.push(file.reader!.timestampMs);
  file.close();
  return timestamps;
}

t.test('pcap timestamps are milliseconds with a fraction', async (t) => {
  const cases: readonly { header?: PcapHeader; seconds: number; fraction: number; expected: number }[] = [
    { seconds: 1, fraction: 250_000, expected: 1250 },
    { header: { littleEndian: false }, seconds: 1, fraction: 250_000, expected: 1250 },
    { header: { magic: MAGIC_NANOSECONDS }, seconds: 1, fraction: 250_000, expected: 1000.25 },
    { seconds: 1, fraction: 1_500_000, expected: 2500 },
    { seconds: 0xffffffff, fraction: 0, expected: 4_294_967_295_000 },
  ];
  for (const { header, seconds, fraction, expected } of cases) {
    t.strictSame(timestampsOf(pcapFile([{ frame, seconds, fraction }], header)), [expected]);
  }
});

t.test('if_tsresol and if_tsoffset give the unit and the zero of pcapng timestamps', async (t) => {
  const cases: readonly { description: InterfaceDescription; timestamp: bigint; expected: number }[] = [
    { description: {}, timestamp: 1_250_000n, expected: 1250 },
    { description: {}, timestamp: 1_700_000_000_000_000n, expected: 1_700_000_000_000 },
    { description: { timestampResolution: 0 }, timestamp: 3n, expected: 3000 },
    { description: { timestampResolution: 3 }, timestamp: 1250n, expected: 1250 },
    { description: { timestampResolution: 9 }, timestamp: 1_250_000_000n, expected: 1250 },
    { description: { timestampResolution: 0x80 }, timestamp: 3n, expected: 3000 },
    { description: { timestampResolution: 0x8a }, timestamp: 1536n, expected: 1500 },
    { description: { timestampOffset: 10n }, timestamp: 1_000_000n, expected: 11_000 },
    { description: { timestampOffset: -10n }, timestamp: 11_000_000n, expected: 1000 },
    { description: { timestampResolution: 0xbf }, timestamp: 1n << 63n, expected: 1000 },
  ];
  for (const { description, timestamp, expected } of cases) {
    for (const littleEndian of [true, false]) {
      for (const packet of [enhancedPacket, obsoletePacket]) {
        const [found] = timestampsOf(
          concatBytes(
            sectionHeader({ littleEndian }),
            interfaceDescription({ ...description, littleEndian }),
            packet({ frame, timestamp, littleEndian }),
          ),
        );
        t.ok(Math.abs(found! - expected) < 0.001, `${found} is ${expected}`);
      }
    }
  }
});

t.test('each interface has a unit of its own, and a simple packet has no time', async (t) => {
  t.strictSame(
    timestampsOf(
      concatBytes(
        sectionHeader(),
        interfaceDescription({ timestampResolution: 3 }),
        interfaceDescription({ timestampResolution: 0 }),
        enhancedPacket({ frame, timestamp: 5n, interfaceId: 0 }),
        enhancedPacket({ frame, timestamp: 5n, interfaceId: 1 }),
        simplePacket({ frame }),
      ),
    ),
    [5, 5000, NO_TIMESTAMP_MS],
  );
});
