import { Packet } from '../../src/protocol/packet.js';
import { parseFrame } from '../../src/protocol/parser.js';
import { type BentFrame, bendFrame } from './mutate-frame.js';
import { Random } from './random.js';
import { type Reading, readingOf, sameReading } from './reading.js';
import { referenceParse } from './reference-parser.js';
import { sampleFrames } from './sample-frames.js';

/** Memory in front of and behind a frame that the parser must not look at. */
const GUARD_BYTES = 96;

const samples = sampleFrames();
const longestBytes = Math.max(...samples.map(({ bytes }) => bytes.length));

/** Parses one frame at a time in the midst of memory that is filled with one byte. */
class GuardedParser {
  readonly packet = new Packet();
  private readonly memory = new Uint8Array(GUARD_BYTES + longestBytes + GUARD_BYTES);
  private readonly view = new DataView(this.memory.buffer);

  constructor(private readonly guardByte: number) {}

  parse(frame: BentFrame): number {
    this.memory.fill(this.guardByte).set(frame.bytes, GUARD_BYTES);
    const { bytes, wireBytes, linkType } = frame;
    return parseFrame(this.view, GUARD_BYTES, bytes.length, wireBytes, linkType, this.packet);
  }
}

const PACKET_FIELDS = Object.keys(new Packet()) as (keyof Packet)[];

function samePacket(a: Packet, b: Packet): boolean {
  return PACKET_FIELDS.every((field) => a[field] === b[field]);
}

/** A frame that is read otherwise than it should be. */
export interface ParserDifference {
  readonly actual: Reading;
  readonly expected: Reading;
  /** What the two readings are of, with the seed to see it again. */
  readonly what: string;
}

export interface ParserFuzz {
  /** How often each outcome and each anomaly came up. */
  readonly seen: ReadonlyMap<string, number>;
  /** The first one; `null` when all frames were read alike. */
  readonly difference: ParserDifference | null;
}

/** A frame as it appears in messages. */
export function frameText(frame: BentFrame): string {
  const { bytes, wireBytes, linkType } = frame;
  return `link type ${linkType}, ${wireBytes} bytes on the wire, captured ${Buffer.from(bytes).toString('hex')}`;
}

/**
 * Bends sample frames and reads each three times: with zeros around it, with ones around it, and with the plain
 * parser. Stops at the first that is not read alike: then the parser has looked beyond the frame, or is wrong.
 *
 * @param frames how many, from 1.
 * @param seed any int32; the same one bends the same frames.
 * @param progress called after each million frames with their number so far.
 */
export function fuzzParser(
  frames: number,
  seed: number,
  progress: (framesDone: number) => void = () => undefined,
): ParserFuzz {
  const random = new Random(seed);
  const zeros = new GuardedParser(0x00);
  const ones = new GuardedParser(0xff);
  const seen = new Map<string, number>();
  const count = (word: string) => seen.set(word, (seen.get(word) ?? 0) + 1);
  for (let i = 0; i < frames; i++) {
    if (i > 0 && i % 1_000_000 === 0) progress(i);
    const frame = bendFrame(random, samples);
    const status = zeros.parse(frame);
    const statusOfOnes = ones.parse(frame);
    const actual = readingOf(status, zeros.packet);
    if (statusOfOnes !== status || !samePacket(zeros.packet, ones.packet)) {
      const what = `frame ${i} of seed ${seed}, zeros and ones around it: ${frameText(frame)}`;
      return { seen, difference: { actual: readingOf(statusOfOnes, ones.packet), expected: actual, what } };
    }
    const expected = referenceParse(frame.bytes, frame.wireBytes, frame.linkType);
    if (!sameReading(actual, expected)) {
      const what = `frame ${i} of seed ${seed}: ${frameText(frame)}`;
      return { seen, difference: { actual, expected, what } };
    }
    count(actual.outcome);
    for (const kind of actual.anomalies) count(kind);
  }
  return { seen, difference: null };
}
