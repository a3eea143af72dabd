import { ABSENT, Packet } from '../../src/protocol/packet.js';
import type { PortRange, Prefix, Rule, RuleMatch, RuleSet } from '../../src/rules/rule.js';
import { Random } from '../protocol/random.js';
import { MATCH_ALL, rule, ruleSet } from './build-rules.js';

/*
 * Rule sets made to hurt a matcher that intersects bit rows, each aiming at one of its promises, and
 * packets that hurt with them.
 */

/** One kind of harm: what a rule of it says. */
export interface Harm {
  readonly name: string;
  readonly match: (random: Random, position: number) => Partial<RuleMatch>;
}

const IPV4_BITS = 32;

/** The IPv4 prefix of an address. */
function prefix4(address: number, bits: number): readonly Prefix[] | null {
  if (bits === 0) return null;
  return [
    { version: 4, words: [bits === IPV4_BITS ? address | 0 : address & (-1 << (IPV4_BITS - bits))], bits },
  ];
}

function prefix6(words: readonly number[], bits: number): readonly Prefix[] {
  const masked = words.map((word, i) => {
    const own = bits - i * 32;
    return own <= 0 ? 0 : own >= 32 ? word | 0 : word & (-1 << (32 - own));
  });
  return [{ version: 6, words: masked, bits }];
}

function range(random: Random, width: number): readonly PortRange[] {
  const low = random.below(65_536 - width);
  return [{ low, high: low + width }];
}

function anyRange(random: Random): readonly PortRange[] {
  const [a, b] = [random.below(65_536), random.below(65_536)];
  return [{ low: Math.min(a, b), high: Math.max(a, b) }];
}

/** A part of all values, so that every field leaves over some rules of each word, and all together none. */
const THIN_PORTS = 5461;

/** Parts of a field's values, a sixth of them, here and there; at least one. */
function sixth(random: Random, parts: number): number[] {
  const one = random.below(parts);
  return Array.from({ length: parts }, (_, part) => part).filter(
    (part) => part === one || random.below(6) === 0,
  );
}

function portParts(random: Random): readonly PortRange[] {
  return sixth(random, 32).map((part) => ({
    low: part * 2048,
    high: part * 2048 + 2047,
  }));
}

function addressParts(random: Random): readonly Prefix[] {
  return sixth(random, 32).map((part) => ({ version: 4 as const, words: [part << 27], bits: 5 }));
}

/**
 * The worst there is for a matcher of bit rows: each rule holds for a sixth of each field's values, so that
 * every word has a rule for any value of any field, and hardly one for all of them.
 */
export const SIXTHS: Harm = {
  name: 'a sixth of five fields, as lists',
  match: (random) => ({
    ipVersion: 4,
    src: addressParts(random),
    dst: addressParts(random),
    srcPorts: portParts(random),
    dstPorts: portParts(random),
    dscps: sixth(random, 64),
  }),
};

