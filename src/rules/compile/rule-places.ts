import { BLOCK_RULES, BLOCK_WORDS, WORD_RULES } from '../matcher-layout.js';
import type { RuleMatch } from '../rule.js';
import { type Arrangement, arrange } from './arrangement.js';
import type { RuleLikeness } from './rule-likeness.js';
import type { RuleTurns } from './rule-turns.js';
import { TrialLookups } from './trial-lookups.js';
import { judgeTrials } from './trial-packets.js';

/** Rules that fit into so few words need no trial. */
const TRIED_RULES_MIN = 4 * WORD_RULES;
/** Rules of a stretch of the file: a block's, and a part of them. */
const STRETCHES = [BLOCK_RULES, BLOCK_RULES / 4];

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
  const costs = arrangements.map((arrangement) => new TrialLookups(arrangement, trials).cost());
  return arrangements[costs.lastIndexOf(Math.min(...costs))];
}
