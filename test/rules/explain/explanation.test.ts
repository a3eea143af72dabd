import fc from 'fast-check';
import t from 'tap';
import type { Packet } from '../../../src/protocol/packet.js';
import { buildRuleTable } from '../../../src/rules/build-rule-table.js';
import {
  type ExplainableTable,
  type Explanation,
  explain,
  obstacleOf,
} from '../../../src/rules/explain/explanation.js';
import { type KnownPacket, knownPacketOf, UNKNOWN } from '../../../src/rules/explain/known-packet.js';
import { LinearMatcher } from '../../../src/rules/linear-matcher.js';
import type { MatchField } from '../../../src/rules/match-fields.js';
import { NO_MATCH } from '../../../src/rules/matcher.js';
import type { RuleMatch, RuleSet } from '../../../src/rules/rule.js';
import { RuleTable } from '../../../src/rules/rule-table.js';
import { MATCH_ALL, rule, ruleSet } from '../build-rules.js';
import { naiveMatch } from '../naive-matcher.js';
import { packetNear, randomRuleSet, SOURCE_INTERFACES } from '../random-rules.js';
import { NOTHING_KNOWN } from './nothing-known.js';

function explainable(set: RuleSet): ExplainableTable {
  const slots = set.rules.map((_, position) => position);
  const table = new RuleTable(buildRuleTable(set, slots, SOURCE_INTERFACES, 1, null));
  const rules = set.rules.map(({ name, action, outInterface }) => ({ rule: name, action, outInterface }));
  return { table, rules, interfaces: SOURCE_INTERFACES };
}

/** The position of the rule that decides; `NO_MATCH` for the default action; fails the test where it is not told. */
function decidedBy({ deciding }: Explanation): number {
  if (deciding.length !== 1) throw new Error(`${deciding.length} rules may decide`);
  return deciding[0]?.position ?? NO_MATCH;
}

const setAndPacket = randomRuleSet.chain((set) => fc.tuple(fc.constant(set), packetNear(set)));

/** The parts of a match that belong to a field; the others match everything. */
const PARTS: { readonly [Field in MatchField]: readonly (keyof RuleMatch)[] } = {
  ip_version: ['ipVersion'],
  protocol: ['protocols'],
  src: ['src'],
  dst: ['dst'],
  src_port: ['srcPorts'],
  dst_port: ['dstPorts'],
  tcp_flags: ['tcpFlags'],
  icmp_type: ['icmpTypes'],
  dscp: ['dscps'],
  fragment: ['fragment'],
  vlan: ['vlans'],
  in_interface: ['inInterfaces'],
};

function onlyField(match: RuleMatch, field: MatchField): RuleSet {
  const parts = Object.fromEntries(PARTS[field].map((part) => [part, match[part]]));
  return ruleSet([rule('only', 'count', { match: { ...MATCH_ALL, ...parts } })]);
}

t.test('the rule that decides is the one that the engine finds', (t) => {
  fc.assert(
    fc.property(setAndPacket, ([set, packet]) => {
      const own = explainable(set);
      const decided = decidedBy(explain(own, knownPacketOf(packet), false));
      const expected = new LinearMatcher(own.table).match(packet);
      return decided === expected && expected === naiveMatch(set, SOURCE_INTERFACES, packet);
    }),
    { numRuns: 3000 },
  );
  t.end();
});

t.test('every rule is said to match or not as it does by itself, and by a field that does not hold', (t) => {
  fc.assert(
    fc.property(setAndPacket, ([set, packet]) => {
      const table = explainable(set);
      const { rules } = explain(table, knownPacketOf(packet), true);
      if (rules.length !== set.rules.length) throw new Error('a rule is missing');
      for (const own of rules) {
        const alone = ruleSet([set.rules[own.position]]);
        const matches = naiveMatch(alone, SOURCE_INTERFACES, packet) !== NO_MATCH;
        if ((own.result === 'match') !== matches) return false;
        if (own.criterion === null) {
          if (!matches) return false;
          continue;
        }
        const obstacle = obstacleOf(table, knownPacketOf(packet), own.criterion);
        const field = onlyField(set.rules[own.position].match, obstacle.field);
        if (naiveMatch(field, SOURCE_INTERFACES, packet) !== NO_MATCH) return false;
      }
      return true;
    }),
    { numRuns: 3000 },
  );
  t.end();
});

