import * as layout from './matcher-layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  hashOfNetwork,
  LINK,
  MAP6_FIRST,
  MAP6_MASK,
  MAP6_NETWORKS,
  NETWORK_SET_WORDS,
  NETWORK_WORDS,
  PAGE_CODES,
  PAGE_SHIFT,
} = layout;

/** Looks up what one field's value comes to in a compiled table: the rows that `CompiledMatcher` intersects. */
export class FieldRows {
  /** @param words of matcher-layout.ts. */
  constructor(protected readonly words: Int32Array) {}

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
