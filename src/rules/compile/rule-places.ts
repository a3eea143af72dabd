import { BLOCK_WORDS, WORD_RULES } from '../matcher-layout.js';
import type { Prefix, RuleMatch } from '../rule.js';

/**
 * Gives every rule its place in the rows: those that look alike side by side, so that the rules that a
 * packet's addresses leave over lie in few words. In the order of the file nearly every word would have
 * a rule for any source in it, and for any destination, and for the service, and none for all three:
 * aggregates would promise, and the words disappoint.
 *
 * Rules are put together by which addresses they name, then by the source or the destination, whichever
 * has more different ones, then by the other one, then by the ports. Prefixes contain each other or
 * have nothing in common, so that the rules of one address lie together for each prefix that holds it:
 * at most 33 runs of an IPv4 address, whatever the rules are.
 *
 * @returns the place by the position.
 */
export function placeRules(matches: readonly RuleMatch[]): Int32Array {
  const keys = matches.map(keyOf);
  const isSrcFirst = distinct(keys, 'src') >= distinct(keys, 'dst');
  const order = matches.map((_, position) => position);
  order.sort((a, b) => compareKeys(keys[a], keys[b], isSrcFirst) || a - b);
  // Within a word by position, so that its first bit is its best; within a block the words by their best, and
  // the blocks: where one cannot better what has been found, none behind it can.
  const words = chunks(order, WORD_RULES).map((word) => word.sort((a, b) => a - b));
  const blocks = chunks(words, BLOCK_WORDS).map((block) => block.sort((a, b) => a[0] - b[0]));
  blocks.sort((a, b) => a[0][0] - b[0][0]);
  const places = new Int32Array(matches.length);
  blocks.forEach((block, blockIndex) => {
    block.forEach((word, wordIndex) => {
      word.forEach((position, bit) => {
        places[position] = (blockIndex * BLOCK_WORDS + wordIndex) * WORD_RULES + bit;
      });
    });
  });
  return places;
}

function chunks<T>(all: readonly T[], length: number): T[][] {
  const result: T[][] = [];
  for (let first = 0; first < all.length; first += length) result.push(all.slice(first, first + length));
  return result;
}

/** An address field as a number: 0 for any address, else the first prefix, so that equal and near ones are near. */
interface RuleKey {
  readonly shape: number;
  readonly src: number;
  readonly dst: number;
  readonly ports: number;
}

function keyOf({ src, dst, dstPorts, srcPorts }: RuleMatch): RuleKey {
  const srcKey = addressKey(src);
  const dstKey = addressKey(dst);
  return {
    shape: (srcKey === 0 ? 0 : 2) + (dstKey === 0 ? 0 : 1),
    src: srcKey,
    dst: dstKey,
    ports: (dstPorts?.[0].low ?? -1) * 65_536 + (srcPorts?.[0].low ?? -1),
  };
}

function addressKey(prefixes: readonly Prefix[] | null): number {
  if (prefixes === null || prefixes[0].bits === 0) return 0;
  const { version, words, bits } = prefixes[0];
  // IPv6 behind IPv4; its first 64 bits, as far as a double holds them.
  if (version === 6) return 2 ** 60 + (words[0] >>> 0) * 2 ** 28 + (words[1] >>> 4);
  return 1 + (words[0] >>> 0) * 64 + bits;
}

function distinct(keys: readonly RuleKey[], field: 'src' | 'dst'): number {
  return new Set(keys.map((key) => key[field])).size;
}

function compareKeys(a: RuleKey, b: RuleKey, isSrcFirst: boolean): number {
  if (a.shape !== b.shape) return a.shape - b.shape;
  const addresses = isSrcFirst ? a.src - b.src || a.dst - b.dst : a.dst - b.dst || a.src - b.src;
  return addresses || a.ports - b.ports;
}
