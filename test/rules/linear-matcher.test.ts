import fc from 'fast-check';
import t from 'tap';
import { ABSENT, Packet } from '../../src/protocol/packet.js';
import { buildRuleTable } from '../../src/rules/build-rule-table.js';
import { FewRulesMatcher } from '../../src/rules/few-rules-matcher.js';
import { LinearMatcher } from '../../src/rules/linear-matcher.js';
import { type Matcher, NO_MATCH } from '../../src/rules/matcher.js';
import type { RuleSet } from '../../src/rules/rule.js';
import { RuleTable } from '../../src/rules/rule-table.js';
import { rule, ruleSet, ruleSetOf } from './build-rules.js';
import { naiveMatch } from './naive-matcher.js';
import { packetNear, randomRuleSet, SOURCE_INTERFACES } from './random-rules.js';

const RULE_SETS = 500;
const PACKETS_A_SET = 50;

/** The linear matcher, which the one for few rules has to agree with about each packet. */
function matcherOf(set: RuleSet): Matcher {
  const slots = set.rules.map((_, position) => position);
  const table = new RuleTable(buildRuleTable(set, slots, SOURCE_INTERFACES, 1));
  const linear = new LinearMatcher(table);
  const fewRules = new FewRulesMatcher(table);
  return {
    match(packet) {
      const position = linear.match(packet);
      const other = fewRules.match(packet);
      if (other !== position) throw new Error(`rule ${position} matches, and for few rules ${other}`);
      return position;
    },
  };
}

/** An IPv4 TCP packet between two hosts, but for what the test says. */
function packet(own: Partial<Packet>): Packet {
  return Object.assign(new Packet(), { ipVersion: 4, protocol: 6, srcPort: 1024, dstPort: 443 }, own);
}

/** IPv4 packets from an address that is given as one number. */
const from4 = (address: number) => packet({ src0: address | 0 });
/** IPv6 packets to an address that is given as four words. */
const to6 = (...[dst0, dst1, dst2, dst3]: number[]) =>
  packet({ ipVersion: 6, dst0: dst0 | 0, dst1: dst1 | 0, dst2: dst2 | 0, dst3: dst3 | 0 });

