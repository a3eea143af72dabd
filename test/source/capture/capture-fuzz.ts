import { writeFileSync } from 'node:fs';
import { CaptureFileError } from '../../../src/errors.js';
import { isSupportedLinkType } from '../../../src/protocol/link-type.js';
import { CaptureFile, PACKET_READ } from '../../../src/source/capture/capture-file.js';
import { CaptureInput } from '../../../src/source/capture/capture-input.js';
import type { Random } from '../../protocol/random.js';

/** Holds every sample whole, with room behind it for what must not be read. */
const WINDOW_BYTES = 128 * 1024;
/** Smaller than most records: they straddle it, and it grows. */
const SMALL_WINDOW_BYTES = 64;
/** No record is believed beyond 16 MiB, and the window doubles until one fits. */
const WINDOW_BYTES_MAX = 32 * 1024 * 1024;

/** Lengths, counts and magics at which a reader turns, as 32-bit words. */
const TELLING_WORDS = [
  0, 1, 2, 4, 8, 11, 12, 13, 16, 20, 24, 28, 32, 0x7f, 0xff, 0xffff, 0x1_0000, 0x3_ffff, 0x4_0000, 0x4_0001,
  0xff_fffc, 0x100_0000, 0x100_0004, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff, 0xa1b2_c3d4,
  0xa1b2_3c4d, 0xa1b2_cd34, 0x0a0d_0d0a, 0x1a2b_3c4d, 6, 3, 5,
];
const MUTATIONS_MAX = 6;

/** A capture file to damage. */
export interface SampleCapture {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A sample with a few things wrong: bits, words, bytes gone or doubled, parts of another file, a cut. */
export function damageCapture(random: Random, samples: readonly SampleCapture[]): Uint8Array {
  let bytes: Uint8Array = random.pick(samples).bytes.slice();
  for (let left = random.below(MUTATIONS_MAX) + 1; left > 0 && bytes.length > 0; left--) {
    bytes = damage(random, bytes, samples);
  }
  return bytes;
}

function damage(random: Random, bytes: Uint8Array, samples: readonly SampleCapture[]): Uint8Array {
  // Half of the damage goes to the file's beginning, where its header and the first records are.
  const at = random.below(random.below(2) === 0 ? Math.min(bytes.length, 160) : bytes.length);
  switch (random.below(8)) {
    case 0:
      bytes[at] ^= 1 << random.below(8);
      return bytes;
    case 1:
      bytes[at] = random.uint32();
      return bytes;
    case 2:
      return withWord(bytes, at & ~3, random.below(2) === 0, () => random.pick(TELLING_WORDS));
    case 3:
      // A length that is a little too large or too small is the one that a reader may believe.
      return withWord(bytes, at & ~3, random.below(2) === 0, (word) => word + random.below(17) - 8);
    case 4:
      return bytes.slice(0, at);
    case 5: {
      const count = random.below(Math.min(64, bytes.length - at) + 1);
      return new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + count)]);
    }
    case 6: {
      const again = bytes.slice(at, at + random.below(256));
      return new Uint8Array([...bytes.subarray(0, at), ...again, ...bytes.subarray(at)]);
    }
    default: {
      const donor = random.pick(samples).bytes;
      const from = random.below(donor.length);
      bytes.set(donor.subarray(from, from + Math.min(random.below(128), bytes.length - at)), at);
      return bytes;
    }
  }
}

function withWord(
  bytes: Uint8Array,
  at: number,
  littleEndian: boolean,
  change: (word: number) => number,
): Uint8Array {
  if (at + 4 > bytes.length) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(at, change(view.getUint32(at, littleEndian)), littleEndian);
  return bytes;
}

/** What a reader made of one file, as text that can be compared, and how long it took. */
export interface CaptureReading {
  readonly packets: number;
  /** Its first damage; `null` when the file was sound. */
  readonly damage: string | null;
  /** A digest of every packet's place, lengths, link type, time and bytes. */
  readonly digest: number;
  readonly tookMs: number;
}

/**
 * Reads a file to its end in a window filled with one byte, so that what is read beyond the file's own bytes
 * shows as a difference between two such bytes.
 *
 * @param file its path.
 * @param fileBytes its length.
 * @param windowBytes size of the window at first.
 * @param guardByte what the window is filled with.
 * @throws Error when a packet lies outside of what was read or is not to be believed, and whatever the reader
 *   throws that is no CaptureFileError.
 */
