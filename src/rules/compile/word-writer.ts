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
import type { RowStore } from './row-store.js';

/** The highest bit of a word: the first place, word or block. */
const FIRST_BIT = 0x8000_0000;

/** Room to begin with: what a thousand rules need. */
const WORDS_AT_FIRST = 1 << 16;

/** Writes a compiled table section by section; rows and blocks when something first refers to them. */
export class WordWriter {
  private words = new Int32Array(WORDS_AT_FIRST);
  /** 1 for each word that something is in. */
  private isTaken = new Uint8Array(WORDS_AT_FIRST);
  private end = HEADER_END;
  /** What is to be written next, for `placePromised`. */
  private promisedIndexes = new Int32Array(64);
  private promisedValues = new Int32Array(64);
  private promisedCount = 0;
  /** By the row's and the block's number; 0 where it has not been written. */
  private rowOffsets = new Int32Array(1024);
  private blockOffsets = new Int32Array(1024);

  constructor(private readonly rows: RowStore) {}

  /** @returns the offset of the values. */
  append(values: ArrayLike<number>): number {
    const offset = this.reserve(values.length);
    this.words.set(values, offset);
    this.isTaken.fill(1, offset, offset + values.length);
    return offset;
  }

  setHeader(word: number, value: number): void {
    this.words[word] = value;
  }

  /** @returns the offset of a row of the store. */
  row(row: number): number {
    if (row >= this.rowOffsets.length) this.rowOffsets = grown(this.rowOffsets, row + 1);
    const known = this.rowOffsets[row];
    if (known !== 0) return known;
    const { blocksARow } = this.rows;
    const offset = blocksARow === 1 ? this.rowWithBlock(row) : this.rowOfBlocks(row);
    this.rowOffsets[row] = offset;
    return offset;
  }

  /** @returns the table in shared memory. */
  finish(): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer((this.end + CACHE_LINE_WORDS) * WORD_BYTES);
    new Int32Array(buffer).set(this.words.subarray(0, this.end));
    return buffer;
  }

  private rowWithBlock(row: number): number {
    const block = this.rows.blocks[row];
    const { store } = this.rows;
    const aggregate = store.aggregate(block);
    this.promise(0, aggregate === 0 ? 0 : FIRST_BIT);
    this.promise(1, aggregate);
    this.promiseBlock(BLOCK_IN_ROW, block);
    return this.placePromised();
  }

  private rowOfBlocks(row: number): number {
    const { blocksARow, blocks, store } = this.rows;
    const summaries = summaryWords(blocksARow);
    const first = row * blocksARow;
    for (let i = 0; i < blocksARow; i++) if (blocks[first + i] !== EMPTY_BLOCK) this.block(blocks[first + i]);
    for (let summary = 0; summary < summaries; summary++) {
      let bits = 0;
      for (let i = 0; i < 32 && summary * 32 + i < blocksARow; i++) {
        if (blocks[first + summary * 32 + i] !== EMPTY_BLOCK) bits |= FIRST_BIT >>> i;
      }
      this.promise(summary, bits);
    }
    for (let i = 0; i < blocksARow; i++) {
      const block = blocks[first + i];
      if (block === EMPTY_BLOCK) continue;
      this.promise(summaries + i * ROW_WORDS, store.aggregate(block));
      this.promise(summaries + i * ROW_WORDS + 1, this.block(block));
    }
    return this.placePromised();
  }

  private block(block: number): number {
    if (block >= this.blockOffsets.length) this.blockOffsets = grown(this.blockOffsets, block + 1);
    const known = this.blockOffsets[block];
    if (known !== 0) return known;
    this.promiseBlock(0, block);
    const offset = this.placePromised();
    this.blockOffsets[block] = offset;
    return offset;
  }

  private promiseBlock(at: number, block: number): void {
    const { words } = this.rows.store;
    const first = block * BLOCK_WORDS;
    for (let i = 0; i < BLOCK_WORDS; i++) if (words[first + i] !== 0) this.promise(at + i, words[first + i]);
  }

  /** Notes a word of what `placePromised` will write. `index`: from the first word on, ascending. */
  private promise(index: number, value: number): void {
    if (this.promisedCount === this.promisedIndexes.length) {
      this.promisedIndexes = grown(this.promisedIndexes, this.promisedCount + 1);
      this.promisedValues = grown(this.promisedValues, this.promisedCount + 1);
    }
    this.promisedIndexes[this.promisedCount] = index;
    this.promisedValues[this.promisedCount++] = value;
  }

  /**
   * Writes the words that have been noted, over the end of what has been written as far as that fits: what
   * a summary or an aggregate does not promise is never read. Most blocks have two or three words that are,
   * and the table becomes half as large; the more of it the processor's caches hold, the faster it is.
   *
   * @returns the offset of the first word.
   */
  private placePromised(): number {
    const { promisedIndexes: indexes, promisedValues: values, promisedCount: count } = this;
    const length = count === 0 ? 0 : indexes[count - 1] + 1;
    let offset = Math.max(this.end - length, HEADER_END);
    while (!this.fits(offset)) offset++;
    if (offset + length > this.end) this.reserve(offset + length - this.end);
    for (let i = 0; i < count; i++) {
      this.words[offset + indexes[i]] = values[i];
      this.isTaken[offset + indexes[i]] = 1;
    }
    this.promisedCount = 0;
    return offset;
  }

  private fits(offset: number): boolean {
    const {
      promisedIndexes: indexes,
      promisedValues: values,
      promisedCount: count,
      end,
      words,
      isTaken,
    } = this;
    for (let i = 0; i < count; i++) {
      const at = offset + indexes[i];
      if (at >= end) return true;
      if (isTaken[at] === 1 && words[at] !== values[i]) return false;
    }
    return true;
  }

  private reserve(count: number): number {
    const offset = this.end;
    this.end += count;
    if (this.end * WORD_BYTES > COMPILE_BYTES_MAX) throw new RuleTableSizeError(COMPILE_BYTES_MAX);
    if (this.end > this.words.length) {
      const words = new Int32Array(2 ** Math.ceil(Math.log2(this.end)));
      words.set(this.words.subarray(0, offset));
      this.words = words;
      const isTaken = new Uint8Array(words.length);
      isTaken.set(this.isTaken.subarray(0, offset));
      this.isTaken = isTaken;
    }
    return offset;
  }
}

/** Twice as long, or as often as it takes to have room for `count`. */
function grown(words: Int32Array, count: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(count, words.length * 2))));
  larger.set(words);
  return larger;
}
