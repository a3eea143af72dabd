import {
  RECORD_FLOW,
  RECORD_INTERVAL,
  RECORD_SLOT,
  RECORD_WIRE_BYTES,
  RECORD_WORDS,
} from '../../ring/sample-ring-layout.js';
import { RECORD_KEYS, type RecordHash } from './record-keys.js';

/** Flows that a batch has room for: as many as ordinary traffic has among the samples of one drain. */
const FLOWS = 512;
/** A power of two, and so many more that a search ends soon. */
const PLACES = 2 * FLOWS;
/** Spreads outcome slots over the places (Fibonacci hashing: Knuth, volume 3, 6.4). */
const SLOT_FACTOR = 0x9e3779b1;
/** The end of a chain. */
export const NO_FLOW = -1;
/** How packets are weighed, by number. */
const PACKETS = 0;
const BYTES = 1;
const MEASURES = [PACKETS, BYTES] as const;

/**
 * The samples of one drain, those of the same outcome and the same flow put together.
 *
 * What follows, twelve summaries each of which looks for a key, costs far more than this, and it only adds: so it is
 * done once for a flow and not for each of its samples. Most samples of a drain are of the few flows that are heavy,
 * or nobody would ask for them. With 64 flows a sample takes stats 0.15 us instead of 0.55, with a thousand 0.8
 * instead of 0.95, with a million of the same weight 1.5 instead of 1.6.
 */
export class SampleBatch {
  /** Flows in it. */
  size = 0;
  /** By flow: the record of its first sample, `RECORD_WORDS` each. */
  readonly records = new Int32Array(FLOWS * RECORD_WORDS);
  /** By key, in the order of `RECORD_KEYS`, and by flow: its hash. */
  readonly hashes = RECORD_KEYS.map(() => new Int32Array(FLOWS));
  /** By flow. */
  readonly samples = new Int32Array(FLOWS);
  /** By measure (packets, bytes) and by flow: estimates from its samples, and their sampling variances. */
  readonly amounts = MEASURES.map(() => new Float64Array(FLOWS));
  readonly variances = MEASURES.map(() => new Float64Array(FLOWS));
  /** By outcome slot: the last flow that came in, and by flow the one of the same slot before it, or `NO_FLOW`. */
  readonly lastOfSlot = new Map<number, number>();
  readonly before = new Int32Array(FLOWS);
  /** Open addressing: flows by the hash of their key and their slot, or `NO_FLOW`. */
  private readonly places = new Int32Array(PLACES).fill(NO_FLOW);

  constructor(private readonly hash: RecordHash) {}

  get isFull(): boolean {
    return this.size === FLOWS;
  }

  /** Counts a sample: a record of sample-ring-layout.ts. The caller has checked that the batch is not full. */
  add(words: Int32Array, word: number): void {
    const flow = this.find(words, word, this.hash.of(words, word, 0));
    const packets = words[word + RECORD_INTERVAL];
    const wireBytes = words[word + RECORD_WIRE_BYTES];
    // Horvitz and Thompson: of what was taken with probability 1 / n, n, with a variance of n * (n - 1).
    const variance = packets * (packets - 1);
    this.samples[flow] += 1;
    this.amounts[PACKETS][flow] += packets;
    this.amounts[BYTES][flow] += packets * wireBytes;
    this.variances[PACKETS][flow] += variance;
    this.variances[BYTES][flow] += variance * wireBytes * wireBytes;
  }

  /** Packets of a chain of flows: an estimate. */
  packetsOf(last: number): number {
    let packets = 0;
    for (let flow = last; flow !== NO_FLOW; flow = this.before[flow]) packets += this.amounts[PACKETS][flow];
    return packets;
  }

  clear(): void {
    if (this.size === 0) return;
    this.size = 0;
    this.places.fill(NO_FLOW);
    this.lastOfSlot.clear();
  }

  /** The flow of a sample: a new one where there was none. */
  private find(words: Int32Array, word: number, hash: number): number {
    const { places } = this;
    const hashes = this.hashes[0];
    let place = (hash ^ Math.imul(words[word + RECORD_SLOT], SLOT_FACTOR)) & (PLACES - 1);
    for (;;) {
      const flow = places[place];
      if (flow === NO_FLOW) return this.begin(place, words, word, hash);
      if (hashes[flow] === hash && this.isSame(flow, words, word)) return flow;
      place = (place + 1) & (PLACES - 1);
    }
  }

  private isSame(flow: number, words: Int32Array, word: number): boolean {
    const { records } = this;
    const own = flow * RECORD_WORDS;
    if (records[own + RECORD_SLOT] !== words[word + RECORD_SLOT]) return false;
    for (let i = RECORD_FLOW; i < RECORD_WORDS; i++) {
      if (records[own + i] !== words[word + i]) return false;
    }
    return true;
  }

  private begin(place: number, words: Int32Array, word: number, hash: number): number {
    const { records, hashes, lastOfSlot } = this;
    const flow = this.size++;
    this.places[place] = flow;
    for (let i = 0; i < RECORD_WORDS; i++) records[flow * RECORD_WORDS + i] = words[word + i];
    hashes[0][flow] = hash;
    for (let key = 1; key < hashes.length; key++) hashes[key][flow] = this.hash.of(words, word, key);
    const slot = words[word + RECORD_SLOT];
    this.before[flow] = lastOfSlot.get(slot) ?? NO_FLOW;
    lastOfSlot.set(slot, flow);
    this.samples[flow] = 0;
    for (const measure of MEASURES) {
      this.amounts[measure][flow] = 0;
      this.variances[measure][flow] = 0;
    }
    return flow;
  }
}