/** One rule, packets that it matches, and packets on the other side of its limits. */
const LIMITS: readonly { match: string; yes: Packet[]; no: Packet[] }[] = [
  {
    match: '{}',
    yes: [packet({}), packet({ ipVersion: 6, srcPort: ABSENT, tcpFlags: ABSENT, vlan: ABSENT })],
    no: [],
  },
  { match: '{ ip_version: 4 }', yes: [packet({})], no: [packet({ ipVersion: 6 })] },
  { match: '{ ip_version: 6 }', yes: [packet({ ipVersion: 6 })], no: [packet({})] },
  {
    match: '{ protocol: [0, tcp, 255] }',
    yes: [packet({ protocol: 0 }), packet({}), packet({ protocol: 255 })],
    no: [packet({ protocol: 1 }), packet({ protocol: 7 }), packet({ protocol: 254 })],
  },
  {
    match: '{ src: 0.0.0.0/0 }',
    yes: [from4(0), from4(0x7fffffff), from4(0x80000000), from4(0xffffffff)],
    no: [packet({ ipVersion: 6 })],
  },
  {
    match: '{ src: 128.0.0.0/1 }',
    yes: [from4(0x80000000), from4(0xffffffff)],
    no: [from4(0x7fffffff), from4(0)],
  },
  {
    match: '{ src: 192.168.1.2/31 }',
    yes: [from4(0xc0a80102), from4(0xc0a80103)],
    no: [from4(0xc0a80101), from4(0xc0a80104)],
  },
  {
    match: '{ src: 255.255.255.255/32 }',
    yes: [from4(0xffffffff)],
    no: [from4(0xfffffffe), from4(0x7fffffff)],
  },
  { match: '{ dst: "::/0" }', yes: [to6(0, 0, 0, 0), to6(-1, -1, -1, -1)], no: [packet({})] },
  {
    match: '{ dst: "8000::/1" }',
    yes: [to6(0x80000000, 0, 0, 0), to6(-1, 0, 0, 0)],
    no: [to6(0x7fffffff, -1, -1, -1)],
  },
  {
    match: '{ dst: "2001:db8::/31" }',
    yes: [to6(0x20010db8, 0, 0, 0), to6(0x20010db9, -1, -1, -1)],
    no: [to6(0x20010db7, -1, -1, -1), to6(0x20010dba, 0, 0, 0)],
  },
  {
    match: '{ dst: "2001:db8::/32" }',
    yes: [to6(0x20010db8, 0, 0, 0), to6(0x20010db8, -1, -1, -1)],
    no: [to6(0x20010db9, 0, 0, 0)],
  },
  {
    match: '{ dst: "2001:db8:8000::/33" }',
    yes: [to6(0x20010db8, 0x80000000, 0, 0), to6(0x20010db8, -1, -1, -1)],
    no: [to6(0x20010db8, 0x7fffffff, -1, -1)],
  },
  {
    match: '{ dst: "2001:db8::/64" }',
    yes: [to6(0x20010db8, 0, 0, 0), to6(0x20010db8, 0, -1, -1)],
    no: [to6(0x20010db8, 1, 0, 0)],
  },
  {
    match: '{ dst: "2001:db8::2/127" }',
    yes: [to6(0x20010db8, 0, 0, 2), to6(0x20010db8, 0, 0, 3)],
    no: [to6(0x20010db8, 0, 0, 1), to6(0x20010db8, 0, 0, 4)],
  },
  {
    match: '{ dst: "2001:db8::1/128" }',
    yes: [to6(0x20010db8, 0, 0, 1)],
    no: [to6(0x20010db8, 0, 0, 0), to6(0x20010db8, 0, 1, 1), to6(0x20010db8, 1, 0, 1), to6(0, 0, 0, 1)],
  },
  {
    match: '{ src: [10.0.0.0/8, "2001:db8::/32"] }',
    yes: [from4(0x0a000001), packet({ ipVersion: 6, src0: 0x20010db8 })],
    no: [from4(0x20010db8), packet({ ipVersion: 6, src0: 0x0a000001 })],
  },
  {
    match: '{ dst: ["::1", 10.0.0.0/8, 192.168.0.0/16, "fe80::/10"] }',
    yes: [
      to6(0, 0, 0, 1),
      packet({ dst0: 0x0a000001 }),
      packet({ dst0: 0xc0a80000 | 0 }),
      to6(0xfe800000, 0, 0, 0),
    ],
    no: [to6(0, 0, 0, 2), packet({ dst0: 0x0b000000 }), packet({ dst0: 0 }), to6(0x0a000000, 0, 0, 0)],
  },
  {
    match: '{ dst_port: 23 }',
    yes: [
      packet({ dstPort: 23 }),
      packet({ protocol: 17, dstPort: 23 }),
      packet({ protocol: 132, dstPort: 23 }),
    ],
    no: [
      packet({ dstPort: 22 }),
      packet({ dstPort: 24 }),
      packet({ srcPort: 23 }),
      packet({ dstPort: ABSENT }),
    ],
  },
  {
    match: '{ src_port: 0-65535 }',
    yes: [packet({ srcPort: 0 }), packet({ srcPort: 65535 })],
    no: [packet({ srcPort: ABSENT }), packet({ protocol: 1 })],
  },
  {
    match: '{ src_port: [0, 1024-2048, 65535] }',
    yes: [0, 1024, 2048, 65535].map((srcPort) => packet({ srcPort })),
    no: [ABSENT, 1, 1023, 2049, 65534].map((srcPort) => packet({ srcPort })),
  },
  {
    match: '{ tcp_flags: "syn,!ack" }',
    yes: [packet({ tcpFlags: 0x02 }), packet({ tcpFlags: 0xef })],
    no: [
      packet({ tcpFlags: 0x12 }),
      packet({ tcpFlags: 0 }),
      packet({ tcpFlags: 0xff }),
      packet({ tcpFlags: ABSENT }),
    ],
  },
  {
    match: '{ tcp_flags: "!rst" }',
    yes: [packet({ tcpFlags: 0 }), packet({ tcpFlags: 0xfb })],
    no: [packet({ tcpFlags: 0x04 }), packet({ tcpFlags: ABSENT })],
  },
  {
    match: '{ tcp_flags: fin }',
    yes: [packet({ tcpFlags: 0x01 })],
    no: [packet({ tcpFlags: 0x02 }), packet({ tcpFlags: ABSENT }), packet({ protocol: 17, tcpFlags: 1 })],
  },
  {
    match: '{ icmp_type: [0, 255] }',
    yes: [packet({ protocol: 1, icmpType: 0 }), packet({ protocol: 58, ipVersion: 6, icmpType: 255 })],
    no: [
      packet({ protocol: 1, icmpType: 1 }),
      packet({ protocol: 1, icmpType: ABSENT }),
      packet({ icmpType: 0 }),
    ],
  },
  {
    match: '{ dscp: [0, 63] }',
    yes: [packet({ dscp: 0 }), packet({ dscp: 63 })],
    no: [packet({ dscp: 1 }), packet({ dscp: 62 })],
  },
  { match: '{ fragment: true }', yes: [packet({ isFragment: 1 })], no: [packet({ isFragment: 0 })] },
  { match: '{ fragment: false }', yes: [packet({ isFragment: 0 })], no: [packet({ isFragment: 1 })] },
  {
    match: '{ vlan: [1, 4094] }',
    yes: [packet({ vlan: 1 }), packet({ vlan: 4094 })],
    no: [packet({ vlan: ABSENT }), packet({ vlan: 0 }), packet({ vlan: 2 }), packet({ vlan: 4095 })],
  },
  {
    match: '{ in_interface: eth1 }',
    yes: [packet({ interfaceIndex: 1 })],
    no: [packet({ interfaceIndex: 0 }), packet({ interfaceIndex: 2 })],
  },
  {
    match: '{ in_interface: [wlan9, eth2] }',
    yes: [packet({ interfaceIndex: 2 })],
    no: [packet({ interfaceIndex: 0 }), packet({ interfaceIndex: 1 })],
  },
  {
    match: '{ in_interface: wlan9 }',
    yes: [],
    no: [0, 1, 2].map((interfaceIndex) => packet({ interfaceIndex })),
  },
  {
    match: '{ src: 10.0.0.0/8, protocol: tcp, dst_port: 443, tcp_flags: syn, vlan: 7 }',
    yes: [packet({ src0: 0x0a000001, tcpFlags: 2, vlan: 7 })],
    no: [
      packet({ src0: 0x0b000001, tcpFlags: 2, vlan: 7 }),
      packet({ src0: 0x0a000001, tcpFlags: 2, vlan: 7, protocol: 17 }),
      packet({ src0: 0x0a000001, tcpFlags: 2, vlan: 7, dstPort: 80 }),
      packet({ src0: 0x0a000001, tcpFlags: 4, vlan: 7 }),
      packet({ src0: 0x0a000001, tcpFlags: 2, vlan: ABSENT }),
    ],
  },
];

