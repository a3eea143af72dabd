import {
  ADDRESS_KEY_WORDS,
  FLOW_KEY_WORDS,
  RECORD_DESTINATION,
  RECORD_FLOW,
  RECORD_SOURCE,
} from '../../ring/sample-ring-layout.js';

/** The keys that a record has: flow, source and destination. Where each begins in it, and its words. */
export const RECORD_KEYS = [
  { word: RECORD_FLOW, words: FLOW_KEY_WORDS },
  { word: RECORD_SOURCE, words: ADDRESS_KEY_WORDS },
  { word: RECORD_DESTINATION, words: ADDRESS_KEY_WORDS },
] as const;

/** Hashes the keys of records. */
export class RecordHash {
  /** @param seed secret, so that nobody can choose addresses that all have the same hash. */
  constructor(private readonly seed: number) {}

  /** @param key its number among `RECORD_KEYS`. */
  of(words: Int32Array, word: number, key: number): number {
    const place = RECORD_KEYS[key];
    return this.hash(words, word + place.word, place.words);
  }

  /** MurmurHash3's mixing (Appleby, public domain), a word at a time. */
  private hash(words: Int32Array, first: number, count: number): number {
    let hash = this.seed;
    for (let word = first; word < first + count; word++) {
      let mixed = Math.imul(words[word], 0xcc9e2d51);
      mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
      hash ^= mixed;
      hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  }
}
