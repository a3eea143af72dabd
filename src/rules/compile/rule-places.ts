import { BLOCK_WORDS, WORD_RULES } from '../matcher-layout.js';
import type { RuleMatch } from '../rule.js';
import type { RuleLikeness } from './rule-likeness.js';
import type { RuleTurns } from './rule-turns.js';
import { type JudgedTrials, judgeTrials, TRIALS } from './trial-packets.js';
import { WideKeys } from './wide-keys.js';

/** Rules that fit into so few words need no trial. */
const TRIED_RULES_MIN = 4 * WORD_RULES;

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
 * order of the file is the best one, because the first word has the answer. Some packets tell which.
 *
 * @returns the place by the position.
 */
export function placeRules(
  matches: readonly RuleMatch[],
  turns: RuleTurns,
  likeness: RuleLikeness,
): Int32Array {
  const inOrder = Int32Array.from({ length: matches.length }, (_, position) => position);
  const { positions, words, blocks } = best([...likeness.orders(), inOrder].map(arrange), matches, turns);
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

function best(
  arrangements: readonly Arrangement[],
  matches: readonly RuleMatch[],
  turns: RuleTurns,
): Arrangement {
  if (matches.length < TRIED_RULES_MIN) return arrangements[0];
  const trials = judgeTrials(matches, turns);
  const costs = arrangements.map((arrangement) => visitedWords(arrangement, trials));
  return arrangements[costs.indexOf(Math.min(...costs))];
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

/** Words that the matcher would look at for all trial packets. */
function visitedWords({ positions, words }: Arrangement, { src, dst, service }: JudgedTrials): number {
  const found = new Int32Array(TRIALS).fill(positions.length);
  let visited = 0;
  for (let at = 0; at < words.length; at++) {
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
    // A word whose best rule is behind what was found in words before is not looked at, nor are those behind it.
    for (let left = inSrc & inDst & inService; left !== 0; left &= left - 1) {
      if (positions[first] <= found[31 - Math.clz32(left & -left)]) visited++;
    }
  }
  return visited;
}
