import { RuleTableSizeError } from '../../errors.js';
import { COMPILE_BYTES_MAX } from '../matcher-layout.js';
import { type BlockStore, EMPTY_BLOCK } from './block-store.js';
import { doubled } from './doubled.js';

/** Words of all rows together at most: 128 MB. */
const ROW_WORDS_MAX = 1 << 25;

/**
 * Rows: for one class of a field's values the set of rules that it does not rule out, as a list of
 * blocks. Equal rows are kept once, so that equal sets have the same number.
 */
export class RowStore {
  /** Row `i` is the block indexes from `i` * `blocksARow` on. */
  blocks: Int32Array;
  count = 0;
  /** Open addressing; the row's number and 1, or 0 for a free place. */
  private places: Int32Array;
  private hashes: Int32Array;
  private readonly product: Int32Array;

  /** @param ruleCount makes room to begin with. */
  constructor(
    readonly store: BlockStore,
    readonly blocksARow: number,
    ruleCount: number,
  ) {
    const most = 2 ** Math.floor(Math.log2(ROW_WORDS_MAX / blocksARow));
    const room = Math.min(2 ** Math.ceil(Math.log2(2 * ruleCount + 64)), most);
    this.blocks = new Int32Array(room * blocksARow);
    this.hashes = new Int32Array(room);
    this.places = new Int32Array(2 * room);
    this.product = new Int32Array(blocksARow);
  }

  /** How many there is room for as yet. */
  get room(): number {
    return this.hashes.length;
  }

  /**
   * @param hash of all blocks: `hashOfBlock`.
   * @returns the number of the row with these blocks.
   */
  intern(row: Int32Array, hash: number): number {
    const { blocksARow, places, hashes } = this;
    const mask = places.length - 1;
    let place = (hash ^ (hash >>> 16)) & mask;
    for (; places[place] !== 0; place = (place + 1) & mask) {
      const known = places[place] - 1;
      if (hashes[known] === hash && this.isEqual(known, row)) return known;
    }
    if ((this.count + 1) * blocksARow > ROW_WORDS_MAX) throw new RuleTableSizeError(COMPILE_BYTES_MAX);
    places[place] = this.count + 1;
    return this.add(row, hash);
  }

  /**
   * Intersects a row with others.
   *
   * @param others best in an order in which neighbours are alike: a block that is as in the one before is not
   * intersected again.
   * @param results takes the number of each row of the rules that are in both: at `at`, and then every `step` words.
   * @param blocksMax blocks that there may be.
   * @returns false where there are more now: not all others have been looked at then.
   */
  intersectEach(
    row: number,
    others: readonly number[],
    results: Int32Array,
    at: number,
    step: number,
    blocksMax: number,
  ): boolean {
    const { blocksARow, store, product } = this;
    const first = row * blocksARow;
    let hash = 0;
    let firstBefore = -1;
    product.fill(EMPTY_BLOCK);
    for (let i = 0; i < others.length; i++) {
      const { blocks } = this;
      const firstOther = others[i] * blocksARow;
      for (let index = 0; index < blocksARow; index++) {
        const other = blocks[firstOther + index];
        if (firstBefore >= 0 && blocks[firstBefore + index] === other) continue;
        const block = store.intersect(blocks[first + index], other);
        hash ^= hashOfBlock(product[index], index) ^ hashOfBlock(block, index);
        product[index] = block;
      }
      firstBefore = firstOther;
      if (store.count > blocksMax) return false;
      results[at + i * step] = this.intern(product, hash);
    }
    return true;
  }

  private isEqual(known: number, row: Int32Array): boolean {
    const { blocks, blocksARow } = this;
    const first = known * blocksARow;
    for (let i = 0; i < blocksARow; i++) if (blocks[first + i] !== row[i]) return false;
    return true;
  }

  private add(row: Int32Array, hash: number): number {
    const { blocksARow } = this;
    const added = this.count++;
    if (added === this.hashes.length) {
      this.blocks = doubled(this.blocks);
      this.hashes = doubled(this.hashes);
    }
    this.hashes[added] = hash;
    const { blocks } = this;
    const first = added * blocksARow;
    for (let i = 0; i < blocksARow; i++) blocks[first + i] = row[i];
    if (this.count * 2 > this.places.length) this.rehash();
    return added;
  }

  private rehash(): void {
    const { hashes, count } = this;
    const places = new Int32Array(this.places.length * 4);
    const mask = places.length - 1;
    for (let row = 0; row < count; row++) {
      const hash = hashes[row];
      let place = (hash ^ (hash >>> 16)) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = row + 1;
    }
    this.places = places;
  }
}

/** What the block at this index adds to the hash of its row, like `hashOfWord`: the empty one 0. */
export function hashOfBlock(block: number, index: number): number {
  const mixed = Math.imul(Math.imul(block, 0x9e3779b1), 2 * index + 1);
  return mixed ^ (mixed >>> 15);
}
