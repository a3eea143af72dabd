import { type CompiledMemory, createSearch, type Search } from './compiled-memory.js';
import { FieldRows } from './field-rows.js';
import * as matcher from './matcher.js';
import * as layout from './matcher-layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { NO_MATCH } = matcher;
const {
  BLOCK_IN_ROW,
  BLOCK_SHIFT,
  HEADER_ADDRESS_ROWS,
  HEADER_BLOCK_COUNT,
  HEADER_CHAIN_COUNT,
  HEADER_POSITIONS,
  NO_POSITION,
  summaryWords,
} = layout;

/** From so many rows of a packet on there are many: `firstOfMany` holds that many in locals from one block to the next. */
export const MANY_ROWS = 4;

/**
 * Finds the first rule that is in all rows of a packet: block by block of those that no summary leaves out, word by word
 * of those that no aggregate leaves out. One method for each number of rows and blocks, because each form of the loop
 * costs the others; the one that most tables with many rules need is in WebAssembly (wasm/search.ts).
 *
 * Sums that are indexes end in `| 0`: see CompiledMatcher.
 */
export class RowSearch extends FieldRows {
  protected readonly blockCount: number;
  /** How many rows of a packet come before those of its chains: source and destination, or both in one. */
  protected readonly addressRows: number;
  /** Of the packet in hand: the offsets of its rows (addresses, chains). */
  protected readonly rows: Int32Array;
  private readonly positions: number;
  /** Words at the beginning of each row that say which of its blocks are not empty. */
  private readonly summaries: number;
  /** Of the packet in hand: the offsets of its rows' blocks. */
  private readonly blocks: Int32Array;
  /** The first position in three rows of a table of several blocks, or `NO_MATCH`; `null` where there is only one. */
  protected readonly firstOfThree: Search | null;

  constructor(memory: CompiledMemory) {
    super(memory);
    const { words } = this;
    this.blockCount = words[HEADER_BLOCK_COUNT];
    this.summaries = summaryWords(this.blockCount);
    this.positions = words[HEADER_POSITIONS];
    this.addressRows = words[HEADER_ADDRESS_ROWS];
    this.rows = new Int32Array(this.addressRows + words[HEADER_CHAIN_COUNT]);
    this.blocks = new Int32Array(this.rows.length);
    this.firstOfThree = this.blockCount === 1 ? null : createSearch(memory, this.positions, this.summaries);
  }

  /**
   * Like `firstOfThree`, for a table of one block, whose words stand in their row: without the way over their
   * offsets a look-up takes a quarter less time. A word without a rule is passed over by a branch here: the
   * words are in the first cache, and a wrong guess is known at once.
   */
  protected firstOfBlock(src: number, dst: number, service: number): number {
    const positions = this.positions | 0;
    let best = NO_POSITION;
    let aggregate = this.words[(src + 1) | 0] & this.words[(dst + 1) | 0] & this.words[(service + 1) | 0];
    src = (src + BLOCK_IN_ROW) | 0;
    dst = (dst + BLOCK_IN_ROW) | 0;
    service = (service + BLOCK_IN_ROW) | 0;
    while (aggregate !== 0) {
      const i = Math.clz32(aggregate);
      aggregate ^= 0x8000_0000 >>> i;
      const word = (positions + (i << 5)) | 0;
      if (this.words[word] >= best) break;
      const rules = this.words[(src + i) | 0] & this.words[(dst + i) | 0] & this.words[(service + i) | 0];
      if (rules === 0) continue;
      const position = this.words[(word + Math.clz32(rules)) | 0];
      if (position < best) best = position;
    }
    return best === NO_POSITION ? NO_MATCH : best;
  }

  /**
   * Like `firstOfThree`, where the other fields have given more rows than one: at least four, all of them in `rows`. The
   * first four are held in locals.
   */
  protected firstOfMany(): number {
    const { rows, blocks, positions, summaries } = this;
    const rowCount = rows.length;
    const src = rows[0];
    const dst = rows[1];
    const chain = rows[2];
    const nextChain = rows[3];
    let best = NO_POSITION;
    for (let summary = 0; summary < summaries; summary++) {
      let filled =
        this.words[(src + summary) | 0] &
        this.words[(dst + summary) | 0] &
        this.words[(chain + summary) | 0] &
        this.words[(nextChain + summary) | 0];
      for (let row = MANY_ROWS; row < rowCount; row++) filled &= this.words[(rows[row] + summary) | 0];
      while (filled !== 0) {
        const block = (summary << 5) + Math.clz32(filled);
        filled ^= 0x8000_0000 >>> block;
        const pair = (summaries + (block << 1)) | 0;
        let aggregate =
          this.words[(src + pair) | 0] &
          this.words[(dst + pair) | 0] &
          this.words[(chain + pair) | 0] &
          this.words[(nextChain + pair) | 0];
        for (let row = MANY_ROWS; row < rowCount; row++) aggregate &= this.words[(rows[row] + pair) | 0];
        if (aggregate === 0) continue;
        const blockPositions = (positions + (block << BLOCK_SHIFT)) | 0;
        if (this.words[blockPositions] >= best) return best;
        const srcBlock = this.blockOf(src, pair);
        const dstBlock = this.blockOf(dst, pair);
        const chainBlock = this.blockOf(chain, pair);
        const nextBlock = this.blockOf(nextChain, pair);
        for (let row = MANY_ROWS; row < rowCount; row++) blocks[row] = this.blockOf(rows[row], pair);
        do {
          const i = Math.clz32(aggregate);
          aggregate ^= 0x8000_0000 >>> i;
          const word = (blockPositions + (i << 5)) | 0;
          // Not before there is one: looking at each word's best position took a tenth of the time where few words keep
          // what they promise.
          if (best !== NO_POSITION && this.words[word] >= best) break;
          let rules =
            this.words[(srcBlock + i) | 0] &
            this.words[(dstBlock + i) | 0] &
            this.words[(chainBlock + i) | 0] &
            this.words[(nextBlock + i) | 0];
          for (let row = MANY_ROWS; row < rowCount && rules !== 0; row++)
            rules &= this.words[(blocks[row] + i) | 0];
          if (rules === 0) continue;
          const position = this.words[(word + Math.clz32(rules)) | 0];
          if (position < best) best = position;
        } while (aggregate !== 0);
      }
    }
    return best === NO_POSITION ? NO_MATCH : best;
  }

  private blockOf(row: number, pair: number): number {
    return this.blockCount === 1 ? row + BLOCK_IN_ROW : this.words[row + pair + 1];
  }
}
