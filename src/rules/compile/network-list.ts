import { hashOfNetwork, NETWORK_SET_WORDS, NETWORK_WORDS } from '../matcher-layout.js';

/** The networks of IPv6 addresses, their first two words, that rules tell from those beside them. */
export class NetworkList {
  /** `NETWORK_WORDS` of each. */
  private readonly words: number[] = [];

  /** @param entry what the two words come to: a row or a reference. */
  note(word0: number, word1: number, entry: number): void {
    this.words.push(word0, word1, entry, 0);
  }

  /**
   * Makes the table, with a set a network or more: with as many as networks a tenth of these find their set full, with
   * twice as many one in sixty.
   *
   * @returns the words of its sets, and the mask that gives the set for a hash.
   */
  table(): { mask: number; words: Int32Array } {
    const { words } = this;
    const sets = 2 ** Math.ceil(Math.log2(Math.max(words.length / NETWORK_WORDS, 1)));
    const table = new Int32Array(sets * NETWORK_SET_WORDS);
    for (let at = 0; at < words.length; at += NETWORK_WORDS) {
      const set = hashOfNetwork(words[at], words[at + 1]) & (sets - 1);
      let place = set * NETWORK_SET_WORDS;
      if (table[place + 2] !== 0) place += NETWORK_WORDS;
      if (table[place + 2] !== 0) continue;
      for (let word = 0; word < NETWORK_WORDS; word++) table[place + word] = words[at + word];
    }
    return { mask: sets - 1, words: table };
  }
}
