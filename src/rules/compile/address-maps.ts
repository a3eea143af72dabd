import { LINK } from '../matcher-layout.js';
import { type Ipv6Classes, SIGN } from './ipv6-sweep.js';
import type { ValueClasses } from './value-sweep.js';
import type { WordWriter } from './word-writer.js';

/** Upper bits of an address that the first level of an IPv4 map looks at, at most: 256 KB. */
const ROOT_BITS_MAX = 16;
/**
 * Bits that it looks at beyond what would do to give each class an entry: most addresses then need no second
 * level (at a thousand rules 43 ns a look-up instead of 50). Later words of IPv6 addresses have too many maps
 * for that.
 */
const ROOT_SPARE_BITS = 6;
const LINKED_SPARE_BITS = 1;
/** Classes that a bucket has room for. */
const BUCKET_CLASSES = 4;
/** Above what any start in a bucket can be, and yet less than 2^31 away from all of them. */
const NO_START = 0x7fff_ffff;

/** Writes a map4. @returns its offset. */
export function writeIpv4Map({ starts, rows }: ValueClasses, writer: WordWriter): number {
  const entries = rows.map((row) => writer.row(row));
  return new WordMapWriter({ starts, entries }, writer).write(ROOT_SPARE_BITS);
}

/** Intervals of a word's values, and what each becomes: the offset of a row, or a link. */
interface WordClasses {
  /** From 0 to 2^32 - 1, ascending; the first is 0. */
  readonly starts: number[];
  readonly entries: number[];
}

class WordMapWriter {
  private readonly bucketWords = new Int32Array(2 * BUCKET_CLASSES);

  constructor(
    private readonly classes: WordClasses,
    private readonly writer: WordWriter,
  ) {}

  write(spareBits: number): number {
    const count = this.classes.entries.length;
    const bits = Math.min(Math.ceil(Math.log2(count)) + spareBits, ROOT_BITS_MAX);
    const shift = 32 - bits;
    // First what the entries refer to.
    const entries = this.entries(0, shift, bits, 0, count);
    const map = this.writer.append([shift]);
    this.writer.append(entries);
    return map;
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
    const { starts, entries: ofClasses } = this.classes;
    const entries = new Int32Array(2 ** bits);
    const width = 2 ** shift;
    let at = first;
    for (let entry = 0; entry < entries.length; ) {
      const entryLow = low + entry * width;
      while (at + 1 < end && starts[at + 1] <= entryLow) at++;
      // Most entries are of one class, and have neighbours of the same.
      const wholeEnd = at + 1 < end ? Math.floor((starts[at + 1] - low) / width) : entries.length;
      if (wholeEnd > entry) {
        entries.fill(ofClasses[at], entry, wholeEnd);
        entry = wholeEnd;
        continue;
      }
      let entryEnd = at + 1;
      while (entryEnd < end && starts[entryEnd] < entryLow + width) entryEnd++;
      entries[entry++] = this.entry(entryLow, shift, at, entryEnd);
      at = entryEnd - 1;
    }
    return entries;
  }

  /** An entry for addresses of two classes or more. */
  private entry(low: number, width: number, first: number, end: number): number {
    if (end - first <= BUCKET_CLASSES) return ~(this.bucket(low, width, first, end) * 2);
    const bits = Math.min(Math.ceil(Math.log2(end - first)) + 1, width);
    const shift = width - bits;
    const entries = this.entries(low, shift, bits, first, end);
    const node = this.writer.append([((2 ** bits - 1) << 5) | shift]);
    this.writer.append(entries);
    return ~(node * 2 + 1);
  }

  private bucket(low: number, width: number, first: number, end: number): number {
    const { starts, entries } = this.classes;
    const words = this.bucketWords;
    words[0] = 2 ** width - 1;
    for (let i = 1; i < BUCKET_CLASSES; i++) words[i] = first + i < end ? starts[first + i] - low : NO_START;
    for (let i = 0; i < BUCKET_CLASSES; i++)
      words[BUCKET_CLASSES + i] = entries[Math.min(first + i, end - 1)];
    return this.writer.append(words);
  }
}

/** Writes a map6. @returns its offset. */
export function writeIpv6Map(classes: Ipv6Classes, writer: WordWriter): number {
  const entries = classes.rows.map((row) => writer.row(row));
  return new Ipv6MapWriter(classes.starts, entries, writer).level(0, entries.length, 0);
}

class Ipv6MapWriter {
  constructor(
    private readonly starts: readonly number[],
    private readonly entries: readonly number[],
    private readonly writer: WordWriter,
  ) {}

  /**
   * Writes the map of one word of the addresses that have the words before it in common.
   *
   * @param first the class of the first of these addresses.
   * @param end behind the last class that begins among them.
   * @param depth which word, 0 to 3.
   * @returns the map's offset.
   */
  level(first: number, end: number, depth: number): number {
    const level: WordClasses = { starts: [0], entries: [this.entries[first]] };
    for (let at = first + 1; at < end; ) {
      const word = this.wordOf(at, depth);
      let groupEnd = at + 1;
      while (groupEnd < end && this.wordOf(groupEnd, depth) === word) groupEnd++;
      const isWhole = this.beginsWith(at, depth);
      if (isWhole && groupEnd === at + 1) {
        setClass(level, word, this.entries[at]);
      } else {
        setClass(level, word, LINK + this.level(isWhole ? at : at - 1, groupEnd, depth + 1));
        if (word + 1 < 2 ** 32) setClass(level, word + 1, this.entries[groupEnd - 1]);
      }
      at = groupEnd;
    }
    return new WordMapWriter(level, this.writer).write(depth === 0 ? ROOT_SPARE_BITS : LINKED_SPARE_BITS);
  }

  /** A word of a class's first address, without its sign. */
  private wordOf(index: number, depth: number): number {
    return (this.starts[index * 4 + depth] ^ SIGN) >>> 0;
  }

  /** Whether a class begins with the first of all addresses that have its words up to `depth`. */
  private beginsWith(index: number, depth: number): boolean {
    for (let word = depth + 1; word < 4; word++) if (this.wordOf(index, word) !== 0) return false;
    return true;
  }
}

/** What begins where something else would have begun takes its place. */
function setClass({ starts, entries }: WordClasses, start: number, entry: number): void {
  if (starts[starts.length - 1] === start) {
    entries[entries.length - 1] = entry;
    return;
  }
  starts.push(start);
  entries.push(entry);
}
