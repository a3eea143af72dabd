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
 * costs the others.
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

  /** @param memory of matcher-layout.ts. */
  constructor(memory: SharedArrayBuffer) {
    super(memory);
    const { words } = this;
    this.blockCount = words[HEADER_BLOCK_COUNT];
    this.summaries = summaryWords(this.blockCount);
    this.positions = words[HEADER_POSITIONS];
    this.addressRows = words[HEADER_ADDRESS_ROWS];
    this.rows = new Int32Array(this.addressRows + words[HEADER_CHAIN_COUNT]);
    this.blocks = new Int32Array(this.rows.length);
  }

  /**
   * Like `first`, for a table of one block, whose words stand in their row: without the way over their
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

  /** @returns the first position in three rows, or `NO_MATCH`. */
  protected first(src: number, dst: number, service: number): number {
    const positions = this.positions | 0;
    const summaries = this.summaries | 0;
    let best = NO_POSITION;
    for (let summary = 0; summary < summaries; summary++) {
      let blocks =
        this.words[(src + summary) | 0] &
        this.words[(dst + summary) | 0] &
        this.words[(service + summary) | 0];
      while (blocks !== 0) {
        const block = Math.clz32(blocks);
        blocks ^= 0x8000_0000 >>> block;
        const pair = (summaries + (((summary << 5) + block) << 1)) | 0;
        let aggregate =
          this.words[(src + pair) | 0] & this.words[(dst + pair) | 0] & this.words[(service + pair) | 0];
        if (aggregate === 0) continue;
        const blockPositions = (positions + (((summary << 5) + block) << BLOCK_SHIFT)) | 0;
        if (this.words[blockPositions] >= best) return best;
        const srcBlock = this.words[(src + pair + 1) | 0];
        const dstBlock = this.words[(dst + pair + 1) | 0];
        const serviceBlock = this.words[(service + pair + 1) | 0];
        do {
          const i = Math.clz32(aggregate);
          aggregate ^= 0x8000_0000 >>> i;
          const word = (blockPositions + (i << 5)) | 0;
          if (this.words[word] >= best) break;
          const rules =
            this.words[(srcBlock + i) | 0] &
            this.words[(dstBlock + i) | 0] &
            this.words[(serviceBlock + i) | 0];
          // Without branches, because half of them would be guessed wrong, and late, when the words have come:
          // no rule gives a position above all, and the lower one of two is taken by the sign of their difference.
          const position = this.words[(word + Math.clz32(rules)) | 0] | (~((rules | -rules) >> 31) >>> 1);
          const lead = (position - best) | 0;
          best = (best + (lead & (lead >> 31))) | 0;
        } while (aggregate !== 0);
      }
    }
    return best === NO_POSITION ? NO_MATCH : best;
  }

  /**
   * Like `first`, for tables whose addresses are looked up in pairs: few words keep what they promise there, so that a
   * word without a rule is passed over by a branch. Rules that list a sixth of five fields took a fifth less time.
   */
  protected firstOfPair(row0: number, row1: number, row2: number): number {
    const positions = this.positions | 0;
    const summaries = this.summaries | 0;
    let best = NO_POSITION;
    for (let summary = 0; summary < summaries; summary++) {
      let blocks =
        this.words[(row0 + summary) | 0] &
        this.words[(row1 + summary) | 0] &
        this.words[(row2 + summary) | 0];
      while (blocks !== 0) {
        const block = Math.clz32(blocks);
        blocks ^= 0x8000_0000 >>> block;
        const pair = (summaries + (((summary << 5) + block) << 1)) | 0;
        let aggregate =
          this.words[(row0 + pair) | 0] & this.words[(row1 + pair) | 0] & this.words[(row2 + pair) | 0];
        if (aggregate === 0) continue;
        const blockPositions = (positions + (((summary << 5) + block) << BLOCK_SHIFT)) | 0;
        if (this.words[blockPositions] >= best) return best;
        const block0 = this.words[(row0 + pair + 1) | 0];
        const block1 = this.words[(row1 + pair + 1) | 0];
        const block2 = this.words[(row2 + pair + 1) | 0];
        do {
          let i = Math.clz32(aggregate);
          // Of the first word of a turn only: those behind it cannot give a lower position than `best` either.
          if (best !== NO_POSITION && this.words[(blockPositions + (i << 5)) | 0] >= best) break;
          aggregate ^= 0x8000_0000 >>> i;
          let rules = this.inAll(block0 + i, block1 + i, block2 + i);
          // Up to four words a turn, because V8 loads and checks in each turn anew what a field holds: 235 ns became 205
          // (three words 209, eight 201; the four behind one another instead of within 4 more).
          if (rules === 0 && aggregate !== 0) {
            i = Math.clz32(aggregate);
            aggregate ^= 0x8000_0000 >>> i;
            rules = this.inAll(block0 + i, block1 + i, block2 + i);
            if (rules === 0 && aggregate !== 0) {
              i = Math.clz32(aggregate);
              aggregate ^= 0x8000_0000 >>> i;
              rules = this.inAll(block0 + i, block1 + i, block2 + i);
              if (rules === 0 && aggregate !== 0) {
                i = Math.clz32(aggregate);
                aggregate ^= 0x8000_0000 >>> i;
                rules = this.inAll(block0 + i, block1 + i, block2 + i);
              }
            }
          }
          if (rules === 0) continue;
          const position = this.words[(blockPositions + (i << 5) + Math.clz32(rules)) | 0];
          if (position < best) best = position;
        } while (aggregate !== 0);
      }
    }
    return best === NO_POSITION ? NO_MATCH : best;
  }

  /** @returns the rules that are in the words at all three offsets. */
  private inAll(at0: number, at1: number, at2: number): number {
    return this.words[at0 | 0] & this.words[at1 | 0] & this.words[at2 | 0];
  }

  /**
   * Like `first`, where the other fields have given more rows than one: at least four, all of them in `rows`. The
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
