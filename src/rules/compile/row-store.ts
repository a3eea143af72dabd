import { RuleTableSizeError } from '../../errors.js';
import { BLOCK_SHIFT, BLOCK_WORDS, COMPILE_BYTES_MAX } from '../matcher-layout.js';
import type { BlockStore } from './block-store.js';

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
  private places = new Int32Array(256);
  private hashes = new Int32Array(64);
  private readonly product: Int32Array;

  constructor(
    readonly store: BlockStore,
    readonly blocksARow: number,
  ) {
    this.blocks = new Int32Array(64 * blocksARow);
    this.product = new Int32Array(blocksARow);
  }

  /** @returns the number of the row with these blocks. */
  intern(row: Int32Array): number {
    const { blocksARow } = this;
    let hash = 0;
    for (let i = 0; i < blocksARow; i++) hash = Math.imul(hash ^ row[i], 0x9e3779b1) ^ (hash >>> 15);
    const mask = this.places.length - 1;
    let place = (hash ^ (hash >>> 16)) & mask;
    for (; this.places[place] !== 0; place = (place + 1) & mask) {
      const known = this.places[place] - 1;
      if (this.hashes[known] === hash && this.isEqual(known, row)) return known;
    }
    if ((this.count + 1) * blocksARow > ROW_WORDS_MAX) throw new RuleTableSizeError(COMPILE_BYTES_MAX);
    const added = this.count++;
    this.places[place] = added + 1;
    if (added === this.hashes.length) this.grow();
    this.hashes[added] = hash;
    for (let i = 0; i < blocksARow; i++) this.blocks[added * blocksARow + i] = row[i];
    if (this.count * 2 > this.places.length) this.rehash();
    return added;
  }

  /** @returns the row of the rules that are in both. */
  intersect(a: number, b: number): number {
    if (a === b) return a;
    const { blocksARow, blocks, store } = this;
    const row = this.product;
    for (let i = 0; i < blocksARow; i++) {
      row[i] = store.intersect(blocks[a * blocksARow + i], blocks[b * blocksARow + i]);
    }
    return this.intern(row);
  }

  private isEqual(known: number, row: Int32Array): boolean {
    const first = known * this.blocksARow;
    for (let i = 0; i < this.blocksARow; i++) if (this.blocks[first + i] !== row[i]) return false;
    return true;
  }

  private grow(): void {
    const blocks = new Int32Array(this.blocks.length * 2);
    blocks.set(this.blocks);
    this.blocks = blocks;
    const hashes = new Int32Array(this.hashes.length * 2);
    hashes.set(this.hashes);
    this.hashes = hashes;
  }

  private rehash(): void {
    const places = new Int32Array(this.places.length * 2);
    const mask = places.length - 1;
    for (let row = 0; row < this.count; row++) {
      const hash = this.hashes[row];
      let place = (hash ^ (hash >>> 16)) & mask;
      while (places[place] !== 0) place = (place + 1) & mask;
      places[place] = row + 1;
    }
    this.places = places;
  }
}

/** A set of rules that changes a few rules at a time, and gives a row whenever one is wanted. */
export class RowSweep {
  private readonly bits: Int32Array;
  private readonly row: Int32Array;
  private readonly isDirty: Uint8Array;

  /** Begins with no rule. */
  constructor(private readonly rows: RowStore) {
    this.bits = new Int32Array(rows.blocksARow * BLOCK_WORDS);
    this.row = new Int32Array(rows.blocksARow);
    this.isDirty = new Uint8Array(rows.blocksARow);
  }

  /** Puts a rule in, or takes it out again. `bit`: its place in the rows. */
  toggle(bit: number): void {
    this.bits[bit >>> 5] ^= 0x8000_0000 >>> (bit & 31);
    this.isDirty[bit >>> BLOCK_SHIFT] = 1;
  }

  /** @returns the number of the row of the rules that are in now. */
  take(): number {
    const { rows, row, isDirty, bits } = this;
    for (let i = 0; i < row.length; i++) {
      if (isDirty[i] === 0) continue;
      isDirty[i] = 0;
      row[i] = rows.store.intern(bits, i * BLOCK_WORDS);
    }
    return rows.intern(row);
  }
}
