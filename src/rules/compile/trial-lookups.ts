import { WORD_RULES } from '../matcher-layout.js';
import type { Arrangement } from './arrangement.js';
import { type JudgedTrials, TRIALS, type Trials } from './trial-packets.js';

/** What a block costs beside the words in it that are looked at: its offsets, and lines of the cache. In words. */
const BLOCK_COST = 2;

/**
 * Looks all trial packets up in an arrangement of the rules.
 *
 * What is done for every rule is a function of its own: the smaller it is, the sooner V8 has optimised it.
 */
export class TrialLookups {
  private readonly src: Trials;
  private readonly dst: Trials;
  private readonly service: Trials;
  /** By the trial, the best position as yet. */
  private readonly found: Int32Array;
  /** Trials that some rule of the word in hand is left over for, by each field. */
  private inSrc = 0;
  private inDst = 0;
  private inService = 0;

  constructor(
    private readonly arrangement: Arrangement,
    { src, dst, service }: JudgedTrials,
  ) {
    this.src = src;
    this.dst = dst;
    this.service = service;
    this.found = new Int32Array(TRIALS).fill(src.length);
  }

  /** @returns what the matcher would do, in words that it looks at. To be called once. */
  cost(): number {
    const { positions, words, blocks } = this.arrangement;
    let cost = 0;
    for (let block = 0; block + 1 < blocks.length; block++) {
      let inBlockSrc = 0;
      let inBlockDst = 0;
      let inBlockService = 0;
      for (let at = blocks[block]; at < blocks[block + 1]; at++) {
        const first = words[at] * WORD_RULES;
        this.lookAt(first, Math.min(first + WORD_RULES, positions.length));
        cost += this.lookingAt(this.inSrc & this.inDst & this.inService, positions[first]);
        inBlockSrc |= this.inSrc;
        inBlockDst |= this.inDst;
        inBlockService |= this.inService;
      }
      const best = positions[words[blocks[block]] * WORD_RULES];
      cost += BLOCK_COST * this.lookingAt(inBlockSrc & inBlockDst & inBlockService, best);
    }
    return cost;
  }

  /** Looks at a word. */
  private lookAt(first: number, end: number): void {
    const { src, dst, service, found } = this;
    const { positions } = this.arrangement;
    let inSrc = 0;
    let inDst = 0;
    let inService = 0;
    for (let i = first; i < end; i++) {
      const position = positions[i];
      const ofSrc = src[position];
      const ofDst = dst[position];
      const ofService = service[position];
      inSrc |= ofSrc;
      inDst |= ofDst;
      inService |= ofService;
      for (let left = ofSrc & ofDst & ofService; left !== 0; left &= left - 1) {
        const trial = 31 - Math.clz32(left & -left);
        if (position < found[trial]) found[trial] = position;
      }
    }
    this.inSrc = inSrc;
    this.inDst = inDst;
    this.inService = inService;
  }

  /**
   * How many of these trials look at a word or a block, whose best rule is at `best`: not those that had found a better
   * one before.
   */
  private lookingAt(trials: number, best: number): number {
    const { found } = this;
    let count = 0;
    for (let left = trials; left !== 0; left &= left - 1) {
      if (found[31 - Math.clz32(left & -left)] >= best) count++;
    }
    return count;
  }
}
