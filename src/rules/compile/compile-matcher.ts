import {
  BLOCK_RULES,
  HEADER_BLOCK_COUNT,
  HEADER_DST4,
  HEADER_DST6,
  HEADER_POSITIONS,
  HEADER_SRC4,
  HEADER_SRC6,
  NO_POSITION,
} from '../matcher-layout.js';
import type { Prefix, RuleMatch, RuleSet } from '../rule.js';
import { writeIpv4Map, writeIpv6Map } from './address-maps.js';
import { BlockStore } from './block-store.js';
import { buildChains } from './chains.js';
import { otherFields, SERVICE_FIELDS } from './code-fields.js';
import { sweepIpv6 } from './ipv6-sweep.js';
import { RowStore } from './row-store.js';
import { placeRules } from './rule-places.js';
import { writeSteps } from './steps.js';
import type { TurnList } from './turn-list.js';
import { noteSpans, type Span, sweepValues } from './value-sweep.js';
import { WordWriter } from './word-writer.js';

const NOTHING: readonly never[] = [];

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
    const classes4 = sweepValues(rows, places, 0, (position, turns) =>
      noteIpv4(matches[position], field, position, turns),
    );
    writer.setHeader(header4, writeIpv4Map(classes4, writer));
    const classes6 = sweepIpv6(rows, places, (position) => ipv6Prefixes(matchOf(position), field));
    writer.setHeader(header6, writeIpv6Map(classes6, writer));
  }
  const others = otherFields(interfaces);
  writeSteps(buildChains({ service: SERVICE_FIELDS, others, rows, places, matchOf }), writer);
  writePositions(places, rows.blocksARow, writer);
  writer.setHeader(HEADER_BLOCK_COUNT, rows.blocksARow);
  return writer.finish();
}

/** Of a rule with one prefix, as most are, without a list: 10,000 rules are looked at in code not yet optimised. */
function noteIpv4(match: RuleMatch, field: 'src' | 'dst', position: number, turns: TurnList): boolean {
  if (match.ipVersion === 6) return true;
  const prefixes = match[field];
  if (prefixes === null) return false;
  if (prefixes.length !== 1) return noteSpans(ipv4Spans(prefixes), position, turns);
  const { version, words, bits } = prefixes[0];
  if (version === 4) turns.add(words[0] >>> 0, (words[0] | lastBits(bits)) >>> 0, position);
  return true;
}

function ipv4Spans(prefixes: readonly Prefix[]): readonly Span[] {
  const spans: Span[] = [];
  for (const { version, words, bits } of prefixes) {
    if (version === 4) spans.push({ low: words[0] >>> 0, high: (words[0] | lastBits(bits)) >>> 0 });
  }
  return spans;
}

/** Those behind a prefix of `bits`: a shift looks at the lowest five bits of its right side only. */
function lastBits(bits: number): number {
  return bits === 32 ? 0 : -1 >>> bits;
}

function ipv6Prefixes(match: RuleMatch, field: 'src' | 'dst'): readonly Prefix[] | null {
  if (match.ipVersion === 4) return NOTHING;
  return match[field]?.filter(({ version }) => version === 6) ?? null;
}

function writePositions(places: Int32Array, blockCount: number, writer: WordWriter): void {
  // One more, because a word without any rule is looked at 32 places behind its first.
  const positions = new Int32Array(blockCount * BLOCK_RULES + 1).fill(NO_POSITION);
  places.forEach((place, position) => {
    positions[place] = position;
  });
  writer.setHeader(HEADER_POSITIONS, writer.append(positions));
}
