import * as layout from '../memory/layout.js';
import * as wordCopy from '../ring/copy-words.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { INDEX_MASK } = layout;
const { copyWords } = wordCopy;
/** As INDEX_MASK, for the place of a byte in what a source has mapped or read. */
const BYTE_MASK = 0x7fff_ffff;

/**
 * Copies a frame from wherever the source has it into a packet buffer.
 *
 * Words are read unaligned through a DataView, because frames in files and kernel rings begin anywhere,
 * and written aligned, 32 bytes a turn: V8 unrolls no such loop. `TypedArray.set` and `Buffer.copy` into
 * shared memory go through a slow path of their own (nodejs/node#62032): 155 to 200 ns for 64 bytes where
 * this took 27, 700 ns for 1500 bytes where this took 380, 16 bytes a turn.
 *
 * @param from the source's memory.
 * @param byteOffset where the frame begins there.
 * @param to the pool's frames by words, little-endian like every machine that Node.js runs on.
 * @param word first word of the buffer.
 * @param bytes how many to copy, at most a buffer's; the last word is filled up with zeros.
 */
export function copyFrame(
  from: DataView,
  byteOffset: number,
  to: Int32Array,
  word: number,
  bytes: number,
): void {
  const end = byteOffset + bytes;
  let at = byteOffset & BYTE_MASK;
  let toAt = word & INDEX_MASK;
  for (; at + 32 <= end; at = (at + 32) & BYTE_MASK, toAt = (toAt + 8) & INDEX_MASK) {
    to[toAt] = from.getInt32(at, true);
    to[toAt + 1] = from.getInt32(at + 4, true);
    to[toAt + 2] = from.getInt32(at + 8, true);
    to[toAt + 3] = from.getInt32(at + 12, true);
    to[toAt + 4] = from.getInt32(at + 16, true);
    to[toAt + 5] = from.getInt32(at + 20, true);
    to[toAt + 6] = from.getInt32(at + 24, true);
    to[toAt + 7] = from.getInt32(at + 28, true);
  }
  for (; at + 4 <= end; at += 4, toAt++) to[toAt] = from.getInt32(at, true);
  if (at === end) return;
  let last = 0;
  for (let shift = 0; at < end; at++, shift += 8) last |= from.getUint8(at) << shift;
  to[toAt] = last;
}

/**
 * The same for a frame that begins at a word of its memory.
 *
 * @param fromWord where it begins there; the memory has the frame's last word as a whole.
 */
export function copyAlignedFrame(
  from: Int32Array,
  fromWord: number,
  to: Int32Array,
  word: number,
  bytes: number,
): void {
  const whole = bytes >> 2;
  copyWords(from, fromWord, to, word, whole);
  const rest = bytes & 3;
  if (rest !== 0) to[word + whole] = from[fromWord + whole] & ((1 << (rest * 8)) - 1);
}
