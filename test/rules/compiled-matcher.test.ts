import fc from 'fast-check';
import t from 'tap';
import { Packet } from '../../src/protocol/packet.js';
import { buildRuleTable } from '../../src/rules/build-rule-table.js';
import { compileMatcher } from '../../src/rules/compile/compile-matcher.js';
import { CompiledMatcher } from '../../src/rules/compiled-matcher.js';
import { placeCompiled } from '../../src/rules/compiled-memory.js';
import { createMatcher } from '../../src/rules/create-matcher.js';
import { FewRulesMatcher } from '../../src/rules/few-rules-matcher.js';
import { LinearMatcher } from '../../src/rules/linear-matcher.js';
import { NO_MATCH } from '../../src/rules/matcher.js';
import type { RuleSet } from '../../src/rules/rule.js';
import { RuleTable } from '../../src/rules/rule-table.js';
import { Random } from '../protocol/random.js';
import {
  beginTrace,
  fillPacket,
  HEADER_WORDS,
  readFilters,
  readTrace,
  SHARED_FILTERS,
  withoutSharedFilters,
} from '../support/classbench.js';
import { MATCH_ALL, rule, ruleSet, ruleSetOf } from './build-rules.js';
import { naiveMatch } from './naive-matcher.js';
import { packetNear, randomRuleSet, SOURCE_INTERFACES } from './random-rules.js';

const RULE_SETS = 10_000;
const PACKETS_A_SET = 12;
const RELOADS = 1000;

function linearOf(set: RuleSet): LinearMatcher {
  const slots = set.rules.map((_, position) => position);
  return new LinearMatcher(new RuleTable(buildRuleTable(set, slots, SOURCE_INTERFACES, 1, null)));
}

function compiledOf(set: RuleSet): CompiledMatcher {
  return new CompiledMatcher(placeCompiled(compileMatcher(set, SOURCE_INTERFACES)));
}

t.test(`the position is that of the linear matcher, for ${RULE_SETS} random rule sets`, async (t) => {
  let pairs = 0;
  let matched = 0;
  const setWithPackets = randomRuleSet.chain((set) =>
    fc.tuple(
      fc.constant(set),
      fc.array(packetNear(set), { minLength: PACKETS_A_SET, maxLength: PACKETS_A_SET }),
    ),
  );
  const property = fc.property(setWithPackets, ([set, packets]) => {
    const linear = linearOf(set);
    const compiled = compiledOf(set);
    for (const one of packets) {
      const expected = linear.match(one);
      const actual = compiled.match(one);
      if (actual !== expected) throw new Error(`position ${actual}, not ${expected}: ${JSON.stringify(one)}`);
      if (naiveMatch(set, SOURCE_INTERFACES, one) !== expected)
        throw new Error(`not even the linear one is right: ${JSON.stringify(one)}`);
      pairs++;
      if (expected !== NO_MATCH) matched++;
    }
  });
  fc.assert(property, { numRuns: RULE_SETS });
  t.equal(pairs, RULE_SETS * PACKETS_A_SET);
  // Otherwise the packets do not lie near the rules, and the property says little.
  t.ok(matched > pairs / 5 && matched < (pairs * 4) / 5, `${matched} of ${pairs} matched a rule`);
});

t.test(`so it is after ${RELOADS} random reloads, whichever matcher a table gets`, async (t) => {
  let generation = 0;
  let fewRulesCount = 0;
  let wrong = 0;
  const tableWithPackets = randomRuleSet.chain((set) =>
    fc.tuple(
      fc.constant(set),
      fc.array(packetNear(set), { minLength: PACKETS_A_SET, maxLength: PACKETS_A_SET }),
    ),
  );
  for (const [set, packets] of fc.sample(tableWithPackets, RELOADS)) {
    const slots = set.rules.map((_, position) => position);
    const memory = buildRuleTable(set, slots, SOURCE_INTERFACES, ++generation);
    const matcher = createMatcher(memory, new RuleTable(memory));
    if (matcher instanceof FewRulesMatcher) fewRulesCount++;
    for (const one of packets) if (matcher.match(one) !== naiveMatch(set, SOURCE_INTERFACES, one)) wrong++;
  }
  t.equal(wrong, 0);
  t.equal(generation, RELOADS);
  t.ok(
    fewRulesCount > 0 && fewRulesCount < RELOADS,
    `${fewRulesCount} tables had few enough rules to try them one after the other`,
  );
});

