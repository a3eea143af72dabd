import { RuleTableSizeError } from '../../errors.js';
import { CACHE_LINE_WORDS, WORD_BYTES } from '../../memory/layout.js';
import {
  BLOCK_IN_ROW,
  BLOCK_WORDS,
  COMPILE_BYTES_MAX,
  HEADER_END,
  ROW_WORDS,
  summaryWords,
} from '../matcher-layout.js';
import { EMPTY_BLOCK } from './block-store.js';
import { doubled } from './doubled.js';
import type { RowStore } from './row-store.js';

/** The highest bit of a word: the first place, word or block. */
const FIRST_BIT = 0x8000_0000;

/**
 * Words of the table that there is room for to begin with, for each rule: seldom more are needed. What is not written
 * takes no memory, and code in which V8 has taken an array for one that never changes is thrown away when it grows.
 */
const WORDS_A_RULE = 128;
const WORDS_AT_LEAST = 1 << 12;

/**
 * Writes a compiled table section by section; rows and blocks when something first refers to them.
 *
 * Rows and blocks are written over the end of what has been written, as far as that fits: what a summary or an
 * aggregate does not promise has no effect. Most blocks have two or three words that have, and the table becomes half
 * as large; the more of it the processor's caches hold, the faster it is.
 */
export class WordWriter {
  private words: Int32Array;
  /** A bit for each word that something is in, the first one highest, and so many behind that any row is looked for. */
  private taken: Int32Array;
  private end = HEADER_END;
  /** By the row's and the block's number; 0 where it has not been written. */
  private rowOffsets: Int32Array;
  private blockOffsets: Int32Array;
  /** The row in hand, and a bit for each of its words that will ever be read. */
  private readonly row: Int32Array;
  private readonly promised: Int32Array;
  /** The blocks of the row in hand, where they do not stand in it themselves. */
  private readonly rowBlocks: Int32Array;

  /** @param ruleCount makes room to begin with. */
  constructor(
    private readonly rows: RowStore,
    ruleCount: number,
  ) {
    const room = 2 ** Math.ceil(Math.log2(WORDS_AT_LEAST + ruleCount * WORDS_A_RULE));
    this.words = new Int32Array(Math.min(room, COMPILE_BYTES_MAX / WORD_BYTES));
    const { blocksARow } = rows;
    this.row = new Int32Array(
      blocksARow === 1 ? BLOCK_IN_ROW + BLOCK_WORDS : summaryWords(blocksARow) + blocksARow * ROW_WORDS,
    );
    this.promised = new Int32Array(Math.ceil(this.row.length / 32));
    this.rowBlocks = new Int32Array(blocksARow);
    for (let i = 0; i < summaryWords(blocksARow); i++) this.promised[i >>> 5] |= FIRST_BIT >>> (i & 31);
    this.rowOffsets = new Int32Array(rows.room);
    this.blockOffsets = new Int32Array(rows.store.room);
    this.taken = new Int32Array(this.words.length / 32 + this.promised.length + 1);
  }

  /** @param alignment words that the offset is a multiple of, a power of two. @returns the offset of the values. */
  append(values: ArrayLike<number>, alignment = 1): number {
    const offset = (this.end + alignment - 1) & -alignment;
    this.reserve(offset + values.length);
    this.words.set(values, offset);
    const { taken, end } = this;
    taken[offset >>> 5] |= -1 >>> (offset & 31);
    taken.fill(-1, (offset >>> 5) + 1, (end >>> 5) + 1);
    // But what is behind the end.
    taken[end >>> 5] &= ~(-1 >>> (end & 31));
    return offset;
  }

  setHeader(word: number, value: number): void {
    this.words[word] = value;
  }

  /** @returns the offset of a row of the store. */
  rowOffset(row: number): number {
    while (row >= this.rowOffsets.length) this.rowOffsets = doubled(this.rowOffsets);
    const known = this.rowOffsets[row];
    if (known !== 0) return known;
    const groups = this.rows.blocksARow === 1 ? this.fillWithBlock(row) : this.fillWithOffsets(row);
    const offset = this.placeRow(groups);
    this.rowOffsets[row] = offset;
    return offset;
  }

  /** @returns the table in shared memory. */
  finish(): SharedArrayBuffer {
    const behind = Math.max(CACHE_LINE_WORDS, BLOCK_WORDS);
    const buffer = new SharedArrayBuffer((this.end + behind) * WORD_BYTES);
    new Int32Array(buffer).set(this.words.subarray(0, this.end));
    return buffer;
  }

  /** Makes the row in hand one that has its block in it. @returns groups of `promised`. */
  private fillWithBlock(number: number): number {
    const { row, promised } = this;
    const { blocks, store } = this.rows;
    const block = blocks[number];
    const aggregate = store.aggregates[block];
    row[0] = aggregate === 0 ? 0 : FIRST_BIT;
    row[1] = aggregate;
    for (let i = 0; i < BLOCK_WORDS; i++) row[BLOCK_IN_ROW + i] = store.words[block * BLOCK_WORDS + i];
    promised[0] = (-1 << (32 - BLOCK_IN_ROW)) | (aggregate >>> BLOCK_IN_ROW);
    promised[1] = aggregate << (32 - BLOCK_IN_ROW);
    return promised[1] === 0 ? 1 : 2;
  }

