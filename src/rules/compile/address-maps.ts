import {
  BUCKET,
  BUCKET_CLASSES,
  BUCKET_WORDS,
  lowerEntry,
  mapReference,
  NETWORK_WORDS,
} from '../matcher-layout.js';
import { IPV6_WORDS, SIGN } from './ipv6-turns.js';
import { NetworkList } from './network-list.js';
import type { Ipv6Classes, ValueClasses } from './value-sweep.js';
import type { WordWriter } from './word-writer.js';

/** Upper bits of an address that the first level of an IPv4 map looks at, at most: 256 KB. */
const ROOT_BITS_MAX = 16;
/**
 * Bits that it looks at beyond what would do to give each class an entry: most addresses then need no second
 * level (at a thousand rules 43 ns a look-up instead of 50). Later words of IPv6 addresses have too many maps
 * for that.
 */
const ROOT_SPARE_BITS = 6;
const LATER_SPARE_BITS = 1;
/**
 * Such bits of a node. Networks lie close together: with 1 bit most addresses took two or three nodes, one after the
 * other (fw1 with a thousand rules 40 ns a look-up instead of 34, acl1 with ten thousand 65 instead of 50); with 5 the
 * maps of IPv6 addresses leave the caches.
 */
const NODE_SPARE_BITS = 4;
/** Above what any start in a bucket can be, and yet less than 2^31 away from all of them. */
const NO_START = 0x7fff_ffff;

/** Writes a map4. @param entries what each class becomes. @returns its reference. */
export function writeIpv4Map(
  { count, starts }: ValueClasses,
  entries: Int32Array,
  writer: WordWriter,
): number {
  return new WordMapWriter({ count, starts, entries }, writer).write(ROOT_SPARE_BITS);
}

/** Intervals of a word's values, and what each becomes: the offset of a row, or a reference. */
interface WordClasses {
  readonly count: number;
  /** Ascending, as 32 bits without a sign; the first is 0. */
  readonly starts: ArrayLike<number>;
  readonly entries: ArrayLike<number>;
}

class WordMapWriter {
  private readonly bucketWords = new Int32Array(BUCKET_WORDS);

  constructor(
    private readonly classes: WordClasses,
    private readonly writer: WordWriter,
  ) {}

  write(spareBits: number): number {
    const { count } = this.classes;
    const bits = Math.min(Math.ceil(Math.log2(count)) + spareBits, ROOT_BITS_MAX);
    return mapReference(this.writer.append(this.entries(32 - bits, bits, 0, count)), bits);
  }

  /**
   * The entries of a level, each for 2^`shift` addresses.
   *
   * @param bits of the address that the level looks at.
   * @param first the class of the first address.
   * @param end behind the last class that begins below the level's end.
   */
  private entries(shift: number, bits: number, first: number, end: number): Int32Array {
    const { starts, entries: ofClasses } = this.classes;
    const entries = new Int32Array(2 ** bits);
    const mask = entries.length - 1;
    let filled = 0;
    let at = first;
    for (let next = first + 1; next < end; ) {
      const entry = (starts[next] >>> shift) & mask;
      // Most entries are of one class, and have neighbours of the same.
      entries.fill(ofClasses[at], filled, entry);
      filled = entry;
      let entryEnd = next + 1;
      while (entryEnd < end && ((starts[entryEnd] >>> shift) & mask) === entry) entryEnd++;
      if ((starts[next] >>> shift) << shift === starts[next]) at = next;
      if (entryEnd - at > 1) entries[filled++] = this.entry(shift, at, entryEnd);
      at = entryEnd - 1;
      next = entryEnd;
    }
    return entries.fill(ofClasses[at], filled);
  }

  /** An entry for addresses of two classes or more. @param width bits of the address that are not looked at yet. */
  private entry(width: number, first: number, end: number): number {
    if (end - first <= BUCKET_CLASSES) return lowerEntry(this.bucket(width, first, end), BUCKET);
    const bits = Math.min(Math.ceil(Math.log2(end - first)) + NODE_SPARE_BITS, width);
    const shift = width - bits;
    return lowerEntry(this.writer.append(this.entries(shift, bits, first, end)), shift);
  }