for (const { match, yes, no } of LIMITS) {
  t.test(`a rule with the match ${match} draws its line where the file says`, async (t) => {
    const set = ruleSetOf(match);
    const matcher = matcherOf(set);
    for (const [expected, packets] of [
      [0, yes],
      [NO_MATCH, no],
    ] as const) {
      for (const one of packets) {
        t.equal(matcher.match(one), expected, `linear: ${JSON.stringify(one)}`);
        t.equal(naiveMatch(set, SOURCE_INTERFACES, one), expected, `naive: ${JSON.stringify(one)}`);
      }
    }
  });
}

t.test('the first of several rules that match wins', async (t) => {
  const telnet = ruleSetOf('{ dst_port: 23 }').rules[0];
  const matcher = matcherOf(ruleSet([telnet, rule('all'), telnet, rule('all-again')]));
  t.equal(matcher.match(packet({ dstPort: 23 })), 0);
  t.equal(matcher.match(packet({ dstPort: 24 })), 1);
});

t.test('an empty table matches nothing', async (t) => {
  t.equal(matcherOf(ruleSet([])).match(packet({})), NO_MATCH);
});

t.test(
  'the position is that of the naive matcher, for random rules and packets at their limits',
  async (t) => {
    let pairs = 0;
    let matched = 0;
    const setWithPackets = randomRuleSet.chain((set) =>
      fc.tuple(
        fc.constant(set),
        fc.array(packetNear(set), { minLength: PACKETS_A_SET, maxLength: PACKETS_A_SET }),
      ),
    );
    const property = fc.property(setWithPackets, ([set, packets]) => {
      const matcher = matcherOf(set);
      for (const one of packets) {
        const expected = naiveMatch(set, SOURCE_INTERFACES, one);
        const actual = matcher.match(one);
        if (actual !== expected)
          throw new Error(`position ${actual}, not ${expected}: ${JSON.stringify(one)}`);
        pairs++;
        if (expected !== NO_MATCH) matched++;
      }
    });
    fc.assert(property, { numRuns: RULE_SETS });
    t.ok(pairs >= 20_000, `${pairs} packets judged`);
    // Otherwise the packets do not lie near the rules, and the property says little.
    t.ok(matched > pairs / 5 && matched < (pairs * 4) / 5, `${matched} of them matched a rule`);
  },
);
