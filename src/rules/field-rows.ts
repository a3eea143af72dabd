import type { Packet } from '../protocol/packet.js';
import type { CompiledMemory } from './compiled-memory.js';
import * as layout from './matcher-layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  HEADER_SERVICE,
  hashOfNetwork,
  LINK,
  MAP6_FIRST,
  MAP6_MASK,
  MAP6_NETWORKS,
  NETWORK_SET_WORDS,
  NETWORK_WORDS,
  PAGE_CODES,
  PAGE_SHIFT,
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

  /** @returns the offset of the row of an IPv4 address that the first level of the map has this entry for. */
  protected row4(entry: number, address: number): number {
    while (entry < 0) {
      const at = ~entry >> 1;
      if ((entry & 1) !== 0) {
        // A bucket: two comparisons without branches; all numbers are from 0 and below 2^31.
        const low = address & this.words[at];
        const half = 2 & ~((low - this.words[(at + 2) | 0]) >> 31);
        const quarter = 1 & ~((low - this.words[(at + 1 + half) | 0]) >> 31);
        return this.words[(at + 4 + half + quarter) | 0];
      }
      const bits = this.words[at];
      // A shift looks at the lowest five bits of its right side only.
      entry = this.words[(at + 1 + ((address >>> bits) & (bits >> 5))) | 0];
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
      if (entry >= LINK) entry = this.entryOf(entry - LINK, word1);
    }
    if (entry >= LINK) entry = this.entryOf(entry - LINK, word2);
    if (entry >= LINK) entry = this.entryOf(entry - LINK, word3);
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

  private entryOf(map: number, word: number): number {
    return this.row4(this.words[(map + 1 + (word >>> this.words[map])) | 0], word);
  }
}
