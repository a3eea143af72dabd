import type { Packet } from '../protocol/packet.js';
import type { Matcher } from './matcher.js';
import * as matcher from './matcher.js';
import * as layout from './matcher-layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { NO_MATCH } = matcher;
const {
  BLOCK_RULES,
  BLOCK_WORDS,
  FIELD_DSCP,
  FIELD_DST_PORT,
  FIELD_FRAGMENT,
  FIELD_ICMP_TYPE,
  FIELD_IN_INTERFACE,
  FIELD_PROTOCOL,
  FIELD_SRC_PORT,
  FIELD_TCP_FLAGS,
  FIELD_VLAN,
  HEADER_BLOCK_COUNT,
  HEADER_CHAIN_COUNT,
  HEADER_DST4,
  HEADER_DST6,
  HEADER_FIRSTS,
  HEADER_POSITIONS,
  HEADER_SRC4,
  HEADER_SRC6,
  HEADER_STEP_COUNT,
  HEADER_STEPS,
  NO_POSITION,
  PAGE_CODES,
  PAGE_SHIFT,
  STEP_ENDS,
  STEP_FIELD,
  STEP_PAGES,
  STEP_TABLE,
  STEP_WORDS,
} = layout;

/**
 * Looks a packet up in a compiled table: each field gives the row of the rules that it does not rule out,
 * and the rules that are in all rows match. Exact, and its time hardly depends on how many rules there are.
 *
 * An aggregated bit vector (Baboescu and Varghese, "Scalable Packet Classification", SIGCOMM 2001, after
 * Lakshman and Stiliadis, SIGCOMM 1998) with rules placed by what they look like, and with all fields but
 * the addresses joined to one row, where that is possible.
 */
export class CompiledMatcher implements Matcher {
  private readonly words: Int32Array;
  private readonly blockCount: number;
  private readonly positions: number;
  private readonly firsts: number;
  private readonly src4: number;
  private readonly dst4: number;
  private readonly src6: number;
  private readonly dst6: number;
  private readonly steps: number;
  private readonly stepsEnd: number;
  private readonly chainCount: number;
  /** Offsets of the rows of the packet in hand: those that the chains give. */
  private readonly chainRows: Int32Array;

  /** @param memory of matcher-layout.ts. */
  constructor(memory: SharedArrayBuffer) {
    const words = new Int32Array(memory);
    this.words = words;
    this.blockCount = words[HEADER_BLOCK_COUNT];
    this.positions = words[HEADER_POSITIONS];
    this.firsts = words[HEADER_FIRSTS];
    this.src4 = words[HEADER_SRC4];
    this.dst4 = words[HEADER_DST4];
    this.src6 = words[HEADER_SRC6];
    this.dst6 = words[HEADER_DST6];
    this.steps = words[HEADER_STEPS];
    this.stepsEnd = this.steps + words[HEADER_STEP_COUNT] * STEP_WORDS;
    this.chainCount = words[HEADER_CHAIN_COUNT];
    this.chainRows = new Int32Array(Math.max(this.chainCount, 1));
  }

  match(packet: Packet): number {
    const { words, chainRows, chainCount, positions, firsts } = this;
    let src = 0;
    let dst = 0;
    if (packet.ipVersion === 4) {
      src = this.row4(this.src4, packet.src0);
      dst = this.row4(this.dst4, packet.dst0);
    } else {
      src = this.row6(this.src6, packet.src0, packet.src1, packet.src2, packet.src3);
      dst = this.row6(this.dst6, packet.dst0, packet.dst1, packet.dst2, packet.dst3);
    }
    this.walkSteps(packet);
    // Without any chain the row of the source stands for it.
    const service = chainCount === 0 ? src : chainRows[0];
    let best = NO_POSITION;
    const end = this.blockCount;
    for (let block = 0; block < end; block++) {
      const pair = block << 1;
      let aggregate = words[src + pair] & words[dst + pair] & words[service + pair];
      for (let chain = 1; chain < chainCount; chain++) aggregate &= words[chainRows[chain] + pair];
      while (aggregate !== 0) {
        const i = Math.clz32(aggregate);
        aggregate ^= 0x8000_0000 >>> i;
        const word = block * BLOCK_WORDS + i;
        if (words[firsts + word] >= best) continue;
        let rules =
          words[words[src + pair + 1] + i] &
          words[words[dst + pair + 1] + i] &
          words[words[service + pair + 1] + i];
        for (let chain = 1; chain < chainCount; chain++)
          rules &= words[words[chainRows[chain] + pair + 1] + i];
        if (rules === 0) continue;
        const position = words[positions + block * BLOCK_RULES + (i << 5) + Math.clz32(rules)];
        if (position < best) best = position;
      }
    }
    return best === NO_POSITION ? NO_MATCH : best;
  }

  /** @returns the offset of the row of an IPv4 address. */
  private row4(map: number, address: number): number {
    const { words } = this;
    const shift = words[map];
    const entry = words[map + 1 + ((address >>> 16) >>> shift)];
    if (entry >= 0) return entry;
    const bucket = ~entry;
    const count = words[bucket];
    const low = address & 0xffff;
    let at = bucket + 1;
    // Without branches, because half of them would be guessed wrong; both numbers are far below 2^31.
    for (let length = count; length > 1; ) {
      const half = length >>> 1;
      at += half & ~((low - words[at + half]) >> 31);
      length -= half;
    }
    return words[at + count];
  }

  /** @returns the offset of the row of an IPv6 address. */
  private row6(map: number, word0: number, word1: number, word2: number, word3: number): number {
    const { words } = this;
    const count = words[map];
    const a = word0 ^ 0x8000_0000;
    const b = word1 ^ 0x8000_0000;
    const c = word2 ^ 0x8000_0000;
    const d = word3 ^ 0x8000_0000;
    let low = 0;
    let high = count;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      const at = map + 1 + (middle << 2);
      let isBelow = a < words[at];
      if (a === words[at]) {
        isBelow = b < words[at + 1];
        if (b === words[at + 1]) {
          isBelow = c < words[at + 2];
          if (c === words[at + 2]) isBelow = d < words[at + 3];
        }
      }
      if (isBelow) high = middle;
      else low = middle;
    }
    return words[map + 1 + (count << 2) + low];
  }

  private walkSteps(packet: Packet): void {
    const { words, chainRows, stepsEnd } = this;
    let chain = 0;
    let value = 0;
    for (let step = this.steps; step < stepsEnd; step += STEP_WORDS) {
      const code = fieldOf(packet, words[step + STEP_FIELD]) + 1;
      const entry =
        words[words[words[step + STEP_PAGES] + (code >>> PAGE_SHIFT)] + (code & (PAGE_CODES - 1))];
      const table = words[step + STEP_TABLE];
      value = table === 0 ? entry : words[table + value + entry];
      if (words[step + STEP_ENDS] !== 0) chainRows[chain++] = value;
    }
  }
}

function fieldOf(packet: Packet, field: number): number {
  switch (field) {
    case FIELD_PROTOCOL:
      return packet.protocol;
    case FIELD_DST_PORT:
      return packet.dstPort;
    case FIELD_SRC_PORT:
      return packet.srcPort;
    case FIELD_TCP_FLAGS:
      return packet.tcpFlags;
    case FIELD_ICMP_TYPE:
      return packet.icmpType;
    case FIELD_DSCP:
      return packet.dscp;
    case FIELD_FRAGMENT:
      return packet.isFragment;
    case FIELD_VLAN:
      return packet.vlan;
    case FIELD_IN_INTERFACE:
      return packet.interfaceIndex;
    default:
      return -1;
  }
}
