import * as catalogue from '../counters/catalogue.js';
import { anomalyBit } from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';
import { LatencyHistogram } from '../counters/latency-histogram.js';
import type { BufferCache } from '../memory/buffer-cache.js';
import type { PacketPool } from '../memory/packet-pool.js';
import * as poolLayout from '../memory/pool-layout.js';
import * as packetModule from '../protocol/packet.js';
import { Packet } from '../protocol/packet.js';
import * as parser from '../protocol/parser.js';
import type { Matcher } from '../rules/matcher.js';
import * as matcherModule from '../rules/matcher.js';
import * as rule from '../rules/rule.js';
import type { RuleTable } from '../rules/rule-table.js';
import type { Transmitter } from '../tx/transmitter.js';
import * as transmitterModule from '../tx/transmitter.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  FIRST_MALFORMED_SLOT,
  FIRST_UNCLASSIFIED_SLOT,
  FIRST_UNMATCHED_SLOT,
  SLOT_BYTES,
  SLOT_CELLS,
  SLOT_LAST_MS,
  SLOT_PACKETS,
  WORKER_TOTALS,
} = catalogue;
const {
  DESCRIPTOR_FORM,
  DESCRIPTOR_INTERFACE,
  DESCRIPTOR_RX_US,
  DESCRIPTOR_WIRE_BYTES,
  FORM_CAPTURED_MASK,
  FORM_LINK_TYPE_MASK,
  FORM_LINK_TYPE_SHIFT,
  FORM_OVERSIZE_BIT,
  FRAME_OFFSET_BYTES,
} = poolLayout;
const { PARSED } = packetModule;
const { parseFrame } = parser;
const { NO_MATCH } = matcherModule;
const { ACTIONS } = rule;
const { OTHER_PORT } = transmitterModule;

const DROP = ACTIONS.indexOf('drop');
const FORWARD = ACTIONS.indexOf('forward');
const OVERSIZE = anomalyBit('oversize');

/** A generation of the rules, ready to judge with. */
export interface Judgement {
  readonly table: RuleTable;
  readonly matcher: Matcher;
}

/** What leaves although no rule says forward: nothing when watching, most of it through a bridge. */
export interface Passage {
  /** Packets that a rule only counts, and those that none matches. */
  readonly counted: boolean;
  readonly unclassified: boolean;
  readonly malformed: boolean;
}

export interface PacketJudgeDeps {
  readonly pool: PacketPool;
  readonly cache: BufferCache;
  readonly banks: CounterBanks;
  readonly transmitter: Transmitter;
  readonly passage: Passage;
}

/**
 * The life of a packet in a worker: parse, match, count, verdict, free. Used by the worker loop, on its
 * thread.
 *
 * Everything that a packet needs is a field of this one object and an integer or a typed array: what
 * hangs two objects deep is loaded again after every call, and a double that is passed to a function
 * which V8 does not inline is allocated.
 */
export class PacketJudge {
  private readonly frames: DataView;
  /** The same memory by words: descriptors are in front of their frames. */
  private readonly words: Int32Array;
  private readonly strideWords: number;
  private readonly cells: Float64Array;
  private readonly banks: CounterBanks;
  private readonly cache: BufferCache;
  private readonly transmitter: Transmitter;
  private readonly latency: LatencyHistogram;
  /** The passage by action and by outcome slot: 1 where the packet leaves by the other port. */
  private readonly leavesByAction: Uint8Array;
  private readonly leavesBySlot: Uint8Array;
  private readonly packet = new Packet();
  /**
   * Unix time that counts as the time of the packets of the next burst, milliseconds; set by the caller. A cell,
   * because a double that is a field or an argument may be allocated, once a burst.
   */
  readonly burstUnixMs = new Float64Array(1);
  /** Keeps what `fetchBurst` has read from being optimised away. */
  fetched = 0;
  private table: RuleTable;
  private matcher: Matcher;

  constructor(deps: PacketJudgeDeps, judgement: Judgement) {
    this.frames = deps.pool.view;
    this.words = deps.pool.words;
    this.strideWords = deps.pool.strideWords;
    this.cells = deps.banks.cells;
    this.banks = deps.banks;
    this.cache = deps.cache;
    this.transmitter = deps.transmitter;
    this.latency = new LatencyHistogram(deps.banks);
    const { counted, unclassified, malformed } = deps.passage;
    this.leavesByAction = Uint8Array.from(ACTIONS, (_, action) =>
      action === FORWARD || (counted && action !== DROP) ? 1 : 0,
    );
    this.leavesBySlot = new Uint8Array(FIRST_UNMATCHED_SLOT);
    this.leavesBySlot.fill(malformed ? 1 : 0, FIRST_MALFORMED_SLOT);
    this.leavesBySlot.fill(unclassified ? 1 : 0, FIRST_UNCLASSIFIED_SLOT);
    this.table = judgement.table;
    this.matcher = judgement.matcher;
  }

