/**
 * Small fast counter, 32 bit (sfc32) by Chris Doty-Humphrey, public domain, from PractRand
 * (https://pracrand.sourceforge.net/RNG_engines.txt): passes PractRand, four words of state, no
 * multiplication. Seeded, because the same demo must be repeatable; never for secrets.
 */
export class Prng {
  // All four stay within int32, so that V8 keeps them as small integers.
  private a = 0;
  private b: number;
  private c = 0;
  private counter = 1;

  /** @param seed any number; its low 32 bits choose the sequence. */
  constructor(seed: number) {
    this.b = seed | 0;
    // PractRand's own seeding mixes the state with this many rounds before the first use.
    for (let round = 0; round < 15; round++) this.nextInt32();
  }

  /** The next 32 random bits, as a signed integer. */
  nextInt32(): number {
    const result = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + result) | 0;
    return result;
  }

  /** A fraction from 0, below 1. */
  fraction(): number {
    return (this.nextInt32() >>> 0) / 0x1_0000_0000;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)];
  }

  /** New random bytes. */
  bytes(byteCount: number): Uint8Array {
    const bytes = new Uint8Array(byteCount);
    for (let i = 0; i < byteCount; i++) bytes[i] = this.nextInt32() >>> 24;
    return bytes;
  }
}
