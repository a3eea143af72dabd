import type { Packet } from '../protocol/packet.js';
import type { CompiledMemory } from './compiled-memory.js';
import * as layout from './matcher-layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  BUCKET,
  HEADER_SERVICE,
  hashOfNetwork,
  LOWER_MASK,
  LOWER_SHIFT,
  MAP6_FIRST,
  MAP6_MASK,
  MAP6_NETWORKS,
  NETWORK_SET_WORDS,
  NETWORK_WORDS,
  OFFSET_BITS,
  OFFSET_MASK,
  PAGE_CODES,
  PAGE_SHIFT,
  REFERENCE_MIN,
  STEP_PAGES,
  STEP_TABLE,
  STEP_WORDS,
} = layout;

/** Looks up what one field's value comes to in a compiled table: the rows that `CompiledMatcher` intersects. */
export class FieldRows {
  protected readonly words: Int32Array;
  /** The service: the page of protocols, the pages of the ports, and what they come to. */
  private readonly protocols: number;
  private readonly dstPorts: number;
  private readonly dstPortTable: number;
  private readonly srcPorts: number;
  private readonly srcPortTable: number;

  constructor(memory: CompiledMemory) {
    const words = new Int32Array(memory.buffer);
    this.words = words;
    const service = words[HEADER_SERVICE];
    this.protocols = words[service + STEP_PAGES];
    this.dstPorts = words[service + STEP_WORDS + STEP_PAGES];
    this.dstPortTable = words[service + STEP_WORDS + STEP_TABLE];
    this.srcPorts = words[service + 2 * STEP_WORDS + STEP_PAGES];
    this.srcPortTable = words[service + 2 * STEP_WORDS + STEP_TABLE];
  }

  /** @returns what protocol and ports come to: a row, or the class that the steps of its chain go on from. */
  protected serviceOf(packet: Packet): number {
    let service = this.words[(this.protocols + packet.protocol) | 0];
    service = this.words[(this.dstPortTable + service + this.codeOf(this.dstPorts, packet.dstPort)) | 0];
    if (this.srcPorts !== 0) {
      service = this.words[(this.srcPortTable + service + this.codeOf(this.srcPorts, packet.srcPort)) | 0];
    }
    return service;
  }

  /** @returns the class of a port in the pages of its field. */
  protected codeOf(pages: number, port: number): number {
    const code = (port + 1) | 0;
    return this.words[(this.words[(pages + (code >> PAGE_SHIFT)) | 0] + (code & (PAGE_CODES - 1))) | 0];
  }

  /**
   * What a table says of a node it says where it refers to it: each line that had to be read first would be another wait
   * for memory, one after the other.
   *
   * @param entry of the address at the map's first level.
   * @param width bits of the address that this level has not looked at, from 1 to 31.
   * @returns the offset of the address's row, or a reference to the map of the next word.
   */
  protected row4(entry: number, address: number, width: number): number {
    while (entry < 0) {
      const at = ~entry >> LOWER_SHIFT;
      const shift = ~entry & LOWER_MASK;
      if (shift === BUCKET) {
        // A bucket: two comparisons without branches; all numbers are from 0 and below 2^31.
        const low = address & this.words[at];
        const half = 2 & ~((low - this.words[(at + 2) | 0]) >> 31);
        const quarter = 1 & ~((low - this.words[(at + 1 + half) | 0]) >> 31);
        return this.words[(at + 4 + half + quarter) | 0];
      }
      // The left shift drops the bits that the levels above have looked at, the right one those below this node: a
      // shift counts modulo 32.
      entry = this.words[(at + ((address << -width) >>> (shift - width))) | 0];
      width = shift;
    }
    return entry;
  }

  /**
   * @returns the offset of the row of an IPv6 address. Where its network, the first two words, is a known one, two
   * maps are passed over that rules of many lengths make deep.
   */
  protected row6(map: number, word0: number, word1: number, word2: number, word3: number): number {
    let entry = this.entryOfNetwork(map, word0, word1);
    if (entry === 0) {
      entry = this.entryOf(this.words[(map + MAP6_FIRST) | 0], word0);
      if (entry >= REFERENCE_MIN) entry = this.entryOf(entry, word1);
    }
    if (entry >= REFERENCE_MIN) entry = this.entryOf(entry, word2);
    if (entry >= REFERENCE_MIN) entry = this.entryOf(entry, word3);
    return entry;
  }

  /** @returns what the first two words of an address come to; 0 where the table of networks does not have them. */
  private entryOfNetwork(map: number, word0: number, word1: number): number {
    const set = hashOfNetwork(word0, word1) & this.words[(map + MAP6_MASK) | 0];
    let at = (this.words[(map + MAP6_NETWORKS) | 0] + Math.imul(set, NETWORK_SET_WORDS)) | 0;
    if (this.words[at] !== word0 || this.words[(at + 1) | 0] !== word1) {
      at = (at + NETWORK_WORDS) | 0;
      if (this.words[at] !== word0 || this.words[(at + 1) | 0] !== word1) return 0;
    }
    return this.words[(at + 2) | 0];
  }

  /** @param reference to a map4. */
  private entryOf(reference: number, word: number): number {
    const width = 32 - (reference >> OFFSET_BITS);
    return this.row4(this.words[((reference & OFFSET_MASK) + (word >>> width)) | 0], word, width);
  }
}
