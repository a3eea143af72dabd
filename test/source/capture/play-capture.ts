import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameBatch } from '../../../src/source/frame-batch.js';
import { type FileReport, PcapSource, type PcapSourceConfig } from '../../../src/source/pcap-source.js';
import { SOURCE_FINISHED } from '../../../src/source/source.js';
import { readAt } from '../../support/read-at.js';

/** A frame as the source delivered it, copied out of the batch. */
export interface PlayedPacket {
  readonly bytes: Uint8Array;
  readonly wireBytes: number;
  readonly linkType: number;
}

export interface Played {
  readonly packets: PlayedPacket[];
  readonly reports: FileReport[];
}

/** Reads capture files to their end, as fast as it goes, the way the rx loop does. */
export function playFiles(files: readonly string[], config: Partial<PcapSourceConfig> = {}): Played {
  const played: Played = { packets: [], reports: [] };
  const source = new PcapSource(
    { files, pace: { kind: 'max' }, loop: false, interfaceLabel: 'pcap', ...config },
    { reportFile: (report) => played.reports.push(report) },
  );
  const batch = new FrameBatch();
  source.open();
  while (readAt(source, batch, 0) !== SOURCE_FINISHED) played.packets.push(...packetsOf(batch));
  source.close();
  return played;
}

/** Writes one capture file and reads it. */
export function playBytes(directory: string, bytes: Uint8Array): Played & { file: string } {
  const file = writeCapture(directory, bytes);
  return { ...playFiles([file]), file };
}

/** @returns the path of a new file in the directory. */
export function writeCapture(directory: string, bytes: Uint8Array): string {
  mkdirSync(directory, { recursive: true });
  const file = join(mkdtempSync(join(directory, 'capture-')), 'file.pcap');
  writeFileSync(file, bytes);
  return file;
}

export function packetsOf(batch: FrameBatch): PlayedPacket[] {
  return Array.from({ length: batch.frameCount }, (_, i) => ({
    bytes: batch.bytes.slice(batch.byteOffset[i], batch.byteOffset[i]! + batch.capturedBytes[i]!),
    wireBytes: batch.wireBytes[i]!,
    linkType: batch.linkType[i]!,
  }));
}

/** A directory for the files of one test file; tap's own `testdir` lies in the repository. */
export function captureDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'upe-capture-'));
}

/** Frames of growing length whose bytes tell them apart. */
export function numberedFrames(count: number, firstBytes = 14): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => new Uint8Array(firstBytes + i).fill(i + 1));
}
