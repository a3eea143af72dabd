/** Words of an entry: the pair, the second number and 1 so that a free place can be told, and what it stands for. */
const ENTRY_WORDS = 3;

/**
 * Remembers a number for pairs of numbers, all of them from 0 and below 2^31. A `Map` would need a key that is a
 * double, allocated for each question.
 */
export class PairTable {
  /** Open addressing; at most half of the places are taken. */
  private entries = new Int32Array(1024 * ENTRY_WORDS);
  private placeMask = 1023;
  private count = 0;

  /** @returns what was added for the pair, or -1. */
  get(a: number, b: number): number {
    const { entries } = this;
    const at = this.placeOf(a, b);
    return entries[at + 1] === 0 ? -1 : entries[at + 2];
  }

  /** The pair must not be there. */
  add(a: number, b: number, value: number): void {
    if (++this.count * 2 > this.placeMask) this.grow();
    this.put(a, b, value);
  }

  private put(a: number, b: number, value: number): void {
    const at = this.placeOf(a, b);
    this.entries[at] = a;
    this.entries[at + 1] = b + 1;
    this.entries[at + 2] = value;
  }

  /** The first word of the pair's entry, or of the free one that it would have. */
  private placeOf(a: number, b: number): number {
    const { entries, placeMask } = this;
    const hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b);
    let place = (hash ^ (hash >>> 15)) & placeMask;
    for (;;) {
      const at = place * ENTRY_WORDS;
      if (entries[at + 1] === 0 || (entries[at] === a && entries[at + 1] === b + 1)) return at;
      place = (place + 1) & placeMask;
    }
  }

  private grow(): void {
    const { entries } = this;
    this.entries = new Int32Array(entries.length * 2);
    this.placeMask = this.placeMask * 2 + 1;
    for (let at = 0; at < entries.length; at += ENTRY_WORDS) {
      if (entries[at + 1] !== 0) this.put(entries[at], entries[at + 1] - 1, entries[at + 2]);
    }
  }
}
