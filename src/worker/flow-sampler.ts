import * as catalogue from '../counters/catalogue.js';
import type { Packet } from '../protocol/packet.js';
import * as layoutModule from '../ring/sample-ring-layout.js';
import { SampleRingLayout, type SampleRingMemory } from '../ring/sample-ring-layout.js';
import type { Sampler } from './sampler.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { FIRST_UNMATCHED_SLOT } = catalogue;
const {
  INTERVAL_MAX,
  LOSS_BYTES,
  LOSS_BYTES_VARIANCE,
  LOSS_CELLS,
  LOSS_PACKETS,
  LOSS_PACKETS_VARIANCE,
  LOSS_SAMPLES,
  RECORD_DESTINATION,
  RECORD_FLOW,
  RECORD_INTERVAL,
  RECORD_LOSS,
  RECORD_LOSS_CELL,
  RECORD_SLOT,
  RECORD_SOURCE,
  RECORD_WIRE_BYTES,
  RECORD_WORDS,
} = layoutModule;

/** Each eighth of the ring that is used beyond its half makes the interval so many times longer. */
const BRAKE = 16;
const BRAKE_STEPS = 4;
const WORDS_A_CELL = 2;

/**
 * Samples the packets that a worker has judged, and hands the samples to stats. Used by the worker, on its thread.
 *
 * The gaps to the next sample are random with a geometric distribution, so that each packet is taken with
 * probability 1 / interval whatever the others are (no rhythm of the traffic can hide from it), and so that a gap can
 * be drawn anew at any time: it has no memory. Each sample carries the interval that it was taken at: the sum of
 * these over a flow's samples is an unbiased estimate of its packets (Horvitz and Thompson, 1952), and the sum of
 * interval * (interval - 1) one of the estimate's variance, however the interval changes on the way.
 *
 * Stats sets the interval by the rate that it sees, twice a second. Until it does, a ring that fills makes the
 * interval longer: from 1, a whole ring of the engine's lasts for 36 million packets. Only a ring that is full
 * loses a sample; what it stood for is told before the next one.
 *
 * Whatever a worker dies at, a record is there as a whole or not at all, since the write cursor commits it. The sample
 * that it died over is gone; losses that it was just telling are told twice rather than not.
 */
export class FlowSampler implements Sampler {
  private readonly words: Int32Array;
  private readonly cells: Float64Array;
  private readonly layout: SampleRingLayout;
  private readonly intervalWord: number;
  private readonly half: number;
  private write: number;
  private cachedRead: number;
  /** As stats has set it, and as it is on the brake. */
  private wanted = 0;
  private interval = 0;
  readonly next = new Int32Array(1);
  private random: number;
  /** 1 / ln(1 - 1 / interval): a cell, because a field of doubles is allocated at each change. */
  private readonly scale = new Float64Array(1);

  /** @param seed of the gaps; any int32. */
  constructor(memory: SampleRingMemory, seed: number) {
    this.layout = new SampleRingLayout(memory.slots);
    this.words = new Int32Array(memory.buffer);
    this.cells = new Float64Array(memory.buffer);
    this.intervalWord = this.layout.intervalWord;
    this.half = memory.slots / 2;
    this.write = Atomics.load(this.words, this.layout.writeCursorWord);
    this.cachedRead = Atomics.load(this.words, this.layout.readCursorWord);
    // Xorshift stands still at 0.
    this.random = seed === 0 ? 1 : seed | 0;
    for (let round = 0; round < 8; round++) this.nextRandom();
  }

  beginBurst(): void {
    // Read plainly, once a burst: to see another interval a burst later is no harm.
    this.wanted = this.words[this.intervalWord];
    const { interval } = this;
    // On the brake they differ: a gap from then must not outlast it.
    if (this.wanted !== interval) {
      this.setInterval();
      if (this.interval !== interval) this.next[0] = this.gap() - 1;
    }
  }

  take(position: number, packet: Packet, slot: number, wireBytes: number): void {
    if (slot >= FIRST_UNMATCHED_SLOT) this.put(packet, slot, wireBytes);
    this.setInterval();
    this.next[0] = position + this.gap();
  }

  endBurst(count: number): void {
    this.next[0] -= count;
  }

  /** Packets from one sample to the next, from 1. */
  private gap(): number {
    if (this.interval === 1) return 1;
    const fraction = (this.nextRandom() >>> 0) / 0x1_0000_0000;
    return 1 + ((Math.log(fraction) * this.scale[0]) | 0);
  }

