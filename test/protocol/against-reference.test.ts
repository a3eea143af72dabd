import fc from 'fast-check';
import t, { type Test } from 'tap';
import { ANOMALY_KINDS, MALFORMED_REASONS, UNCLASSIFIED_KINDS } from '../../src/counters/catalogue.js';
import { Packet } from '../../src/protocol/packet.js';
import { parseFrame } from '../../src/protocol/parser.js';
import { LINK_TYPES } from './link-frames.js';
import type { BentFrame } from './mutate-frame.js';
import { frameText, fuzzParser } from './parser-fuzz.js';
import { Random } from './random.js';
import { readFrame, readingOf, sameReading } from './reading.js';
import { referenceParse } from './reference-parser.js';
import { sampleFrames } from './sample-frames.js';

const BENT_FRAMES = 1_000_000;

const samples = sampleFrames();

function expectSame(t: Test, frame: BentFrame, name: string): void {
  const options = { wireBytes: frame.wireBytes, linkType: frame.linkType };
  const actual = readFrame(frame.bytes, options);
  const expected = referenceParse(frame.bytes, frame.wireBytes, frame.linkType);
  if (!sameReading(actual, expected)) t.strictSame(actual, expected, `${name}: ${frameText(frame)}`);
}

t.test('a million bent frames are read as the reference reads them, whatever lies around them', async (t) => {
  const seed = Number(process.env.PARSER_SEED ?? Random.newSeed());
  t.comment(`seed ${seed}: run again with PARSER_SEED=${seed}`);
  const { seen, difference } = fuzzParser(BENT_FRAMES, seed);
  if (difference !== null) {
    t.strictSame(difference.actual, difference.expected, difference.what);
    t.fail(difference.what);
    return;
  }
  // A generator that never reaches a branch proves nothing about it. The rx loop sets `oversize`.
  const words = ['parsed', ...MALFORMED_REASONS, ...UNCLASSIFIED_KINDS, ...ANOMALY_KINDS];
  for (const word of words.filter((word) => word !== 'oversize')) {
    t.ok((seen.get(word) ?? 0) >= 100, `${word} came up ${seen.get(word) ?? 0} times`);
  }
});

t.test('every truncation of every sample, in the capture and on the wire, is read alike', async (t) => {
  for (const { name, bytes, linkType } of samples) {
    for (let captured = 0; captured <= bytes.length; captured++) {
      const cut = bytes.subarray(0, captured);
      for (const wireBytes of [0, captured, captured + 1, bytes.length, bytes.length + 100]) {
        expectSame(t, { bytes: cut, wireBytes, linkType }, name);
      }
    }
  }
  t.pass(`${samples.length} samples`);
});

t.test('every single bit that is flipped in a sample is read alike', async (t) => {
  for (const { name, bytes, linkType } of samples) {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      expectSame(t, { bytes: flipped, wireBytes: bytes.length, linkType }, `${name}, bit ${bit}`);
    }
  }
  t.pass(`${samples.length} samples`);
});

t.test('random bytes around a frame change nothing, nor does what was parsed before it', async () => {
  const bytes = fc.uint8Array({ maxLength: 120 });
  fc.assert(
    fc.property(
      fc.oneof(bytes, fc.constantFrom(...samples.map((sample) => sample.bytes))),
      fc.nat(200),
      fc.constantFrom(...LINK_TYPES),
      bytes,
      bytes,
      fc.nat(samples.length - 1),
      (frame, wireBytes, linkType, before, after, earlier) => {
        const alone = readFrame(frame, { wireBytes, linkType });
        const memory = new Uint8Array([...before, ...frame, ...after]);
        const packet = new Packet();
        const { bytes: other, linkType: otherLinkType } = samples[earlier]!;
        parseFrame(new DataView(other.slice().buffer), 0, other.length, other.length, otherLinkType, packet);
        const view = new DataView(memory.buffer);
        const status = parseFrame(view, before.length, frame.length, wireBytes, linkType, packet);
        return sameReading(readingOf(status, packet), alone);
      },
    ),
    { numRuns: 20_000 },
  );
});