t.test('no rule matches nothing, and one rule only what it says', async (t) => {
  const packet = Object.assign(new Packet(), { ipVersion: 4, protocol: 6, srcPort: 1024, dstPort: 23 });
  t.equal(compiledOf(ruleSet([])).match(packet), NO_MATCH);
  t.equal(compiledOf(ruleSetOf('{ dst_port: 23 }')).match(packet), 0);
  t.equal(compiledOf(ruleSetOf('{ dst_port: 24 }')).match(packet), NO_MATCH);
});

t.test('of equal rules the first wins, wherever a block or a word ends', async (t) => {
  const telnet = ruleSetOf('{ dst_port: 23 }').rules[0];
  const packet = Object.assign(new Packet(), { ipVersion: 4, protocol: 6, srcPort: 1024, dstPort: 23 });
  for (const count of [1, 31, 32, 33, 1023, 1024, 1025, 2048, 2049]) {
    const others = Array.from({ length: count - 1 }, () => ruleSetOf('{ dst_port: 24 }').rules[0]);
    const matcher = compiledOf(ruleSet([...others, telnet, telnet, rule('all')]));
    t.equal(matcher.match(packet), count - 1, `${count} rules up to the first that matches`);
    packet.protocol = 1;
    t.equal(matcher.match(packet), count + 1, 'the last one');
    packet.protocol = 6;
  }
});

t.test('IPv6 networks are told from those beside them, with and without a short cut', async (t) => {
  const random = new Random(Number(process.env.TEST_SEED ?? 1));
  const firstWords = [0, 0x2001_0db8, -1];
  // The first and the last ones, some in a row, and so many that sets of the table are full.
  const secondWords = [0, 1, 2, 3, -2, -1, ...Array.from({ length: 2000 }, () => random.uint32() | 0)];
  const wordsNear = () => {
    const word1 = random.pick(secondWords) + random.pick([0, 0, 0, 1, -1]);
    return [
      random.pick(firstWords),
      word1 | 0,
      random.pick([0, 0, -1, random.uint32() | 0]),
      random.below(3),
    ];
  };
  const set = ruleSet(
    Array.from({ length: 3000 }, (_, i) => {
      const bits = random.pick([48, 63, 64, 64, 64, 65, 96, 128]);
      const words = wordsNear().map(
        (word, at) => word & ~(bits - 32 * at >= 32 ? 0 : -1 >>> Math.max(bits - 32 * at, 0)),
      );
      return rule(`r${i}`, 'count', {
        match: { ...MATCH_ALL, ipVersion: 6, dst: [{ version: 6, words, bits }] },
      });
    }).reverse(),
  );
  const linear = linearOf(set);
  const compiled = compiledOf(set);
  const packet = Object.assign(new Packet(), { ipVersion: 6, protocol: 6, srcPort: 1024, dstPort: 23 });
  let wrong = 0;
  let matched = 0;
  for (let i = 0; i < 3000; i++) {
    const [dst0, dst1, dst2, dst3] = wordsNear();
    Object.assign(packet, { dst0, dst1, dst2, dst3 });
    const expected = linear.match(packet);
    if (compiled.match(packet) !== expected) wrong++;
    if (expected !== NO_MATCH) matched++;
  }
  t.equal(wrong, 0);
  t.ok(matched > 500 && matched < 3000, `${matched} of 3000 matched a rule`);
});

for (const { name, filters, trace } of SHARED_FILTERS) {
  t.test(
    `filter set ${name}: the position is that of the linear matcher for every header of its trace`,
    { skip: withoutSharedFilters },
    async (t) => {
      const set = readFilters(filters);
      const headers = readTrace(trace);
      const linear = linearOf(set);
      const compiled = compiledOf(set);
      const packet = beginTrace(new Packet());
      let wrong = 0;
      for (let at = 0; at < headers.length; at += HEADER_WORDS) {
        fillPacket(packet, headers, at);
        if (compiled.match(packet) !== linear.match(packet)) wrong++;
      }
      t.equal(wrong, 0, `${headers.length / HEADER_WORDS} headers`);
    },
  );
}
