import { BLOCK_WORDS, WORD_RULES } from '../matcher-layout.js';
import { WideKeys } from './wide-keys.js';

/** Rules by word, and the words in their order. */
export interface Arrangement {
  /** Positions: `WORD_RULES` a word, ascending in it; the last word may have fewer. */
  readonly positions: Int32Array;
  /** Which word is first, second and so on; `BLOCK_WORDS` of them are a block, and only the last may have fewer. */
  readonly words: Int32Array;
  /** Where in `words` each block begins, and where the last one ends. */
  readonly blocks: Int32Array;
}

/**
 * Within a word by position, so that its first bit is its best; within a block the words by their best, and
 * so the blocks: where one cannot better what has been found, none behind it can.
 */
export function arrange(order: Int32Array): Arrangement {
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
