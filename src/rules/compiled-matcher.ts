import type { Packet } from '../protocol/packet.js';
import { FieldRows } from './field-rows.js';
import type { Matcher } from './matcher.js';
import * as matcher from './matcher.js';
import * as layout from './matcher-layout.js';
import * as packetField from './packet-field.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { NO_MATCH } = matcher;
const {
  BLOCK_IN_ROW,
  BLOCK_SHIFT,
  HEADER_ADDRESS_ROWS,
  HEADER_BLOCK_COUNT,
  HEADER_CHAIN_COUNT,
  HEADER_DST4,
  HEADER_DST6,
  HEADER_POSITIONS,
  HEADER_SRC4,
  HEADER_SRC6,
  HEADER_STEP_COUNT,
  HEADER_STEPS,
  NO_POSITION,
  STEP_ENDS,
  STEP_FIELD,
  STEP_PAGES,
  STEP_TABLE,
  STEP_WORDS,
  summaryWords,
} = layout;

const { fieldOf } = packetField;

/** Rows of a packet that are held in locals from one block to the next: three where there are not many of them, or four. */
const FEW_ROWS = 3;
const MANY_ROWS = FEW_ROWS + 1;

/**
 * Looks a packet up in a compiled table: each field gives the row of the rules that it does not rule out,
 * and the rules that are in all rows match. Exact, and its time hardly depends on how many rules there are.
 *
 * An aggregated bit vector (Baboescu and Varghese, "Scalable Packet Classification", SIGCOMM 2001, after
 * Lakshman and Stiliadis, SIGCOMM 1998) with rules placed by what they look like, and with all fields but
 * the addresses joined to one row, where that is possible; and both addresses too, where they have few classes.
 *
 * Sums that are indexes end in `| 0`: V8 then adds them as int32, and checks no overflow; what `>>>` gives
 * it would otherwise add as doubles. A look-up took 25 ns less.
 */
export class CompiledMatcher extends FieldRows implements Matcher {
  private readonly positions: number;
  private readonly blockCount: number;
  /** Words at the beginning of each row that say which of its blocks are not empty. */
  private readonly summaries: number;
  /** Entries of the first level of the IPv4 maps, and how many bits of an address are below it. */
  private readonly src4: number;
  private readonly srcShift: number;
  private readonly dst4: number;
  private readonly dstShift: number;
  private readonly src6: number;
  private readonly dst6: number;
  private readonly steps: number;
  private readonly stepsEnd: number;
  /** How many rows of a packet come before those of its chains: source and destination, or both in one. */
  private readonly addressRows: number;
  /** Of the packet in hand: the offsets of its rows (addresses, chains) and of their blocks. */
  private readonly rows: Int32Array;
  private readonly blocks: Int32Array;

  /** @param memory of matcher-layout.ts. */
  constructor(memory: SharedArrayBuffer) {
    super(memory);
    const { words } = this;
    this.blockCount = words[HEADER_BLOCK_COUNT];
    this.summaries = summaryWords(this.blockCount);
    this.positions = words[HEADER_POSITIONS];
    this.src4 = words[HEADER_SRC4] + 1;
    this.srcShift = words[this.src4 - 1];
    this.dst4 = words[HEADER_DST4] + 1;
    this.dstShift = words[this.dst4 - 1];
    this.src6 = words[HEADER_SRC6];
    this.dst6 = words[HEADER_DST6];
    this.steps = words[HEADER_STEPS];
    this.stepsEnd = this.steps + words[HEADER_STEP_COUNT] * STEP_WORDS;
    this.addressRows = words[HEADER_ADDRESS_ROWS];
    this.rows = new Int32Array(this.addressRows + words[HEADER_CHAIN_COUNT]);
    this.blocks = new Int32Array(this.rows.length);
  }

  match(packet: Packet): number {
    let src = 0;
    let dst = 0;
    if (packet.ipVersion === 4) {
      src = this.row4(this.words[(this.src4 + (packet.src0 >>> this.srcShift)) | 0], packet.src0);
      dst = this.row4(this.words[(this.dst4 + (packet.dst0 >>> this.dstShift)) | 0], packet.dst0);
    } else {
      src = this.row6(this.src6, packet.src0, packet.src1, packet.src2, packet.src3);
      dst = this.row6(this.dst6, packet.dst0, packet.dst1, packet.dst2, packet.dst3);
    }
    let service = this.serviceOf(packet);
    if (this.addressRows === 1) {
      src = this.words[(src + dst) | 0];
      dst = src;
    }
    if (this.stepsEnd !== this.steps) {
      const { rows } = this;
      rows[0] = src;
      rows[this.addressRows - 1] = dst;
      this.walkSteps(packet, service);
      if (rows.length > FEW_ROWS) return this.firstOfMany();
      // Where there are but two, the first one is looked at twice.
      dst = rows[rows.length - 2];
      service = rows[rows.length - 1];
    }
    if (this.blockCount === 1) return this.firstOfBlock(src | 0, dst | 0, service | 0);
    return this.addressRows === 1
      ? this.firstOfPair(src | 0, dst | 0, service | 0)
      : this.first(src | 0, dst | 0, service | 0);
  }

  /**
   * Like `first`, for a table of one block, whose words stand in their row: without the way over their
   * offsets a look-up takes a quarter less time. A word without a rule is passed over by a branch here: the
   * words are in the first cache, and a wrong guess is known at once.
   */
  private firstOfBlock(src: number, dst: number, service: number): number {
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
  private first(src: number, dst: number, service: number): number {
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
  private firstOfPair(row0: number, row1: number, row2: number): number {
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
          if (best !== NO_POSITION && this.words[(blockPositions + (i << 5)) | 0] >= best) break;
          aggregate ^= 0x8000_0000 >>> i;
          let rules = this.inAll(block0 + i, block1 + i, block2 + i);
          // Up to four words a turn, because V8 loads and checks in each turn anew what a field holds: 235 ns became 203.
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

  /** @returns the rules that are in all three words. */
  private inAll(word0: number, word1: number, word2: number): number {
    return this.words[word0 | 0] & this.words[word1 | 0] & this.words[word2 | 0];
  }

  /**
   * Like `first`, where the other fields have given more rows than one: at least four, all of them in `rows`. The
   * first four are held in locals.
   */
  private firstOfMany(): number {
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

  /** Fills `rows` from the chains. `service`: the class that the first chain has come to, or its row. */
  private walkSteps(packet: Packet, service: number): void {
    const { words, rows, stepsEnd } = this;
    let row = this.addressRows;
    let value = service;
    if (words[this.steps + STEP_TABLE] === 0) rows[row++] = value;
    for (let step = this.steps; step < stepsEnd; step += STEP_WORDS) {
      const entry = this.codeOf(words[step + STEP_PAGES], fieldOf(packet, words[step + STEP_FIELD]));
      const table = words[step + STEP_TABLE];
      value = table === 0 ? entry : words[table + value + entry];
      if (words[step + STEP_ENDS] !== 0) rows[row++] = value;
    }
  }
}
