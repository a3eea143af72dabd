import { RuleTableSizeError } from '../../errors.js';
import { BLOCK_WORDS, COMPILE_BYTES_MAX } from '../matcher-layout.js';
import { PairTable } from './pair-table.js';

/** Blocks of one matcher at most, all of them together 128 MB: at ten thousand rules there are ten thousands. */
export const BLOCKS_MAX = 1 << 20;

/** The block without any rule: always there, because most of most rows is it. */
export const EMPTY_BLOCK = 0;

/**
 * Blocks of rule bits, each kept once however many rows it is part of. Two classes of addresses next to
 * each other differ in one rule and so in one block: that is what keeps ten thousand rows of ten thousand
 * bits each (12 MB a field) at a megabyte.
 */
export class BlockStore {
  /** Block `i` is the words from `i` * `BLOCK_WORDS` on. */
  words = new Int32Array(64 * BLOCK_WORDS);
  count = 0;
  private hashes = new Int32Array(64);
  /** Open addressing; the block's index and 1, or 0 for a free place. */
  private places = new Int32Array(256);
  private readonly and = new Int32Array(BLOCK_WORDS);
  private readonly products = new PairTable();

  constructor() {
    this.intern(new Int32Array(BLOCK_WORDS), 0);
  }

  /** @returns the index of the block that holds the `BLOCK_WORDS` words from `at` on. */
  intern(source: Int32Array, at: number): number {
    let hash = 0;
    for (let i = 0; i < BLOCK_WORDS; i++) hash = Math.imul(hash ^ source[at + i], 0x9e3779b1) ^ (hash >>> 15);
    const mask = this.places.length - 1;
    let place = (hash ^ (hash >>> 16)) & mask;
    for (; this.places[place] !== 0; place = (place + 1) & mask) {
      const block = this.places[place] - 1;
      if (this.hashes[block] === hash && this.isEqual(block, source, at)) return block;
    }
    if (this.count === BLOCKS_MAX) throw new RuleTableSizeError(COMPILE_BYTES_MAX);
    const block = this.count++;
    this.places[place] = block + 1;
    if (block === this.hashes.length) this.grow();
    this.hashes[block] = hash;
    const first = block * BLOCK_WORDS;
    for (let i = 0; i < BLOCK_WORDS; i++) this.words[first + i] = source[at + i];
    if (this.count * 2 > this.places.length) this.rehash();
    return block;
  }

  /** @returns the block of the rules that are in both. */
  intersect(a: number, b: number): number {
    if (a === b) return a;
    if (a === EMPTY_BLOCK || b === EMPTY_BLOCK) return EMPTY_BLOCK;
    const low = Math.min(a, b);
    const high = Math.max(a, b);
    const known = this.products.get(low, high);
    if (known >= 0) return known;
    const firstA = a * BLOCK_WORDS;
    const firstB = b * BLOCK_WORDS;
    for (let i = 0; i < BLOCK_WORDS; i++) this.and[i] = this.words[firstA + i] & this.words[firstB + i];
    const product = this.intern(this.and, 0);
    this.products.add(low, high, product);
    return product;
  }

  /** A view of a block, valid until the next one is interned. */
  wordsOf(block: number): Int32Array {
    return this.words.subarray(block * BLOCK_WORDS, (block + 1) * BLOCK_WORDS);
  }

  /** One bit for each word of the block that has any rule, the first word's bit highest. */
  aggregate(block: number): number {
    let bits = 0;
    for (let i = 0; i < BLOCK_WORDS; i++) {
      if (this.words[block * BLOCK_WORDS + i] !== 0) bits |= 0x8000_0000 >>> i;
    }
    return bits | 0;
  }

  private isEqual(block: number, source: Int32Array, at: number): boolean {
    const first = block * BLOCK_WORDS;
    for (let i = 0; i < BLOCK_WORDS; i++) if (this.words[first + i] !== source[at + i]) return false;
    return true;
  }

  private grow(): void {
    const words = new Int32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
    const hashes = new Int32Array(this.hashes.length * 2);
    hashes.set(this.hashes);
    this.hashes = hashes;
  }

  private rehash(): void {
    const places = new Int32Array(this.places.length * 2);
    const mask = places.length - 1;
    for (let block = 0; block < this.count; block++) {
      const hash = this.hashes[block];
      let place = (hash ^ (hash >>> 16)) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = block + 1;
    }
    this.places = places;
  }
}
