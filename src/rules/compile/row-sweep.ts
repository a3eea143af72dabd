import { BLOCK_SHIFT, BLOCK_WORDS } from '../matcher-layout.js';
import { hashOfWord } from './block-store.js';
import type { ConstrainedRules } from './constrained-rules.js';
import { hashOfBlock, type RowStore } from './row-store.js';

const BLOCK_WORDS_SHIFT = BLOCK_SHIFT - 5;

/** A set of rules that changes a few rules at a time, and gives a row whenever one is wanted. */
export class RowSweep {
  private readonly allBits: Int32Array;
  private readonly bits: Int32Array;
  /** By the block: which of its words are not 0, and the hash of all. */
  private readonly aggregates: Int32Array;
  private readonly hashes: Int32Array;
  /** The blocks when they were last taken, and the hash of all. */
  private readonly row: Int32Array;
  private rowHash = 0;
  /** The blocks that may have changed since. */
  private readonly dirty: Int32Array;
  private dirtyCount = 0;
  private readonly isDirty: Uint8Array;

  /** @param places the place of each rule in the rows, by its position. */
  constructor(
    private readonly rows: RowStore,
    private readonly places: Int32Array,
  ) {
    const { blocksARow } = rows;
    this.allBits = new Int32Array(blocksARow * BLOCK_WORDS);
    this.bits = new Int32Array(blocksARow * BLOCK_WORDS);
    this.aggregates = new Int32Array(blocksARow);
    this.hashes = new Int32Array(blocksARow);
    this.row = new Int32Array(blocksARow);
    this.dirty = new Int32Array(blocksARow);
    this.isDirty = new Uint8Array(blocksARow);
    for (let position = 0; position < places.length; position++) {
      const place = places[position];
      this.allBits[place >>> 5] |= 0x8000_0000 >>> (place & 31);
    }
  }

  /** Begins with all rules but those that a field rules out somewhere. */
  begin({ constrained, constrainedCount }: ConstrainedRules): void {
    const { bits, aggregates, hashes, places, dirty } = this;
    bits.set(this.allBits);
    for (let i = 0; i < constrainedCount; i++) {
      const place = places[constrained[i]];
      bits[place >>> 5] ^= 0x8000_0000 >>> (place & 31);
    }
    hashes.fill(0);
    aggregates.fill(0);
    for (let i = 0; i < bits.length; i++) {
      if (bits[i] === 0) continue;
      hashes[i >>> BLOCK_WORDS_SHIFT] ^= hashOfWord(bits[i], i & (BLOCK_WORDS - 1));
      aggregates[i >>> BLOCK_WORDS_SHIFT] |= 0x8000_0000 >>> (i & (BLOCK_WORDS - 1));
    }
    this.dirtyCount = dirty.length;
    for (let i = 0; i < dirty.length; i++) dirty[i] = i;
    this.isDirty.fill(1);
  }

  /** Puts a rule in, or takes it out again. */
  toggle(position: number): void {
    const { places, bits, aggregates, hashes, isDirty } = this;
    const place = places[position];
    const at = place >>> 5;
    const index = at & (BLOCK_WORDS - 1);
    const block = place >>> BLOCK_SHIFT;
    const before = bits[at];
    const after = before ^ (0x8000_0000 >>> (place & 31));
    bits[at] = after;
    if (before === 0 || after === 0) aggregates[block] ^= 0x8000_0000 >>> index;
    hashes[block] ^= hashOfWord(before, index) ^ hashOfWord(after, index);
    if (isDirty[block] !== 0) return;
    isDirty[block] = 1;
    this.dirty[this.dirtyCount++] = block;
  }

  /** @returns the number of the row of the rules that are in now. */
  take(): number {
    const { rows, row, dirty, dirtyCount, isDirty, bits, aggregates, hashes } = this;
    const { store } = rows;
    let { rowHash } = this;
    for (let i = 0; i < dirtyCount; i++) {
      const at = dirty[i];
      isDirty[at] = 0;
      const block = store.intern(bits, at * BLOCK_WORDS, aggregates[at], hashes[at]);
      rowHash ^= hashOfBlock(row[at], at) ^ hashOfBlock(block, at);
      row[at] = block;
    }
    this.dirtyCount = 0;
    this.rowHash = rowHash;
    return rows.intern(row, rowHash);
  }
}
