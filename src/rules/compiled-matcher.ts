import type { Packet } from '../protocol/packet.js';
import type { CompiledMemory } from './compiled-memory.js';
import type { Matcher } from './matcher.js';
import * as layout from './matcher-layout.js';
import * as packetField from './packet-field.js';
import * as rowSearch from './row-search.js';
import { RowSearch } from './row-search.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  HEADER_DST4,
  HEADER_DST6,
  HEADER_SRC4,
  HEADER_SRC6,
  HEADER_STEP_COUNT,
  HEADER_STEPS,
  OFFSET_BITS,
  OFFSET_MASK,
  STEP_ENDS,
  STEP_FIELD,
  STEP_PAGES,
  STEP_TABLE,
  STEP_WORDS,
} = layout;

const { fieldOf } = packetField;
const { MANY_ROWS } = rowSearch;

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
export class CompiledMatcher extends RowSearch implements Matcher {
  /** Entries of the first level of the IPv4 maps, and how many bits of an address are below it. */
  private readonly src4: number;
  private readonly srcShift: number;
  private readonly dst4: number;
  private readonly dstShift: number;
  private readonly src6: number;
  private readonly dst6: number;
  private readonly steps: number;
  private readonly stepsEnd: number;

  constructor(memory: CompiledMemory) {
    super(memory);
    const { words } = this;
    this.src4 = words[HEADER_SRC4] & OFFSET_MASK;
    this.srcShift = 32 - (words[HEADER_SRC4] >> OFFSET_BITS);
    this.dst4 = words[HEADER_DST4] & OFFSET_MASK;
    this.dstShift = 32 - (words[HEADER_DST4] >> OFFSET_BITS);
    this.src6 = words[HEADER_SRC6];
    this.dst6 = words[HEADER_DST6];
    this.steps = words[HEADER_STEPS];
    this.stepsEnd = this.steps + words[HEADER_STEP_COUNT] * STEP_WORDS;
  }

  match(packet: Packet): number {
    // Reads that no branch on the packet decides come first, so that memory is waited for once for them all: the
    // service's, and of IPv4 both addresses' first level.
    let service = this.serviceOf(packet);
    let src = 0;
    let dst = 0;
    if (packet.ipVersion === 4) {
      const { srcShift, dstShift } = this;
      const srcEntry = this.words[(this.src4 + (packet.src0 >>> srcShift)) | 0];
      const dstEntry = this.words[(this.dst4 + (packet.dst0 >>> dstShift)) | 0];
      src = this.row4(srcEntry, packet.src0, srcShift);
      dst = this.row4(dstEntry, packet.dst0, dstShift);
    } else {
      src = this.row6(this.src6, packet.src0, packet.src1, packet.src2, packet.src3);
      dst = this.row6(this.dst6, packet.dst0, packet.dst1, packet.dst2, packet.dst3);
    }
    if (this.addressRows === 1) {
      src = this.words[(src + dst) | 0];
      dst = src;
    }
    if (this.stepsEnd !== this.steps) {
      const { rows } = this;
      rows[0] = src;
      rows[this.addressRows - 1] = dst;
      this.walkSteps(packet, service);
      if (rows.length >= MANY_ROWS) return this.firstOfMany();
      // Where there are but two, the first one is looked at twice.
      dst = rows[rows.length - 2];
      service = rows[rows.length - 1];
    }
    return this.firstOfThree === null
      ? this.firstOfBlock(src | 0, dst | 0, service | 0)
      : this.firstOfThree(src | 0, dst | 0, service | 0);
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
