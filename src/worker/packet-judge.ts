import * as catalogue from '../counters/catalogue.js';
import { anomalyBit } from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';
import { LatencyHistogram } from '../counters/latency-histogram.js';
import * as layout from '../memory/layout.js';
import type { PacketPool } from '../memory/packet-pool.js';
import * as poolLayout from '../memory/pool-layout.js';
import * as fastPath from '../protocol/fast-path.js';
import * as linkType from '../protocol/link-type.js';
import * as packetModule from '../protocol/packet.js';
import { Packet } from '../protocol/packet.js';
import * as parser from '../protocol/parser.js';
import type { Matcher } from '../rules/matcher.js';
import type { RuleTable } from '../rules/rule-table.js';
import type { Transmitter } from '../tx/transmitter.js';
import * as transmitterModule from '../tx/transmitter.js';
import type { CaptureTap } from './capture-tap.js';
import type { Sampler } from './sampler.js';
import type { Passage } from './verdicts.js';
import * as verdictsModule from './verdicts.js';

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
  DESCRIPTOR_ZERO_BYTE,
  FORM_CAPTURED_MASK,
  FORM_LINK_TYPE_MASK,
  FORM_LINK_TYPE_SHIFT,
  FORM_OVERSIZE_BIT,
  FRAME_BYTE_MASK,
  FRAME_OFFSET_BYTES,
} = poolLayout;
const { INDEX_MASK, WORD_BYTES } = layout;
const { LINK_ETHERNET } = linkType;
const { PARSED } = packetModule;
const { parseAnyFrame } = parser;
const { parseCommonFrame } = fastPath;
const { VERDICT_LEAVES, VERDICT_OUT_INTERFACE, VERDICT_SLOT_SHIFT, verdictsOf, verdictWord } = verdictsModule;
const { OTHER_PORT } = transmitterModule;

const ETHERNET = LINK_ETHERNET << FORM_LINK_TYPE_SHIFT;
const LINK_TYPE = FORM_LINK_TYPE_MASK << FORM_LINK_TYPE_SHIFT;
const OVERSIZE = anomalyBit('oversize');

/** Offsets of the descriptor's words in a buffer, bytes. */
const WIRE_BYTES_OFFSET = DESCRIPTOR_WIRE_BYTES * WORD_BYTES;
const FORM_OFFSET = DESCRIPTOR_FORM * WORD_BYTES;
const RX_US_OFFSET = DESCRIPTOR_RX_US * WORD_BYTES;
const INTERFACE_OFFSET = DESCRIPTOR_INTERFACE * WORD_BYTES;

/** A generation of the rules, ready to judge with. */
export interface Judgement {
  readonly table: RuleTable;
  readonly matcher: Matcher;
}

export interface PacketJudgeDeps {
  readonly pool: PacketPool;
  readonly banks: CounterBanks;
  readonly transmitter: Transmitter;
  /** The word in which frames to be sent are counted: `PacketPool.ordersOf`. */
  readonly orders: Int32Array;
  readonly sampler: Sampler;
  readonly passage: Passage;
  readonly tap: CaptureTap;
}

/**
 * The life of a packet in a worker: parse, match, count, verdict. Used by the worker loop, on its
 * thread.
 *
 * Everything that a packet needs is a field of this one object and an integer or a typed array, and is read from the
 * field each time: V8 knows what a field holds, and checks a local of it anew in each turn of a loop. What hangs two
 * objects deep is loaded again after every call, and a double that is passed to a function which V8 does not inline is
 * allocated.
 */
export class PacketJudge {
  private readonly frames: DataView;
  private readonly strideBytes: number;
  private readonly cells: Float64Array;
  private readonly banks: CounterBanks;
  private readonly transmitter: Transmitter;
  private readonly orders: Int32Array;
  private readonly sampler: Sampler;
  private readonly latency: LatencyHistogram;
  private readonly tap: CaptureTap;
  /** The passage by outcome slot of what has no verdict: 1 where the packet leaves by the other port. */
  private readonly leavesBySlot: Uint8Array;
  private readonly packet = new Packet();
  /**
   * Unix time that counts as the time of the packets of the next burst, milliseconds; set by the caller. A cell,
   * because a double that is a field or an argument may be allocated, once a burst.
   */
  readonly burstUnixMs = new Float64Array(1);
  private readonly passage: Passage;
  private generation: number;
  private matcher: Matcher;
  private verdicts: Int32Array;

