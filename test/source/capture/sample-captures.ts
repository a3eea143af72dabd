import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  concatBytes,
  enhancedPacket,
  interfaceDescription,
  MAGIC_MODIFIED,
  MAGIC_NANOSECONDS,
  obsoletePacket,
  pcapFile,
  pcapngBlock,
  pcapngFile,
  pcapngOption,
  sectionHeader,
  simplePacket,
} from '../../fixtures/capture-builder.js';
import { SAMPLE_CAPTURE, SAMPLE_RECORDS } from '../../fixtures/sample-capture.js';
import type { SampleCapture } from './capture-fuzz.js';

/** Larger ones would be copied and read for the same few kinds of record. */
const SHARED_BYTES_MAX = 64 * 1024;

const frames = SAMPLE_RECORDS.map(({ frame }) => frame);

/** One file of every kind that the readers tell apart. */
export const BUILT_CAPTURES: readonly SampleCapture[] = [
  { name: 'pcap', bytes: SAMPLE_CAPTURE },
  { name: 'pcap, big-endian', bytes: pcapFile(SAMPLE_RECORDS, { littleEndian: false }) },
  { name: 'pcap, nanoseconds', bytes: pcapFile(SAMPLE_RECORDS, { magic: MAGIC_NANOSECONDS }) },
  {
    name: 'pcap, modified',
    bytes: pcapFile(
      SAMPLE_RECORDS.map((record) => ({ ...record, extraHeader: new Uint8Array(8) })),
      { magic: MAGIC_MODIFIED },
    ),
  },
  { name: 'pcap 2.3', bytes: pcapFile(SAMPLE_RECORDS, { versionMinor: 3 }) },
  { name: 'pcap 2.2', bytes: pcapFile(SAMPLE_RECORDS, { versionMinor: 2 }) },
  { name: 'pcapng', bytes: pcapngFile(frames) },
  { name: 'pcapng, big-endian', bytes: pcapngFile(frames, { littleEndian: false }) },
  { name: 'pcapng, every block', bytes: everyBlock() },
];

function everyBlock(): Uint8Array {
  const big = { littleEndian: false };
  const [first, second, third] = frames;
  return concatBytes(
    sectionHeader({ sectionLength: 4096n }),
    interfaceDescription({ snaplen: 0, timestampResolution: 9, timestampOffset: -5n }),
    interfaceDescription({ linkType: 101, options: pcapngOption(2, Buffer.from('eth0')) }),
    enhancedPacket({ frame: first!, timestamp: 1n << 60n, options: pcapngOption(1, Buffer.from('note')) }),
    simplePacket({ frame: second!, originalBytes: second!.length }),
    pcapngBlock(0x8000_0bad, new Uint8Array(40)),
    obsoletePacket({ frame: third!, interfaceId: 1, dropCount: 3 }),
    pcapngBlock(5, new Uint8Array(24)),
    sectionHeader({ ...big, versionMinor: 2 }),
    interfaceDescription({ ...big, linkType: 276, timestampResolution: 0x8a }),
    enhancedPacket({ ...big, frame: first! }),
  );
}

/** Captures to damage: those built here, and the small ones of the shared folder where that is there. */
export function sampleCaptures(): SampleCapture[] {
  const folder = resolve(process.cwd(), '../shared/captures');
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /\.pcap(ng)?$/.test(name)) : [];
  const shared = names
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }))
    .filter(({ bytes }) => bytes.length <= SHARED_BYTES_MAX);
  return [...BUILT_CAPTURES, ...shared];
}
