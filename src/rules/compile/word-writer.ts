import { RuleTableSizeError } from '../../errors.js';
import { CACHE_LINE_WORDS, WORD_BYTES } from '../../memory/layout.js';
import { BLOCK_WORDS, COMPILE_BYTES_MAX, HEADER_END } from '../matcher-layout.js';
import { EMPTY_BLOCK } from './block-store.js';
import type { RowStore } from './row-store.js';

/** Writes a compiled table section by section; rows and blocks when something first refers to them. */
export class WordWriter {
  private words = new Int32Array(4096);
  private end = HEADER_END;
  private readonly rowOffsets = new Map<number, number>();
  private readonly blockOffsets = new Map<number, number>();

  constructor(private readonly rows: RowStore) {}

  /** @returns the offset of the values. */
  append(values: ArrayLike<number>): number {
    const offset = this.reserve(values.length);
    this.words.set(values, offset);
    return offset;
  }

  setHeader(word: number, value: number): void {
    this.words[word] = value;
  }

  /** @returns the offset of a row of the store. */
  row(row: number): number {
    const known = this.rowOffsets.get(row);
    if (known !== undefined) return known;
    const { blocksARow, blocks, store } = this.rows;
    const pairs = new Int32Array(blocksARow * 2);
    for (let i = 0; i < blocksARow; i++) {
      const block = blocks[row * blocksARow + i];
      pairs[i * 2] = store.aggregate(block);
      pairs[i * 2 + 1] = block === EMPTY_BLOCK ? 0 : this.block(block);
    }
    const offset = this.append(pairs);
    this.rowOffsets.set(row, offset);
    return offset;
  }

  /** @returns the table in shared memory. */
  finish(): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer((this.end + CACHE_LINE_WORDS) * WORD_BYTES);
    new Int32Array(buffer).set(this.words.subarray(0, this.end));
    return buffer;
  }

  private block(block: number): number {
    const known = this.blockOffsets.get(block);
    if (known !== undefined) return known;
    const first = block * BLOCK_WORDS;
    const offset = this.append(this.rows.store.words.subarray(first, first + BLOCK_WORDS));
    this.blockOffsets.set(block, offset);
    return offset;
  }

  private reserve(count: number): number {
    const offset = this.end;
    this.end += count;
    if (this.end * WORD_BYTES > COMPILE_BYTES_MAX) throw new RuleTableSizeError(COMPILE_BYTES_MAX);
    if (this.end > this.words.length) {
      const words = new Int32Array(2 ** Math.ceil(Math.log2(this.end)));
      words.set(this.words.subarray(0, offset));
      this.words = words;
    }
    return offset;
  }
}