  constructor(deps: PacketJudgeDeps, judgement: Judgement) {
    this.frames = deps.pool.view;
    this.strideBytes = deps.pool.strideBytes;
    this.cells = deps.banks.cells;
    this.banks = deps.banks;
    this.transmitter = deps.transmitter;
    this.orders = deps.orders;
    this.sampler = deps.sampler;
    this.latency = new LatencyHistogram(deps.banks);
    this.tap = deps.tap;
    this.passage = deps.passage;
    const { unclassified, malformed } = deps.passage;
    this.leavesBySlot = new Uint8Array(FIRST_UNMATCHED_SLOT);
    this.leavesBySlot.fill(malformed ? 1 : 0, FIRST_MALFORMED_SLOT);
    this.leavesBySlot.fill(unclassified ? 1 : 0, FIRST_UNCLASSIFIED_SLOT);
    this.generation = judgement.table.generation;
    this.matcher = judgement.matcher;
    this.verdicts = verdictsOf(judgement.table, this.passage);
  }

  /** Judges by another table from the next burst on. */
  useRules(judgement: Judgement): void {
    this.generation = judgement.table.generation;
    this.matcher = judgement.matcher;
    this.verdicts = verdictsOf(judgement.table, this.passage);
  }

  /**
   * Parses, matches and counts a burst and carries out its verdicts; the buffers are still held after it.
   *
   * @param burst buffer indexes.
   * @param count how many.
   */
  judgeBurst(burst: Int32Array, count: number): void {
    this.fetchBurst(burst, count);
    const { sampler, tap, generation } = this;
    const strideBytes = this.strideBytes | 0;
    const firstSlotCell = this.banks.slots & INDEX_MASK;
    const unixMs = this.burstUnixMs[0];
    const isCapturing = tap.isOn() ? 1 : 0;
    sampler.beginBurst();
    let nextSample = sampler.next[0];
    for (let i = 0; i < count; i++) {
      const index = burst[i];
      const at = Math.imul(index, strideBytes) & FRAME_BYTE_MASK;
      const wireBytes = this.frames.getInt32(at + WIRE_BYTES_OFFSET, true);
      const form = this.frames.getInt32(at + FORM_OFFSET, true);
      this.packet.interfaceIndex = this.frames.getUint16(at + INTERFACE_OFFSET, true);
      const capturedBytes = form & FORM_CAPTURED_MASK;
      let slot = 0;
      // As `parseFrame`, in place. A wire length below what was captured, which is ignored there, makes the fast path
      // decline here.
      if (
        (form & LINK_TYPE) === ETHERNET &&
        parseCommonFrame(this.frames, at + FRAME_OFFSET_BYTES, capturedBytes, wireBytes, this.packet)
      ) {
        if ((form & FORM_OVERSIZE_BIT) !== 0) this.countAnomalies(OVERSIZE);
        slot = this.carryOut(index, this.matcher.match(this.packet));
      } else {
        slot = this.judgeUncommon(index, at, wireBytes, form);
      }
      if (i === nextSample) {
        sampler.take(i, this.packet, slot, wireBytes);
        nextSample = sampler.next[0];
      }
      const cell = firstSlotCell + (Math.imul(slot, SLOT_CELLS) & INDEX_MASK);
      this.cells[cell + SLOT_BYTES] += wireBytes;
      this.cells[cell + SLOT_LAST_MS] = unixMs;
      if (isCapturing !== 0) tap.offer(index, slot, generation);
      // Last, because this store is what makes the packet processed.
      this.cells[cell + SLOT_PACKETS] += 1;
    }
    sampler.endBurst(count);
    this.transmitter.flush();
  }