  private bucket(width: number, first: number, end: number): number {
    const { starts, entries } = this.classes;
    const words = this.bucketWords;
    const mask = 2 ** width - 1;
    words[0] = mask;
    for (let i = 1; i < BUCKET_CLASSES; i++) words[i] = first + i < end ? starts[first + i] & mask : NO_START;
    for (let i = 0; i < BUCKET_CLASSES; i++) {
      words[BUCKET_CLASSES + i] = entries[Math.min(first + i, end - 1)];
    }
    return this.writer.append(words, BUCKET_WORDS);
  }
}

/** Writes a map6. @param entries what each class becomes. @returns its offset. */
export function writeIpv6Map(
  { count, starts }: Ipv6Classes,
  entries: Int32Array,
  writer: WordWriter,
): number {
  const networks = new NetworkList();
  const first = new Ipv6MapWriter(starts, entries, writer, networks).level(0, count, 0);
  const { mask, words } = networks.table();
  return writer.append([mask, writer.append(words, NETWORK_WORDS), first]);
}

class Ipv6MapWriter {
  constructor(
    private readonly starts: Int32Array,
    private readonly entries: Int32Array,
    private readonly writer: WordWriter,
    private readonly networks: NetworkList,
  ) {}

  /**
   * Writes the map of one word of the addresses that have the words before it in common.
   *
   * @param first the class of the first of these addresses.
   * @param end behind the last class that begins among them.
   * @param depth which word, 0 to 3.
   * @returns the map's reference.
   */
  level(first: number, end: number, depth: number): number {
    const starts = [0];
    const entries = [this.entries[first]];
    for (let at = first + 1; at < end; ) {
      const word = this.wordOf(at, depth);
      let groupEnd = at + 1;
      while (groupEnd < end && this.wordOf(groupEnd, depth) === word) groupEnd++;
      const isWhole = this.beginsWith(at, depth);
      if (isWhole && groupEnd === at + 1) {
        setClass(starts, entries, word, this.entries[at]);
      } else {
        setClass(starts, entries, word, this.level(isWhole ? at : at - 1, groupEnd, depth + 1));
        if (word !== -1) setClass(starts, entries, word + 1, this.entries[groupEnd - 1]);
      }
      at = groupEnd;
    }
    if (depth === 1) this.noteNetworks(this.wordOf(end - 1, 0), starts, entries);
    const classes = { count: starts.length, starts, entries };
    return new WordMapWriter(classes, this.writer).write(depth === 0 ? ROOT_SPARE_BITS : LATER_SPARE_BITS);
  }

  /** Notes the second words that are one of a kind, behind a first word. */
  private noteNetworks(word0: number, starts: readonly number[], entries: readonly number[]): void {
    for (let i = 0; i < starts.length; i++) {
      const isLast = i + 1 === starts.length;
      if (starts[i] === (isLast ? -1 : starts[i + 1] - 1)) this.networks.note(word0, starts[i], entries[i]);
    }
  }

  /** A word of a class's first address. */
  private wordOf(index: number, depth: number): number {
    return this.starts[index * IPV6_WORDS + depth] ^ SIGN;
  }

  /** Whether a class begins with the first of all addresses that have its words up to `depth`. */
  private beginsWith(index: number, depth: number): boolean {
    for (let word = depth + 1; word < IPV6_WORDS; word++) if (this.wordOf(index, word) !== 0) return false;
    return true;
  }
}

/** What begins where something else would have begun takes its place. */
function setClass(starts: number[], entries: number[], word: number, entry: number): void {
  const start = word | 0;
  if (starts[starts.length - 1] === start) {
    entries[entries.length - 1] = entry;
    return;
  }
  starts.push(start);
  entries.push(entry);
}