  /**
   * Makes the row in hand one of the offsets of its blocks, and writes these. Rows written one after the other are
   * alike: what is as in the one before is left as it is.
   *
   * @returns groups of `promised`.
   */
  private fillWithOffsets(number: number): number {
    const { blocksARow, blocks, store } = this.rows;
    const { row, rowBlocks, promised } = this;
    const summaries = summaryWords(blocksARow);
    const first = number * blocksARow;
    for (let i = 0; i < blocksARow; i++) {
      const block = blocks[first + i];
      if (block === rowBlocks[i]) continue;
      const pair = summaries + i * ROW_WORDS;
      if (block === EMPTY_BLOCK || rowBlocks[i] === EMPTY_BLOCK) {
        row[i >>> 5] ^= FIRST_BIT >>> (i & 31);
        promised[pair >>> 5] ^= FIRST_BIT >>> (pair & 31);
        promised[(pair + 1) >>> 5] ^= FIRST_BIT >>> ((pair + 1) & 31);
      }
      rowBlocks[i] = block;
      if (block === EMPTY_BLOCK) continue;
      row[pair] = store.aggregates[block];
      row[pair + 1] = this.blockOffset(block);
    }
    let groups = promised.length;
    while (promised[groups - 1] === 0) groups--;
    return groups;
  }

  private blockOffset(block: number): number {
    while (block >= this.blockOffsets.length) this.blockOffsets = doubled(this.blockOffsets);
    const known = this.blockOffsets[block];
    if (known !== 0) return known;
    const { words, aggregates } = this.rows.store;
    const aggregate = aggregates[block];
    const length = lengthOf(aggregate, 1);
    const offset = this.gapForGroup(Math.max(this.end - length, HEADER_END), aggregate);
    if (offset + length > this.end) this.reserve(offset + length);
    this.write(words, block * BLOCK_WORDS, aggregate, offset);
    this.blockOffsets[block] = offset;
    return offset;
  }

  /**
   * Writes the words of the row in hand that are promised.
   *
   * @param groups of `promised`; the last one is not 0.
   * @returns the offset of the row.
   */
  private placeRow(groups: number): number {
    const { row, promised } = this;
    const length = lengthOf(promised[groups - 1], groups);
    const from = Math.max(this.end - length, HEADER_END);
    const offset = groups === 1 ? this.gapForGroup(from, promised[0]) : this.gapFor(from, groups);
    if (offset + length > this.end) this.reserve(offset + length);
    for (let group = 0; group < groups; group++) {
      this.write(row, group * 32, promised[group], offset + group * 32);
    }
    return offset;
  }

  /** Writes those words of 32 from `first` on that are promised, at their places from `offset` on. */
  private write(source: Int32Array, first: number, promised: number, offset: number): void {
    const { words, taken } = this;
    const shift = offset & 31;
    taken[offset >>> 5] |= promised >>> shift;
    taken[(offset >>> 5) + 1] |= (promised << 1) << (31 - shift);
    for (let left = promised; left !== 0; ) {
      const i = Math.clz32(left);
      left ^= FIRST_BIT >>> i;
      words[offset + i] = source[first + i];
    }
  }

  /** @returns the first offset, not below `from`, where none of these words is taken. */
  private gapForGroup(from: number, promised: number): number {
    const { taken } = this;
    const word = from >>> 5;
    const shift = from & 31;
    let upper = (taken[word] << shift) | ((taken[word + 1] >>> 1) >>> (31 - shift));
    let lower = taken[word + 1] << shift;
    let offset = from;
    for (; (upper & promised) !== 0; offset++) {
      upper = (upper << 1) | (lower >>> 31);
      lower <<= 1;
    }
    return offset;
  }

  /** Like `gapForGroup`, for all words that are promised. */
  private gapFor(from: number, groups: number): number {
    const { taken, promised } = this;
    for (let offset = from; ; offset++) {
      const shift = offset & 31;
      let clash = 0;
      for (let group = 0; group < groups && clash === 0; group++) {
        const word = (offset >>> 5) + group;
        clash = ((taken[word] << shift) | ((taken[word + 1] >>> 1) >>> (31 - shift))) & promised[group];
      }
      if (clash === 0) return offset;
    }
  }

  /** Moves the end. */
  private reserve(end: number): void {
    if (end * WORD_BYTES > COMPILE_BYTES_MAX) throw new RuleTableSizeError(COMPILE_BYTES_MAX);
    this.end = end;
    if (end <= this.words.length) return;
    const words = new Int32Array(2 ** Math.ceil(Math.log2(end)));
    words.set(this.words);
    this.words = words;
    const taken = new Int32Array(words.length / 32 + this.promised.length + 1);
    taken.set(this.taken);
    this.taken = taken;
  }
}

/** @returns how many words there are up to the last one that is promised. @param last the last group, which is not 0. */
function lengthOf(last: number, groups: number): number {
  return groups * 32 - 31 + Math.clz32(last & (-last | 0));
}