  /** Xorshift (Marsaglia, 2003): never 0. */
  private nextRandom(): number {
    let x = this.random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.random = x;
    return x;
  }

  /** The interval from here on: what is wanted, or more where the ring fills. */
  private setInterval(): void {
    const { half, wanted } = this;
    let interval = wanted;
    if (this.used() > half) {
      const over = this.look() - half;
      if (over > 0) {
        const step = 1 + Math.min((over * BRAKE_STEPS) / half, BRAKE_STEPS - 1);
        for (let eighth = 1; eighth <= step; eighth++) interval = Math.min(interval * BRAKE, INTERVAL_MAX);
      }
    }
    if (interval === this.interval) return;
    this.interval = interval;
    this.scale[0] = 1 / Math.log1p(-1 / interval);
  }

  /** Records in the ring, at most. */
  private used(): number {
    return (this.write - this.cachedRead) | 0;
  }

  /** Records in the ring now. */
  private look(): number {
    this.cachedRead = Atomics.load(this.words, this.layout.readCursorWord);
    return this.used();
  }

  private put(packet: Packet, slot: number, wireBytes: number): void {
    const { words, cells, layout } = this;
    if (cells[layout.lossCell + LOSS_SAMPLES] > 0 && layout.slots - this.look() > 1) this.tellLoss();
    if (this.used() === layout.slots && this.look() === layout.slots) {
      this.lose(wireBytes);
      return;
    }
    const word = layout.recordsWord + (this.write & layout.slotMask) * RECORD_WORDS;
    words[word + RECORD_SLOT] = slot;
    words[word + RECORD_INTERVAL] = this.interval;
    words[word + RECORD_WIRE_BYTES] = wireBytes;
    words[word + RECORD_FLOW] = packet.protocol;
    words[word + RECORD_FLOW + 1] = packet.srcPort;
    words[word + RECORD_FLOW + 2] = packet.dstPort;
    const isIpv6 = packet.ipVersion === 6;
    words[word + RECORD_SOURCE] = packet.ipVersion;
    words[word + RECORD_SOURCE + 1] = packet.src0;
    // Of an IPv4 packet, the other words are an earlier packet's.
    words[word + RECORD_SOURCE + 2] = isIpv6 ? packet.src1 : 0;
    words[word + RECORD_SOURCE + 3] = isIpv6 ? packet.src2 : 0;
    words[word + RECORD_SOURCE + 4] = isIpv6 ? packet.src3 : 0;
    words[word + RECORD_DESTINATION] = packet.ipVersion;
    words[word + RECORD_DESTINATION + 1] = packet.dst0;
    words[word + RECORD_DESTINATION + 2] = isIpv6 ? packet.dst1 : 0;
    words[word + RECORD_DESTINATION + 3] = isIpv6 ? packet.dst2 : 0;
    words[word + RECORD_DESTINATION + 4] = isIpv6 ? packet.dst3 : 0;
    this.commit();
  }

  /** Record first, cursor second: whoever sees the cursor sees the record. */
  private commit(): void {
    this.write = (this.write + 1) | 0;
    Atomics.store(this.words, this.layout.writeCursorWord, this.write);
  }

  private lose(wireBytes: number): void {
    const { cells, interval } = this;
    const { lossCell } = this.layout;
    const variance = interval * (interval - 1);
    cells[lossCell + LOSS_PACKETS] += interval;
    cells[lossCell + LOSS_BYTES] += interval * wireBytes;
    cells[lossCell + LOSS_PACKETS_VARIANCE] += variance;
    cells[lossCell + LOSS_BYTES_VARIANCE] += variance * wireBytes * wireBytes;
    cells[lossCell + LOSS_SAMPLES] += 1;
  }

  private tellLoss(): void {
    const { words, cells, layout } = this;
    const word = layout.recordsWord + (this.write & layout.slotMask) * RECORD_WORDS;
    const cell = word / WORDS_A_CELL + RECORD_LOSS_CELL;
    words[word + RECORD_SLOT] = RECORD_LOSS;
    for (let i = 0; i < LOSS_CELLS; i++) cells[cell + i] = cells[layout.lossCell + i];
    this.commit();
    for (let i = 0; i < LOSS_CELLS; i++) cells[layout.lossCell + i] = 0;
  }
}