  /**
   * Makes the first line of each buffer of the burst this core's own. Another core has written them, and the parser
   * would wait for one after the other; these stores do not depend on each other, so the processor asks for many lines
   * at once. They write what is there: JavaScript has no prefetch, and this is the nearest thing. (Reads do it as well,
   * but then the line of a frame that is rewritten has to be asked for once more.)
   */
  private fetchBurst(burst: Int32Array, count: number): void {
    const strideBytes = this.strideBytes | 0;
    for (let i = 0; i < count; i++) {
      const at = Math.imul(burst[i], strideBytes) & FRAME_BYTE_MASK;
      this.frames.setInt16(at + DESCRIPTOR_ZERO_BYTE, 0, true);
    }
  }

  /**
   * Notes how long a burst's packets were under way.
   *
   * @param endUs monotonic clock, microseconds modulo 2^32.
   */
  noteLatencies(burst: Int32Array, count: number, endUs: number): void {
    // One rx thread has stamped them, and a ring keeps their order: where the first and the last are of one moment,
    // all of them are.
    const lastUs = this.rxUs(burst[count - 1]);
    if (this.rxUs(burst[0]) === lastUs) this.latency.add((endUs - lastUs) | 0, count);
    else this.addLatencies(burst, count, endUs);
  }

  /** The bucket is looked for once a moment. */
  private addLatencies(burst: Int32Array, count: number, endUs: number): void {
    let momentUs = this.rxUs(burst[0]);
    let sameMoment = 0;
    for (let i = 0; i < count; i++) {
      const rxUs = this.rxUs(burst[i]);
      if (rxUs !== momentUs) {
        this.latency.add((endUs - momentUs) | 0, sameMoment);
        momentUs = rxUs;
        sameMoment = 0;
      }
      sameMoment++;
    }
    this.latency.add((endUs - momentUs) | 0, sameMoment);
  }

  private rxUs(index: number): number {
    return this.frames.getInt32(
      (Math.imul(index, this.strideBytes | 0) & FRAME_BYTE_MASK) + RX_US_OFFSET,
      true,
    );
  }

  /**
   * The same for a frame that is not of the most frequent kind.
   *
   * @param at where its buffer begins in `frames`.
   * @returns its outcome slot.
   */
  private judgeUncommon(index: number, at: number, wireBytes: number, form: number): number {
    const { packet } = this;
    const capturedBytes = form & FORM_CAPTURED_MASK;
    let slot = parseAnyFrame(
      this.frames,
      at + FRAME_OFFSET_BYTES,
      capturedBytes,
      Math.max(wireBytes, capturedBytes),
      (form >>> FORM_LINK_TYPE_SHIFT) & FORM_LINK_TYPE_MASK,
      packet,
    );
    if (slot === PARSED) {
      slot = this.carryOut(index, this.matcher.match(packet));
    } else if (this.leavesBySlot[slot] !== 0) {
      this.transmit(index, OTHER_PORT);
    }
    if ((form & FORM_OVERSIZE_BIT) !== 0) packet.anomalies |= OVERSIZE;
    if (packet.anomalies !== 0) this.countAnomalies(packet.anomalies);
    return slot;
  }

  /**
   * Carries out the verdict on a packet.
   *
   * @param position of the rule that matched, or `NO_MATCH`.
   * @returns its outcome slot.
   */
  private carryOut(index: number, position: number): number {
    const at = verdictWord(position);
    const verdict = this.verdicts[at];
    if ((verdict & VERDICT_LEAVES) !== 0) this.transmit(index, this.verdicts[at + VERDICT_OUT_INTERFACE]);
    return verdict >> VERDICT_SLOT_SHIFT;
  }

  private transmit(index: number, outInterface: number): void {
    // An int32 and not a cell, which would be a double: 8% of a pipeline's rate where every frame is forwarded.
    this.orders[0] = (this.orders[0] + 1) | 0;
    this.transmitter.queue(index, outInterface);
  }

  private countAnomalies(anomalies: number): void {
    const first = this.banks.totals + WORKER_TOTALS.firstAnomaly;
    for (let kind = 0; anomalies !== 0; kind++, anomalies >>>= 1) {
      if ((anomalies & 1) !== 0) this.cells[first + kind] += 1;
    }
  }
}
