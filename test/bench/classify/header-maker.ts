import type { RuleMatch, RuleSet } from '../../../src/rules/rule.js';
import { Random } from '../../protocol/random.js';
import { HEADER_WORDS } from '../../support/classbench.js';

/**
 * Makes headers of a filter set that has no trace: each lies in a filter drawn at random, at a corner of
 * it or anywhere inside, like those of ClassBench's own generator.
 *
 * @returns `HEADER_WORDS` words a header.
 */
export function makeHeaders(set: RuleSet, count: number, seed: number): Int32Array {
  const random = new Random(seed);
  const headers = new Int32Array(count * HEADER_WORDS);
  for (let i = 0; i < count; i++) {
    const { match } = random.pick(set.rules);
    headers.set(
      [
        addressIn(match.src, random),
        addressIn(match.dst, random),
        portIn(match.srcPorts, random),
        portIn(match.dstPorts, random),
        match.protocols === null ? random.below(256) : random.pick(match.protocols),
      ],
      i * HEADER_WORDS,
    );
  }
  return headers;
}

function addressIn(prefixes: RuleMatch['src'], random: Random): number {
  if (prefixes === null) return random.uint32() | 0;
  const { words, bits } = random.pick(prefixes);
  return words[0] | (bits === 32 ? 0 : inside(random) >>> bits);
}

/** All bits 0, all bits 1, or any. */
function inside(random: Random): number {
  return random.pick([0, -1, random.uint32()]);
}

function portIn(ranges: RuleMatch['srcPorts'], random: Random): number {
  const { low, high } = ranges === null ? { low: 0, high: 65_535 } : random.pick(ranges);
  return random.pick([low, high, low + random.below(high - low + 1)]);
}
