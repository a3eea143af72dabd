import fc from 'fast-check';
import { ACTIONS, type RuleSet } from '../../src/rules/rule.js';
import { rule, ruleSet } from './build-rules.js';

/** Slots for the random reloads: fewer than the pairs that there are, so that room runs out. */
export const RELOAD_CAPACITY = 9;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];

/** Rules by name, each at most once, in any order, with any action. */
export const randomPairs: fc.Arbitrary<RuleSet> = fc
  .tuple(
    fc.shuffledSubarray(NAMES, { maxLength: RELOAD_CAPACITY + 1 }),
    fc.array(fc.constantFrom(...ACTIONS), { minLength: NAMES.length, maxLength: NAMES.length }),
  )
  .map(([names, actions]) => ruleSet(names.map((name, i) => rule(name, actions[i]))));
