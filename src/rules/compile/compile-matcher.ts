import { ABSENT } from '../../protocol/packet.js';
import {
  BLOCK_RULES,
  HEADER_BLOCK_COUNT,
  HEADER_CHAIN_COUNT,
  HEADER_DST4,
  HEADER_DST6,
  HEADER_FIRSTS,
  HEADER_POSITIONS,
  HEADER_SRC4,
  HEADER_SRC6,
  HEADER_STEP_COUNT,
  HEADER_STEPS,
  NO_POSITION,
  PAGE_CODES,
  PAGE_COUNT,
  WORD_RULES,
} from '../matcher-layout.js';
import type { Prefix, RuleMatch, RuleSet } from '../rule.js';
import { writeIpv4Map, writeIpv6Map } from './address-maps.js';
import { BlockStore } from './block-store.js';
import { buildChains, type Chain, type Step } from './chains.js';
import { codeFields } from './code-fields.js';
import { sweepIpv6 } from './ipv6-sweep.js';
import { RowStore } from './row-store.js';
import { placeRules } from './rule-places.js';
import { type Span, sweepValues } from './value-sweep.js';
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
  const places = placeRules(matches);
  const rows = new RowStore(new BlockStore(), Math.max(Math.ceil(matches.length / BLOCK_RULES), 1));
  const writer = new WordWriter(rows);
  const matchOf = (position: number) => matches[position];
  for (const [field, header4, header6] of [
    ['src', HEADER_SRC4, HEADER_SRC6],
    ['dst', HEADER_DST4, HEADER_DST6],
  ] as const) {
    const classes4 = sweepValues(rows, places, 0, (position) => ipv4Spans(matchOf(position), field));
    writer.setHeader(header4, writeIpv4Map(classes4, writer));
    const classes6 = sweepIpv6(rows, places, (position) => ipv6Prefixes(matchOf(position), field));
    writer.setHeader(header6, writeIpv6Map(classes6, writer));
  }
  writeSteps(buildChains(codeFields(interfaces), rows, places, matchOf), writer);
  writePositions(places, rows.blocksARow, writer);
  writer.setHeader(HEADER_BLOCK_COUNT, rows.blocksARow);
  return writer.finish();
}

function ipv4Spans({ ipVersion, ...match }: RuleMatch, field: 'src' | 'dst'): readonly Span[] | null {
  if (ipVersion === 6) return [];
  const prefixes = match[field];
  if (prefixes === null) return null;
  const spans: Span[] = [];
  for (const { version, words, bits } of prefixes) {
    const low = words[0] >>> 0;
    if (version === 4) spans.push({ low, high: low + 2 ** (32 - bits) - 1 });
  }
  return spans;
}

function ipv6Prefixes({ ipVersion, ...match }: RuleMatch, field: 'src' | 'dst'): readonly Prefix[] | null {
  if (ipVersion === 4) return [];
  return match[field]?.filter(({ version }) => version === 6) ?? null;
}

function writeSteps(chains: readonly Chain[], writer: WordWriter): void {
  const steps: number[] = [];
  for (const chain of chains) {
    chain.forEach((step, i) => {
      const next = chain[i + 1];
      // What a class is in the table that it comes to: the beginning of its line, or its row.
      const entryOf = (code: number) =>
        next === undefined ? writer.row(step.rows[code]) : code * next.classes.rows.length;
      const pages = writePages(step, step.table === null ? entryOf : (code) => code, writer);
      const table = step.table === null ? 0 : writer.append(step.table.map(entryOf));
      steps.push(step.classes.field, pages, table, next === undefined ? 1 : 0);
    });
  }
  writer.setHeader(HEADER_STEPS, writer.append(steps));
  writer.setHeader(
    HEADER_STEP_COUNT,
    chains.reduce((count, chain) => count + chain.length, 0),
  );
  writer.setHeader(HEADER_CHAIN_COUNT, chains.length);
}

/** Writes the pages of a field; equal ones once. @returns the offset of the list of pages. */
function writePages({ classes }: Step, entryOf: (code: number) => number, writer: WordWriter): number {
  const { starts, codes } = classes;
  const uniform = new Map<number, number>();
  const list = new Int32Array(PAGE_COUNT);
  const page = new Int32Array(PAGE_CODES);
  let at = 0;
  for (let i = 0; i < PAGE_COUNT; i++) {
    const low = i * PAGE_CODES + ABSENT;
    while (at + 1 < starts.length && starts[at + 1] <= low) at++;
    if (at + 1 === starts.length || starts[at + 1] >= low + PAGE_CODES) {
      const code = codes[at];
      if (!uniform.has(code)) uniform.set(code, writer.append(page.fill(entryOf(code))));
      list[i] = uniform.get(code)!;
      continue;
    }
    for (let j = 0; j < PAGE_CODES; j++) {
      if (at + 1 < starts.length && starts[at + 1] === low + j) at++;
      page[j] = entryOf(codes[at]);
    }
    list[i] = writer.append(page);
  }
  return writer.append(list);
}

function writePositions(places: Int32Array, blockCount: number, writer: WordWriter): void {
  const positions = new Int32Array(blockCount * BLOCK_RULES).fill(NO_POSITION);
  places.forEach((place, position) => {
    positions[place] = position;
  });
  const firsts = new Int32Array(positions.length / WORD_RULES);
  for (let word = 0; word < firsts.length; word++) firsts[word] = positions[word * WORD_RULES];
  writer.setHeader(HEADER_POSITIONS, writer.append(positions));
  writer.setHeader(HEADER_FIRSTS, writer.append(firsts));
}
