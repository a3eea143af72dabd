/** Uniform numbers from a seed: Marsaglia's xorshift32 (Journal of Statistical Software 8(14), 2003). */
export class Random {
  private state: number;

  /** @param seed any int32; 0, for which xorshift stands still, is taken as 1. */
  constructor(seed: number) {
    this.state = seed | 0 || 1;
  }

  uint32(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }

  /** @returns from 0 on, and less than 1. */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** @returns 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** A new seed, printed by the test that uses it. */
  static newSeed(): number {
    return Math.floor(Math.random() * 0x7fff_ffff) + 1;
  }
}
