import { BLOCK_RULES, HEADER_BLOCK_COUNT, HEADER_POSITIONS, NO_POSITION } from '../matcher-layout.js';
import type { RuleSet } from '../rule.js';
import { writeAddresses } from './address-rows.js';
import { BlockStore } from './block-store.js';
import { buildChains } from './chains.js';
import { RowStore } from './row-store.js';
import { RowSweep } from './row-sweep.js';
import { RuleLikeness } from './rule-likeness.js';
import { placeRules } from './rule-places.js';
import { RuleTurns } from './rule-turns.js';
import { writeSteps } from './steps.js';
import { WordWriter } from './word-writer.js';

/**
 * Compiles the rules for `CompiledMatcher`.
 *
 * @param interfaces labels of the source's interfaces; a rule that names another one never matches.
 * @returns the memory of matcher-layout.ts.
 * @throws RuleTableSizeError where it would be too large.
 */
export function compileMatcher(ruleSet: RuleSet, interfaces: readonly string[]): SharedArrayBuffer {
  const matches = ruleSet.rules.map(({ match }) => match);
  const turns = new RuleTurns(interfaces);
  const likeness = new RuleLikeness(matches.length);
  for (let position = 0; position < matches.length; position++) {
    turns.note(matches[position], position);
    likeness.note(matches[position], position);
  }
  turns.sort();
  const places = placeRules(matches, turns, likeness);
  const blocksARow = Math.max(Math.ceil(matches.length / BLOCK_RULES), 1);
  const rows = new RowStore(new BlockStore(matches.length), blocksARow, matches.length);
  const sweep = new RowSweep(rows, places);
  const writer = new WordWriter(rows, matches.length);
  writeAddresses(turns, sweep, rows, writer);
  writeSteps(buildChains(turns.codes, sweep, rows), writer);
  writePositions(places, rows.blocksARow, writer);
  writer.setHeader(HEADER_BLOCK_COUNT, rows.blocksARow);
  return writer.finish();
}

function writePositions(places: Int32Array, blockCount: number, writer: WordWriter): void {
  const positions = new Int32Array(blockCount * BLOCK_RULES).fill(NO_POSITION);
  for (let position = 0; position < places.length; position++) positions[places[position]] = position;
  writer.setHeader(HEADER_POSITIONS, writer.append(positions));
}