  /** Judges by another table from the next burst on. */
  useRules(judgement: Judgement): void {
    this.table = judgement.table;
    this.matcher = judgement.matcher;
  }

  /**
   * Parses, matches and counts a burst and carries out its verdicts; the buffers are still held after it.
   *
   * @param hand buffer indexes.
   * @param count how many.
   */
  judgeBurst(hand: Int32Array, count: number): void {
    this.fetchBurst(hand, count);
    // As locals, because V8 loads and checks a field again after every call in the loop: 3% of it all.
    const { words, frames, strideWords, cells, packet, table, matcher } = this;
    const firstSlotCell = this.banks.slots;
    for (let i = 0; i < count; i++) {
      const index = hand[i];
      const word = index * strideWords;
      const wireBytes = words[word + DESCRIPTOR_WIRE_BYTES];
      const form = words[word + DESCRIPTOR_FORM];
      packet.interfaceIndex = words[word + DESCRIPTOR_INTERFACE];
      let slot = parseFrame(
        frames,
        (word << 2) + FRAME_OFFSET_BYTES,
        form & FORM_CAPTURED_MASK,
        wireBytes,
        (form >>> FORM_LINK_TYPE_SHIFT) & FORM_LINK_TYPE_MASK,
        packet,
      );
      if (slot === PARSED) slot = this.carryOut(table, matcher.match(packet), index);
      else if (this.leavesBySlot[slot] !== 0) this.transmit(index, OTHER_PORT);
      if ((form & FORM_OVERSIZE_BIT) !== 0) packet.anomalies |= OVERSIZE;
      if (packet.anomalies !== 0) this.countAnomalies(packet.anomalies);
      const cell = firstSlotCell + slot * SLOT_CELLS;
      cells[cell + SLOT_BYTES] += wireBytes;
      cells[cell + SLOT_LAST_MS] = this.burstUnixMs[0];
      // Last, because this store is what makes the packet processed.
      cells[cell + SLOT_PACKETS] += 1;
    }
    this.transmitter.flush();
  }

  /**
   * Brings the first line of each buffer of the burst into this core's cache. Another core has written
   * them, and the parser would wait for one after the other; these reads do not depend on each other, so
   * the processor has many of them under way at once. JavaScript has no prefetch: a read whose result is
   * kept is the nearest thing.
   */
  private fetchBurst(hand: Int32Array, count: number): void {
    const { words, strideWords } = this;
    let seen = 0;
    for (let i = 0; i < count; i++) seen ^= words[hand[i] * strideWords];
    this.fetched = seen;
  }

  /**
   * Gives a burst's buffers back and notes how long its packets were under way.
   *
   * @param endUs monotonic clock, microseconds modulo 2^32.
   */
  releaseBurst(hand: Int32Array, count: number, endUs: number): void {
    const { cache, words, strideWords, latency } = this;
    let momentUs = words[hand[0] * strideWords + DESCRIPTOR_RX_US];
    let sameMoment = 0;
    for (let i = 0; i < count; i++) {
      const rxUs = words[hand[i] * strideWords + DESCRIPTOR_RX_US];
      if (rxUs !== momentUs) {
        latency.add((endUs - momentUs) | 0, sameMoment);
        momentUs = rxUs;
        sameMoment = 0;
      }
      sameMoment++;
    }
    cache.freeHand(hand, count);
    latency.add((endUs - momentUs) | 0, sameMoment);
  }

  /**
   * Carries out the verdict on a packet.
   *
   * @param position of the rule that matched, or `NO_MATCH`.
   * @returns the outcome slot.
   */
  private carryOut(table: RuleTable, position: number, index: number): number {
    if (position === NO_MATCH) {
      const { defaultAction } = table;
      if (this.leavesByAction[defaultAction] !== 0) this.transmit(index, OTHER_PORT);
      return FIRST_UNMATCHED_SLOT + defaultAction;
    }
    if (this.leavesByAction[table.action(position)] !== 0) this.transmit(index, table.outInterface(position));
    return table.slot(position);
  }

  private transmit(index: number, outInterface: number): void {
    this.cells[this.banks.totals + WORKER_TOTALS.transmitOrders] += 1;
    this.transmitter.queue(index, outInterface);
  }

  private countAnomalies(anomalies: number): void {
    const first = this.banks.totals + WORKER_TOTALS.firstAnomaly;
    for (let kind = 0; anomalies !== 0; kind++, anomalies >>>= 1) {
      if ((anomalies & 1) !== 0) this.cells[first + kind] += 1;
    }
  }
}
