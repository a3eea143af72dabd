import type { Ipv6Classes } from './ipv6-sweep.js';
import type { ValueClasses } from './value-sweep.js';
import type { WordWriter } from './word-writer.js';

/** Upper bits of an address that the first level of an IPv4 map looks at, at most: 256 KB. */
const ROOT_BITS_MAX = 16;
/** Classes that a bucket has room for. */
const BUCKET_CLASSES = 4;
/** Above what any start in a bucket can be, and yet less than 2^31 away from all of them. */
const NO_START = 0x7fff_ffff;

/** Writes a map4. @returns its offset. */
export function writeIpv4Map(classes: ValueClasses, writer: WordWriter): number {
  return new Ipv4MapWriter(classes, writer).write();
}

class Ipv4MapWriter {
  constructor(
    private readonly classes: ValueClasses,
    private readonly writer: WordWriter,
  ) {}

  write(): number {
    const count = this.classes.rows.length;
    const bits = Math.min(Math.ceil(Math.log2(count)) + 2, ROOT_BITS_MAX);
    const shift = 32 - bits;
    return this.writer.append([shift, ...this.entries(0, shift, bits, 0, count)]);
  }

  /**
   * The entries of a level, each for 2^`shift` addresses.
   *
   * @param low the first address.
   * @param bits of the address that the level looks at.
   * @param first the class of the first address.
   * @param end behind the last class that begins below the level's end.
   */
  private entries(low: number, shift: number, bits: number, first: number, end: number): Int32Array {
    const { starts } = this.classes;
    const entries = new Int32Array(2 ** bits);
    let at = first;
    for (let entry = 0; entry < entries.length; entry++) {
      const entryLow = low + entry * 2 ** shift;
      while (at + 1 < end && starts[at + 1] <= entryLow) at++;
      let entryEnd = at + 1;
      while (entryEnd < end && starts[entryEnd] < entryLow + 2 ** shift) entryEnd++;
      entries[entry] = this.entry(entryLow, shift, at, entryEnd);
      at = entryEnd - 1;
    }
    return entries;
  }

  private entry(low: number, width: number, first: number, end: number): number {
    const { rows } = this.classes;
    if (end === first + 1) return this.writer.row(rows[first]);
    if (end - first <= BUCKET_CLASSES) return ~(this.bucket(low, width, first, end) * 2);
    const bits = Math.min(Math.ceil(Math.log2(end - first)) + 1, width);
    const shift = width - bits;
    const entries = this.entries(low, shift, bits, first, end);
    const node = this.writer.append([((2 ** bits - 1) << 5) | shift]);
    this.writer.append(entries);
    return ~(node * 2 + 1);
  }

  private bucket(low: number, width: number, first: number, end: number): number {
    const { starts, rows } = this.classes;
    const words = [2 ** width - 1];
    for (let i = 1; i < BUCKET_CLASSES; i++) words.push(first + i < end ? starts[first + i] - low : NO_START);
    for (let i = 0; i < BUCKET_CLASSES; i++) {
      words.push(this.writer.row(rows[Math.min(first + i, end - 1)]));
    }
    return this.writer.append(words);
  }
}

/** Writes a map6. @returns its offset. */
export function writeIpv6Map({ starts, rows }: Ipv6Classes, writer: WordWriter): number {
  const offsets = rows.map((row) => writer.row(row));
  const offset = writer.append([rows.length]);
  writer.append(starts);
  writer.append(offsets);
  return offset;
}
