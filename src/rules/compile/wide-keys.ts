/**
 * Numbers of 64 bits, each written as two words, in an array that sorts without a call a comparison. A typed array of
 * them sorts in native code from the first time on; one of doubles takes twice as long.
 */
export class WideKeys {
  /** Of each key the lower word and then the upper one, as the machine has them: little-endian, like all that Node.js runs on. */
  words: Int32Array;
  private keys: BigUint64Array;

  /** @param length keys that there is room for. */
  constructor(length: number) {
    this.keys = new BigUint64Array(length);
    this.words = new Int32Array(this.keys.buffer);
  }

  /** Makes room for twice as many. */
  grow(): void {
    const keys = new BigUint64Array(this.keys.length * 2);
    keys.set(this.keys);
    this.keys = keys;
    this.words = new Int32Array(keys.buffer);
  }

  /** Sorts the keys from `first` up to `end`, as numbers without a sign. */
  sort(first: number, end: number): void {
    this.keys.subarray(first, end).sort();
  }
}