export const HARMS: readonly Harm[] = [
  SIXTHS,
  {
    name: 'random port ranges',
    match: (random) => ({
      protocols: [random.pick([6, 17])],
      srcPorts: anyRange(random),
      dstPorts: anyRange(random),
    }),
  },
  {
    name: 'a twelfth of each field',
    match: (random) => ({
      ipVersion: 4,
      src: prefix4(random.uint32(), 4),
      dst: prefix4(random.uint32(), 4),
      srcPorts: range(random, THIN_PORTS),
      dstPorts: range(random, THIN_PORTS),
      protocols: [random.pick([6, 17, 132])],
    }),
  },
  {
    name: 'a quarter of each field',
    match: (random) => ({
      ipVersion: 4,
      src: prefix4(random.uint32(), 2),
      dst: prefix4(random.uint32(), 2),
      srcPorts: range(random, 16_384),
      dstPorts: range(random, 16_384),
    }),
  },
  {
    name: 'wildcards',
    match: (random) => (random.below(20) === 0 ? { dscps: [random.below(64)] } : {}),
  },
  {
    name: 'a twelfth of the ports',
    match: (random) => ({
      protocols: [6],
      srcPorts: range(random, THIN_PORTS),
      dstPorts: range(random, THIN_PORTS),
    }),
  },
  {
    name: 'nested prefixes',
    match: (random) => ({
      ipVersion: 4,
      src: prefix4(0x0a0a0a0a ^ (1 << random.below(8)), random.below(33)),
      dst: prefix4(0xc0a8c0a8 ^ (1 << random.below(8)), random.below(33)),
      dstPorts: range(random, random.below(1000)),
    }),
  },
  {
    name: 'source or destination',
    match: (random, position) => ({
      ipVersion: 4,
      src: position % 2 === 0 ? null : prefix4(random.uint32(), 16 + random.below(17)),
      dst: position % 2 === 1 ? null : prefix4(random.uint32(), 16 + random.below(17)),
    }),
  },
  {
    name: 'shared sources',
    match: (random, position) => ({
      ipVersion: 4,
      src: prefix4(position << 27, 5),
      dst: prefix4(random.uint32(), 3 + random.below(30)),
      dstPorts: range(random, 4000),
    }),
  },
  {
    name: 'all rare fields',
    match: (random) => ({
      tcpFlags: { set: random.below(64), clear: 0 },
      dscps: [random.below(64), random.below(64)],
      vlans: [random.below(4096), random.below(4096)],
      dstPorts: anyRange(random),
      protocols: [6],
    }),
  },
  {
    name: 'IPv6 prefixes',
    match: (random) => {
      const words = [0x20010db8, random.below(16), random.uint32(), random.uint32()];
      return {
        ipVersion: 6,
        src: prefix6(words, random.below(129)),
        dst: prefix6([0x20010db8, random.uint32(), 0, 0], 16 + random.below(100)),
        dstPorts: range(random, 1000),
      };
    },
  },
];

export function adversarialRules(harm: Harm, count: number, seed: number): RuleSet {
  const random = new Random(seed);
  const rules: Rule[] = [];
  for (let i = 0; i < count; i++) {
    rules.push(rule(`r${i}`, 'count', { match: { ...MATCH_ALL, ...harm.match(random, i) } }));
  }
  return ruleSet(rules);
}

/** A packet that mixes what several rules of the set want, so that each field finds its rules. */
export function mixedPacket(set: RuleSet, random: Random): Packet {
  const one = () => random.pick(set.rules).match;
  const version = one().ipVersion ?? random.pick([4, 6]);
  const src = addressIn(one().src, version, random);
  const dst = addressIn(one().dst, version, random);
  const protocol = random.pick(one().protocols ?? [6, 17, 1]);
  return Object.assign(new Packet(), {
    ipVersion: version,
    protocol,
    ...{ src0: src[0], src1: src[1], src2: src[2], src3: src[3] },
    ...{ dst0: dst[0], dst1: dst[1], dst2: dst[2], dst3: dst[3] },
    srcPort: portIn(one().srcPorts, random),
    dstPort: portIn(one().dstPorts, random),
    tcpFlags: protocol === 6 ? (one().tcpFlags?.set ?? random.below(256)) : ABSENT,
    dscp: random.pick(one().dscps ?? [random.below(64)]),
    vlan: random.pick(one().vlans ?? [ABSENT]),
  });
}

function addressIn(prefixes: readonly Prefix[] | null, version: number, random: Random): number[] {
  const own = prefixes?.filter((prefix) => prefix.version === version) ?? [];
  const prefix = own.length === 0 ? undefined : random.pick(own);
  return [0, 1, 2, 3].map((i) => {
    const bits = (prefix?.bits ?? 0) - i * 32;
    const word = prefix?.words[i] ?? 0;
    if (bits >= 32) return word;
    return bits <= 0 ? random.uint32() | 0 : word | (random.uint32() >>> bits);
  });
}

function portIn(ranges: readonly PortRange[] | null, random: Random): number {
  if (ranges === null) return random.below(65_536);
  const { low, high } = random.pick(ranges);
  return random.pick([low, high, low + random.below(high - low + 1)]);
}
