import { BLOCK_WORDS, WORD_RULES } from '../matcher-layout.js';
import type { PortRange, Prefix, RuleMatch } from '../rule.js';
import { ALL_FIELDS, judgeTrials, type Trial } from './trial-packets.js';

/** Wider port ranges hold for so many packets that to put equal ones together tells nothing. */
const NARROW_PORTS = 4096;
/** Rules that fit into so few words need no trial. */
const TRIED_RULES_MIN = 4 * WORD_RULES;

/** Positions by block, word and place in the word. */
type Arrangement = readonly (readonly Int32Array[])[];

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
export function placeRules(matches: readonly RuleMatch[]): Int32Array {
  const keys = matches.map(keyOf);
  const inOrder = Int32Array.from(keys, (_, position) => position);
  const orders = [
    Int32Array.from(inOrder).sort((a, b) => compareKeys(keys[a], keys[b], true) || a - b),
    Int32Array.from(inOrder).sort((a, b) => compareKeys(keys[a], keys[b], false) || a - b),
    inOrder,
  ];
  const places = new Int32Array(matches.length);
  best(orders.map(arrange), matches).forEach((block, blockIndex) => {
    block.forEach((word, wordIndex) => {
      word.forEach((position, bit) => {
        places[position] = (blockIndex * BLOCK_WORDS + wordIndex) * WORD_RULES + bit;
      });
    });
  });
  return places;
}

function best(arrangements: readonly Arrangement[], matches: readonly RuleMatch[]): Arrangement {
  if (matches.length < TRIED_RULES_MIN) return arrangements[0];
  const trials = judgeTrials(matches);
  const costs = arrangements.map((arrangement) =>
    trials.reduce((cost, trial) => cost + visitedWords(arrangement, trial), 0),
  );
  return arrangements[costs.indexOf(Math.min(...costs))];
}

/**
 * Within a word by position, so that its first bit is its best; within a block the words by their best, and
 * so the blocks: where one cannot better what has been found, none behind it can.
 */
function arrange(order: Int32Array): Arrangement {
  const words: Int32Array[] = [];
  for (let first = 0; first < order.length; first += WORD_RULES) {
    words.push(order.subarray(first, first + WORD_RULES).sort());
  }
  const blocks: Int32Array[][] = [];
  for (let first = 0; first < words.length; first += BLOCK_WORDS) {
    blocks.push(words.slice(first, first + BLOCK_WORDS).sort((a, b) => a[0] - b[0]));
  }
  return blocks.sort((a, b) => a[0][0] - b[0][0]);
}

/** Words that the matcher would look at for a packet. */
function visitedWords(arrangement: Arrangement, trial: Trial): number {
  let visited = 0;
  let found = Number.POSITIVE_INFINITY;
  for (const block of arrangement) {
    if (block[0][0] >= found) break;
    for (const word of block) {
      if (word[0] >= found) break;
      let promised = 0;
      for (let i = word.length - 1; i >= 0; i--) {
        const position = word[i];
        promised |= trial[position];
        if (trial[position] === ALL_FIELDS && position < found) found = position;
      }
      if (promised === ALL_FIELDS) visited++;
    }
  }
  return visited;
}

/** What a rule is sorted by. An address field as a number: 0 for any address, else its first prefix. */
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
    ports: portKey(dstPorts) * 65_537 + portKey(srcPorts),
  };
}

function addressKey(prefixes: readonly Prefix[] | null): number {
  if (prefixes === null || prefixes[0].bits === 0) return 0;
  const { version, words, bits } = prefixes[0];
  // IPv6 behind IPv4; its first 64 bits, as far as a double holds them.
  if (version === 6) return 2 ** 60 + (words[0] >>> 0) * 2 ** 28 + (words[1] >>> 4);
  return 1 + (words[0] >>> 0) * 64 + bits;
}

function portKey(ranges: readonly PortRange[] | null): number {
  if (ranges === null || ranges[0].high - ranges[0].low >= NARROW_PORTS) return 0;
  return ranges[0].low + 1;
}

function compareKeys(a: RuleKey, b: RuleKey, isSrcFirst: boolean): number {
  if (a.shape !== b.shape) return a.shape - b.shape;
  const addresses = isSrcFirst ? a.src - b.src || a.dst - b.dst : a.dst - b.dst || a.src - b.src;
  return addresses || a.ports - b.ports;
}
