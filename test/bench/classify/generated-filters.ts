import type { Prefix, Rule, RuleSet } from '../../../src/rules/rule.js';
import { Random } from '../../protocol/random.js';
import { MATCH_ALL, rule, ruleSet } from '../../rules/build-rules.js';

/** Lengths that prefixes of access lists have, the frequent ones several times; 0: any address. */
const SRC_BITS = [0, 8, 16, 24, 24, 24, 28, 32, 32];
const DST_BITS = [0, 16, 24, 24, 27, 28, 29, 32, 32];
const SERVICES = [22, 25, 53, 80, 110, 123, 135, 139, 143, 161, 389, 443, 445, 993, 1433, 1521, 3306, 8080];

/** Filters where the ClassBench sets are not there: networks of a few sites, well-known services. */
export function generateFilters(count: number, seed: number): RuleSet {
  const random = new Random(seed);
  const sites = Array.from({ length: 64 }, () => random.uint32() & 0xffff_0000);
  const rules: Rule[] = [];
  for (let i = 0; i < count; i++) {
    const port = random.pick([...SERVICES, -1, -2]);
    const low = port === -2 ? 1024 : port;
    rules.push(
      rule(`f${i}`, 'count', {
        match: {
          ...MATCH_ALL,
          ipVersion: 4,
          protocols: [random.pick([6, 6, 6, 17])],
          src: prefixOf(random.pick(SRC_BITS), sites, random),
          dst: prefixOf(random.pick(DST_BITS), sites, random),
          dstPorts: port === -1 ? null : [{ low, high: port === -2 ? 65_535 : low }],
        },
      }),
    );
  }
  return ruleSet(rules);
}

function prefixOf(bits: number, sites: readonly number[], random: Random): readonly Prefix[] | null {
  if (bits === 0) return null;
  const address = random.pick(sites) | (random.uint32() & 0xffff);
  return [{ version: 4, words: [address & (-1 << (32 - bits))], bits }];
}
