import { BLOCK_RULES, BLOCK_WORDS, WORD_RULES } from '../matcher-layout.js';
import type { RuleMatch } from '../rule.js';
import type { RuleLikeness } from './rule-likeness.js';
import type { RuleTurns } from './rule-turns.js';
import { type JudgedTrials, judgeTrials, TRIALS } from './trial-packets.js';
import { WideKeys } from './wide-keys.js';

/** Rules that fit into so few words need no trial. */
const TRIED_RULES_MIN = 4 * WORD_RULES;
/** Rules of a stretch of the file: a block's, and a part of them. */
const STRETCHES = [BLOCK_RULES, BLOCK_RULES / 4];
/** What a block costs beside the words in it that are looked at: its offsets, and lines of the cache. In words. */
const BLOCK_COST = 2;

/** Rules by word, and the words in their order. */
interface Arrangement {
  /** Positions: `WORD_RULES` a word, ascending in it; the last word may have fewer. */
  readonly positions: Int32Array;
  /** Which word is first, second and so on; `BLOCK_WORDS` of them are a block, and only the last may have fewer. */
  readonly words: Int32Array;
  /** Where in `words` each block begins, and where the last one ends. */
  readonly blocks: Int32Array;
}

/**
 * Gives every rule its place in the rows. In the order of the file nearly every word would have a rule for
 * any source in it, and for any destination, and for the service, and none for all three: aggregates would
 * promise, and the words disappoint. With rules that look alike side by side, those that a packet's
 * addresses leave over lie in few words: prefixes contain each other or have nothing in common, so that
 * the rules of one address are at most 33 runs of them. But where most rules hold for most packets, the
 * order of the file is the best one, because the first word has the answer. Between the two lies the order of
 * the file from one stretch to the next, and likeness within each: a packet that most stretches have a rule for
 * is done with the first ones, and looks at few words there. Some packets tell which.
 *
 * @returns the place by the position.
 */
export function placeRules(
  matches: readonly RuleMatch[],
  turns: RuleTurns,
  likeness: RuleLikeness,
): Int32Array {
  const { positions, words, blocks } = best(ordersOf(likeness, matches.length), matches, turns);
  const places = new Int32Array(matches.length);
  for (let block = 0; block + 1 < blocks.length; block++) {
    for (let at = blocks[block]; at < blocks[block + 1]; at++) {
      const first = words[at] * WORD_RULES;
      const end = Math.min(first + WORD_RULES, positions.length);
      const place = (block * BLOCK_WORDS + at - blocks[block]) * WORD_RULES;
      for (let i = first; i < end; i++) places[positions[i]] = place + i - first;
    }
  }
  return places;
}

function ordersOf(likeness: RuleLikeness, ruleCount: number): Int32Array[] {
  const alike = likeness.orders();
  const inOrder = Int32Array.from({ length: ruleCount }, (_, position) => position);
  const stretches = STRETCHES.filter((length) => length < ruleCount).flatMap((length) =>
    alike.map((order) => byStretch(order, length)),
  );
  return [...alike, ...stretches, inOrder];
}

/** @returns the positions from each multiple of `length` on together, in the order in which they were. */
function byStretch(order: Int32Array, length: number): Int32Array {
  const result = new Int32Array(order.length);
  const filled = new Int32Array(Math.ceil(order.length / length));
  for (let i = 0; i < order.length; i++) {
    const stretch = Math.floor(order[i] / length);
    result[stretch * length + filled[stretch]++] = order[i];
  }
  return result;
}

function best(orders: readonly Int32Array[], matches: readonly RuleMatch[], turns: RuleTurns): Arrangement {
  if (matches.length < TRIED_RULES_MIN) return arrange(orders[0]);
  const trials = judgeTrials(matches, turns);
  const arrangements = orders.map(arrange);
  const costs = arrangements.map((arrangement) => costOf(arrangement, trials));
  return arrangements[costs.lastIndexOf(Math.min(...costs))];
}

/**
 * Within a word by position, so that its first bit is its best; within a block the words by their best, and
 * so the blocks: where one cannot better what has been found, none behind it can.
 */
function arrange(order: Int32Array): Arrangement {
  const wordCount = Math.ceil(order.length / WORD_RULES);
  const blockCount = Math.ceil(wordCount / BLOCK_WORDS);
  const byBest = new WideKeys(wordCount);
  for (let word = 0; word < wordCount; word++) {
    byBest.words[2 * word + 1] = order.subarray(word * WORD_RULES, (word + 1) * WORD_RULES).sort()[0];
    byBest.words[2 * word] = word;
  }
  const blocksByBest = new WideKeys(blockCount);
  for (let block = 0; block < blockCount; block++) {
    const first = block * BLOCK_WORDS;
    byBest.sort(first, Math.min(first + BLOCK_WORDS, wordCount));
    blocksByBest.words[2 * block + 1] = byBest.words[2 * first + 1];
    blocksByBest.words[2 * block] = block;
  }
  blocksByBest.sort(0, blockCount);
  const words = new Int32Array(wordCount);
  const blocks = new Int32Array(blockCount + 1);
  let count = 0;
  for (let block = 0; block < blockCount; block++) {
    const first = blocksByBest.words[2 * block] * BLOCK_WORDS;
    const end = Math.min(first + BLOCK_WORDS, wordCount);
    for (let word = first; word < end; word++) words[count++] = byBest.words[2 * word];
    blocks[block + 1] = count;
  }
  return { positions: order, words, blocks };
}

/** What the matcher would do for all trial packets, in words that it looks at. */
function costOf({ positions, words, blocks }: Arrangement, { src, dst, service }: JudgedTrials): number {
  const found = new Int32Array(TRIALS).fill(positions.length);
  let cost = 0;
  for (let block = 0; block + 1 < blocks.length; block++) {
    let inBlockSrc = 0;
    let inBlockDst = 0;
    let inBlockService = 0;
    for (let at = blocks[block]; at < blocks[block + 1]; at++) {
      const first = words[at] * WORD_RULES;
      const end = Math.min(first + WORD_RULES, positions.length);
      let inSrc = 0;
      let inDst = 0;
      let inService = 0;
      for (let i = first; i < end; i++) {
        const position = positions[i];
        inSrc |= src[position];
        inDst |= dst[position];
        inService |= service[position];
        for (let left = src[position] & dst[position] & service[position]; left !== 0; left &= left - 1) {
          const trial = 31 - Math.clz32(left & -left);
          if (position < found[trial]) found[trial] = position;
        }
      }
      cost += looking(inSrc & inDst & inService, found, positions[first]);
      inBlockSrc |= inSrc;
      inBlockDst |= inDst;
      inBlockService |= inService;
    }
    const best = positions[words[blocks[block]] * WORD_RULES];
    cost += BLOCK_COST * looking(inBlockSrc & inBlockDst & inBlockService, found, best);
  }
  return cost;
}

/**
 * How many of these trials look at a word or a block, whose best rule is at `best`: not those that had found a better
 * one before.
 */
function looking(trials: number, found: Int32Array, best: number): number {
  let count = 0;
  for (let left = trials; left !== 0; left &= left - 1)
    if (found[31 - Math.clz32(left & -left)] >= best) count++;
  return count;
}