t.test('without the rest only the rules up to the match are listed', (t) => {
  fc.assert(
    fc.property(setAndPacket, ([set, packet]) => {
      const own = explainable(set);
      const some = explain(own, knownPacketOf(packet), false);
      const all = explain(own, knownPacketOf(packet), true);
      const decided = decidedBy(some);
      t.strictSame(some.rules, all.rules.slice(0, decided === NO_MATCH ? undefined : decided + 1));
      t.strictSame(some.deciding, all.deciding);
      t.ok(
        all.rules.every((line) => line.isBehindMatch === (decided !== NO_MATCH && line.position > decided)),
      );
    }),
    { numRuns: 200 },
  );
  t.end();
});

/** The packet, with those fields forgotten. */
function forget(packet: Packet, fields: ReadonlySet<MatchField>): KnownPacket {
  const known = knownPacketOf(packet);
  // Of the protocol one may know nothing, or that it is one of some.
  const some = [...new Set([6, 17, packet.protocol])].sort((a, b) => a - b);
  const others = fields.has('dscp') ? null : some;
  const keep = (field: MatchField, value: number) => (fields.has(field) ? UNKNOWN : value);
  const noAddress = fields.has('src') && fields.has('dst');
  return {
    ipVersion: noAddress && fields.has('ip_version') ? UNKNOWN : known.ipVersion,
    protocols: fields.has('protocol') ? others : known.protocols,
    src: fields.has('src') ? null : known.src,
    dst: fields.has('dst') ? null : known.dst,
    srcPort: keep('src_port', known.srcPort),
    dstPort: keep('dst_port', known.dstPort),
    tcpFlags: keep('tcp_flags', known.tcpFlags),
    icmpType: keep('icmp_type', known.icmpType),
    dscp: keep('dscp', known.dscp),
    isFragment: keep('fragment', known.isFragment),
    vlan: keep('vlan', known.vlan),
    interfaceIndex: keep('in_interface', known.interfaceIndex),
  };
}

t.test('of a packet that is known in part, nothing is said that the whole packet contradicts', (t) => {
  const fields = fc.subarray(Object.keys(PARTS) as MatchField[]).map((names) => new Set(names));
  let untold = 0;
  fc.assert(
    fc.property(setAndPacket, fields, ([set, packet], forgotten) => {
      const table = explainable(set);
      const known = forget(packet, forgotten);
      const explanation = explain(table, known, true);
      for (const { position, result, criterion } of explanation.rules) {
        const alone = ruleSet([set.rules[position]]);
        const matches = naiveMatch(alone, SOURCE_INTERFACES, packet) !== NO_MATCH;
        if (result === 'match' && !matches) return false;
        if (result === 'no_match' && matches) return false;
        if (result !== 'cannot_tell') continue;
        untold++;
        const { field, has } = obstacleOf(table, known, criterion!);
        if (!forgotten.has(field) || (field !== 'protocol' && has !== 'not known')) return false;
      }
      // The rule that takes the whole packet is among those that may.
      const expected = naiveMatch(set, SOURCE_INTERFACES, packet);
      return explanation.deciding.some((own) => (own?.position ?? NO_MATCH) === expected);
    }),
    { numRuns: 3000 },
  );
  t.ok(untold > 100, `${untold} rules could not be told`);
  t.end();
});

t.test('a rule that holds whatever the packet has is no matter of what is not known', (t) => {
  const anywhere = [
    { version: 4, words: [0], bits: 0 },
    { version: 6, words: [0, 0, 0, 0], bits: 0 },
  ] as const;
  const set = ruleSet([rule('all', 'drop', { match: { ...MATCH_ALL, src: anywhere, dst: anywhere } })]);
  t.equal(decidedBy(explain(explainable(set), NOTHING_KNOWN, false)), 0);
  t.end();
});
