import { RuleTableSizeError } from '../../errors.js';
import { BLOCK_WORDS, COMPILE_BYTES_MAX } from '../matcher-layout.js';
import { doubled } from './doubled.js';
import { scattered } from './scattered.js';

/** Blocks of one matcher at most, all of them together 128 MB: at ten thousand rules there are ten thousands. */
const BLOCKS_MAX = 1 << 20;

/** The block without any rule: always there, because most of most rows is it. */
export const EMPTY_BLOCK = 0;

/** One odd number for each word of a block, that have nothing to do with each other. */
const MULTIPLIERS = Int32Array.from({ length: BLOCK_WORDS }, (_, word) => scattered(word) | 1);

/**
 * What the word or block of this index adds to the hash of its block or row: that is the sum of all by `^`, so that
 * whoever changes one need not look at the others. A word without rules adds 0, and so does the empty block.
 */
export function hashOfWord(word: number, index: number): number {
  const mixed = Math.imul(word ^ (word >>> 15), MULTIPLIERS[index]);
  return mixed ^ (mixed >>> 13);
}

/**
 * Blocks of rule bits, each kept once however many rows it is part of. Two classes of addresses next to
 * each other differ in one rule and so in one block: that is what keeps ten thousand rows of ten thousand
 * bits each (12 MB a field) at a megabyte.
 */
export class BlockStore {
  /** Block `i` is the words from `i` * `BLOCK_WORDS` on. */
  words: Int32Array;
  /** By the block: one bit for each word of it that has any rule, the first word's bit highest. */
  aggregates: Int32Array;
  /** With the empty one. */
  count = 1;
  private hashes: Int32Array;
  /** Open addressing; the block's index, or 0 for a free place: the empty block has none. */
  private places: Int32Array;
  /** What an aggregate does not promise is left over from other products. */
  private readonly and = new Int32Array(BLOCK_WORDS);

  /** @param ruleCount makes room to begin with. */
  constructor(ruleCount: number) {
    const room = Math.min(2 ** Math.ceil(Math.log2(2 * ruleCount + 64)), BLOCKS_MAX);
    this.words = new Int32Array(room * BLOCK_WORDS);
    this.aggregates = new Int32Array(room);
    this.hashes = new Int32Array(room);
    this.places = new Int32Array(2 * room);
  }

  /** How many there is room for as yet. */
  get room(): number {
    return this.hashes.length;
  }

  /**
   * @param source words, of which the block begins at `at`.
   * @param aggregate a bit for each of these words that is not 0, as in `aggregates`.
   * @param hash of all words: `hashOfWord`.
   * @returns the index of the block that holds the same words.
   */
  intern(source: Int32Array, at: number, aggregate: number, hash: number): number {
    if (aggregate === 0) return EMPTY_BLOCK;
    const { places, hashes, aggregates } = this;
    const mask = places.length - 1;
    let place = (hash ^ (hash >>> 16)) & mask;
    for (; places[place] !== 0; place = (place + 1) & mask) {
      const block = places[place];
      if (hashes[block] === hash && aggregates[block] === aggregate && this.isEqual(block, source, at))
        return block;
    }
    if (this.count === BLOCKS_MAX) throw new RuleTableSizeError(COMPILE_BYTES_MAX);
    places[place] = this.count;
    return this.add(source, at, aggregate, hash);
  }

  /** @returns the block of the rules that are in both. */
  intersect(a: number, b: number): number {
    if (a === b) return a;
    let left = this.aggregates[a] & this.aggregates[b];
    if (left === 0) return EMPTY_BLOCK;
    const { words, and } = this;
    const firstA = a * BLOCK_WORDS;
    const firstB = b * BLOCK_WORDS;
    let aggregate = 0;
    let hash = 0;
    while (left !== 0) {
      const i = Math.clz32(left);
      const bit = 0x8000_0000 >>> i;
      left ^= bit;
      const word = words[firstA + i] & words[firstB + i];
      if (word === 0) continue;
      aggregate |= bit;
      and[i] = word;
      hash ^= hashOfWord(word, i);
    }
    return this.intern(and, 0, aggregate, hash);
  }

  /** Of blocks that have the same aggregate. */
  private isEqual(block: number, source: Int32Array, at: number): boolean {
    const { words } = this;
    const first = block * BLOCK_WORDS;
    for (let left = this.aggregates[block]; left !== 0; ) {
      const i = Math.clz32(left);
      left ^= 0x8000_0000 >>> i;
      if (words[first + i] !== source[at + i]) return false;
    }
    return true;
  }

  private add(source: Int32Array, at: number, aggregate: number, hash: number): number {
    const block = this.count++;
    if (block === this.hashes.length) this.grow();
    const { words } = this;
    const first = block * BLOCK_WORDS;
    for (let left = aggregate; left !== 0; ) {
      const i = Math.clz32(left);
      left ^= 0x8000_0000 >>> i;
      words[first + i] = source[at + i];
    }
    this.hashes[block] = hash;
    this.aggregates[block] = aggregate;
    if (this.count * 2 > this.places.length) this.rehash();
    return block;
  }

  private grow(): void {
    this.words = doubled(this.words);
    this.hashes = doubled(this.hashes);
    this.aggregates = doubled(this.aggregates);
  }

  private rehash(): void {
    const { hashes, count } = this;
    const places = new Int32Array(this.places.length * 4);
    const mask = places.length - 1;
    for (let block = EMPTY_BLOCK + 1; block < count; block++) {
      const hash = hashes[block];
      let place = (hash ^ (hash >>> 16)) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = block;
    }
    this.places = places;
  }
}