export function readGuarded(
  file: string,
  fileBytes: number,
  windowBytes: number,
  guardByte: number,
): CaptureReading {
  const input = new CaptureInput(windowBytes);
  input.bytes.fill(guardByte);
  const startMs = performance.now();
  const capture = new CaptureFile(file, input);
  let packets = 0;
  let digest = 0;
  let found: string | null = null;
  try {
    while (capture.next(true) === PACKET_READ) {
      const { frameOffset, capturedBytes, wireBytes, linkType, timestampMs } = capture.reader!;
      // A block ends with its length once more, which belongs to no frame.
      const recordEnd = input.begin - (capture.reader!.recordName === 'block' ? 4 : 0);
      if (frameOffset < 0 || capturedBytes < 0 || frameOffset + capturedBytes > recordEnd) {
        throw new Error(
          `packet ${packets} lies at ${frameOffset}, ${capturedBytes} bytes, outside of its record`,
        );
      }
      if (wireBytes < 0 || !isSupportedLinkType(linkType) || Number.isNaN(timestampMs)) {
        throw new Error(`packet ${packets}: ${wireBytes} bytes, link type ${linkType}, at ${timestampMs} ms`);
      }
      const place = input.fileOffset - input.begin + frameOffset;
      for (const value of [place, capturedBytes, wireBytes, linkType, Math.trunc(timestampMs)]) {
        digest = mix(digest, value);
      }
      for (let i = 0; i < capturedBytes; i++) digest = mix(digest, input.bytes[frameOffset + i]!);
      packets++;
    }
  } catch (error) {
    if (!(error instanceof CaptureFileError)) throw error;
    if (error.byteOffset < 0 || error.byteOffset > fileBytes || error.message.includes('\n')) {
      throw new Error(`the error is out of place or not one line: ${error.message}`, { cause: error });
    }
    found = error.message;
  } finally {
    capture.close();
  }
  if (input.end > input.bytes.length || input.bytes.length > WINDOW_BYTES_MAX) {
    throw new Error(`the window has grown to ${input.bytes.length} bytes`);
  }
  return { packets, damage: found, digest, tookMs: performance.now() - startMs };
}

/** One step of FNV-1a, word by word. */
function mix(digest: number, value: number): number {
  return Math.imul(digest ^ value, 0x0100_0193);
}

export interface CaptureFuzz {
  readonly files: number;
  readonly packets: number;
  /** Files in which damage was found. */
  readonly damaged: number;
  readonly slowestMs: number;
}

/**
 * Damages captures and reads each with either guard and with a window that is too small for its records: all
 * must say the same.
 *
 * @param path where the files are written, one over the other.
 * @param files how many, from 1.
 * @throws Error at the first file that breaks a reader; the file is left at `path`.
 */
export function fuzzCaptures(
  path: string,
  samples: readonly SampleCapture[],
  random: Random,
  files: number,
): CaptureFuzz {
  let packets = 0;
  let damaged = 0;
  let slowestMs = 0;
  for (let i = 0; i < files; i++) {
    const bytes = damageCapture(random, samples);
    writeFileSync(path, bytes);
    try {
      const first = readGuarded(path, bytes.length, WINDOW_BYTES, 0x00);
      const others = [
        readGuarded(path, bytes.length, WINDOW_BYTES, 0xff),
        readGuarded(path, bytes.length, SMALL_WINDOW_BYTES, 0x00),
      ];
      for (const other of others) {
        if (!sameReading(first, other)) {
          throw new Error(`read as ${JSON.stringify(first)} and as ${JSON.stringify(other)}`);
        }
        slowestMs = Math.max(slowestMs, first.tookMs, other.tookMs);
      }
      packets += first.packets;
      if (first.damage !== null) damaged++;
    } catch (error) {
      throw new Error(`file ${i}, left at ${path}: ${(error as Error).message}`, { cause: error });
    }
  }
  return { files, packets, damaged, slowestMs };
}

function sameReading(a: CaptureReading, b: CaptureReading): boolean {
  return a.packets === b.packets && a.damage === b.damage && a.digest === b.digest;
}
