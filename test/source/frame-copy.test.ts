import fc from 'fast-check';
import t from 'tap';
import { copyAlignedFrame, copyFrame } from '../../src/source/frame-copy.js';

/** What the target holds before a copy, so that a byte that should not be written shows. */
const UNTOUCHED = 0xa5;
const MARGIN_WORDS = 4;

/** A source whose bytes all differ from their neighbours and from `UNTOUCHED`. */
function sourceBytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (i * 7 + 1) & 0x7f);
}

/** The whole target after one copy, margins included. */
function copied(source: DataView, byteOffset: number, bytes: number): Uint8Array {
  const words = Math.ceil(bytes / 4) + 2 * MARGIN_WORDS;
  const target = new Uint8Array(new SharedArrayBuffer(words * 4)).fill(UNTOUCHED);
  copyFrame(source, byteOffset, new Int32Array(target.buffer), MARGIN_WORDS, bytes);
  return target;
}

/** The same by the plainest means: byte by byte, the last word filled up with zeros. */
function expectedCopy(source: Uint8Array, byteOffset: number, bytes: number): Uint8Array {
  const filledBytes = Math.ceil(bytes / 4) * 4;
  const target = new Uint8Array(filledBytes + 2 * MARGIN_WORDS * 4).fill(UNTOUCHED);
  for (let i = 0; i < filledBytes; i++)
    target[MARGIN_WORDS * 4 + i] = i < bytes ? source[byteOffset + i]! : 0;
  return target;
}

const LENGTHS = [...Array.from({ length: 71 }, (_, i) => i), 1500, 1514, 2047, 2048, 9000, 65_535, 80_066];

for (const misalignment of [0, 1, 2, 3]) {
  t.test(`every length is copied from a source ${misalignment} bytes off a word`, async (t) => {
    for (const length of LENGTHS) {
      const source = sourceBytes(misalignment + length + 20);
      const actual = copied(new DataView(source.buffer), misalignment, length);
      t.ok(Buffer.from(expectedCopy(source, misalignment, length)).equals(actual), `${length} bytes`);
    }
  });

  t.test(`a frame ${misalignment} bytes off a word may end where its memory ends`, async (t) => {
    for (const length of LENGTHS) {
      const source = sourceBytes(misalignment + length);
      const actual = copied(new DataView(source.buffer), misalignment, length);
      t.ok(Buffer.from(expectedCopy(source, misalignment, length)).equals(actual), `${length} bytes`);
    }
  });
}

t.test('a view that begins within its buffer counts from where it begins', async (t) => {
  const source = sourceBytes(100);
  const view = new DataView(source.buffer, 13, 50);
  t.ok(Buffer.from(expectedCopy(source.subarray(13), 3, 47)).equals(copied(view, 3, 47)));
});

t.test('any bytes arrive as they are, the sign bit of a word included', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (source, skipped) => {
      const byteOffset = Math.min(skipped, source.length);
      const length = source.length - byteOffset;
      const actual = copied(new DataView(source.slice().buffer), byteOffset, length);
      return Buffer.from(expectedCopy(source, byteOffset, length)).equals(actual);
    }),
    { numRuns: 2000 },
  );
});

t.test('from a word of its memory, a frame is copied as from anywhere', async (t) => {
  for (const length of LENGTHS) {
    const source = sourceBytes(8 + Math.ceil(length / 4) * 4);
    const target = new Uint8Array(new SharedArrayBuffer((Math.ceil(length / 4) + 2 * MARGIN_WORDS) * 4)).fill(
      UNTOUCHED,
    );
    copyAlignedFrame(new Int32Array(source.buffer), 2, new Int32Array(target.buffer), MARGIN_WORDS, length);
    t.ok(Buffer.from(expectedCopy(source, 8, length)).equals(target), `${length} bytes`);
  }
});
