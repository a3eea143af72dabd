import fc from 'fast-check';
import { ABSENT, Packet } from '../../src/protocol/packet.js';
import type { PortRange, Prefix, RuleMatch, RuleSet } from '../../src/rules/rule.js';
import { rule, ruleSet } from './build-rules.js';
import { addressNumber } from './naive-matcher.js';

/*
 * Random rule sets and packets that lie near them. The rules draw from few values, so that they
 * overlap; the packets draw from the values at which some rule of the set changes its mind.
 */

const PROTOCOLS = [1, 6, 17, 50, 58, 132];
/** `wlan9` is not among the source's interfaces. */
export const SOURCE_INTERFACES: readonly string[] = ['eth0', 'eth1', 'eth2'];
const RULE_INTERFACES = ['eth0', 'eth1', 'wlan9'];

const NETWORKS: { readonly [version in 4 | 6]: readonly bigint[] } = {
  4: [0n, 0x0a000000n, 0x7fffffffn, 0x80000000n, 0xc0a80180n, 0xffffffffn],
  6: [
    0n,
    0x2001_0db8_7fff_ffff_ffff_ffff_ffff_ffffn,
    0x2001_0db8_8000_0000_8000_0000_8000_0001n,
    0xffff_ffff_ffff_ffff_ffff_ffff_ffff_ffffn,
  ],
};
const PREFIX_BITS: { readonly [version in 4 | 6]: readonly number[] } = {
  4: [0, 1, 8, 24, 31, 32],
  6: [0, 1, 31, 32, 33, 63, 64, 65, 96, 127, 128],
};
const ADDRESS_BITS = { 4: 32, 6: 128 } as const;

/** The signed 32-bit words of an address. */
function addressWords(version: 4 | 6, address: bigint): number[] {
  const words: number[] = [];
  for (let shift = ADDRESS_BITS[version] - 32; shift >= 0; shift -= 32) {
    words.push(Number(BigInt.asIntN(32, address >> BigInt(shift))));
  }
  return words;
}

function prefixOf(version: 4 | 6): fc.Arbitrary<Prefix> {
  return fc
    .tuple(fc.constantFrom(...NETWORKS[version]), fc.constantFrom(...PREFIX_BITS[version]))
    .map(([address, bits]) => {
      const hostBits = BigInt(ADDRESS_BITS[version] - bits);
      return { version, bits, words: addressWords(version, (address >> hostBits) << hostBits) };
    });
}

/** A list of networks that a rule of this family may have; of both versions where it has none. */
function prefixList(family: 4 | 6 | null): fc.Arbitrary<Prefix[] | null> {
  const list =
    family === null
      ? fc
          .tuple(
            fc.array(prefixOf(4), { minLength: 1, maxLength: 2 }),
            fc.array(prefixOf(6), { minLength: 1, maxLength: 2 }),
          )
          .map(([ipv4, ipv6]) => [...ipv6, ...ipv4])
      : fc.array(prefixOf(family), { minLength: 1, maxLength: 3 });
  return fc.option(list, { freq: 2 });
}

const port = fc.constantFrom(0, 1, 22, 23, 24, 1023, 1024, 65534, 65535);
const portRanges: fc.Arbitrary<PortRange[]> = fc.array(
  fc.tuple(port, port).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) })),
  { minLength: 1, maxLength: 3 },
);
const flagByte = fc.integer({ min: 0, max: 255 });

/** Fields are absent more often than not: a rule that gives many of them matches next to nothing. */
function seldom<T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: values });
}

function listOf(values: readonly number[]): fc.Arbitrary<number[] | null> {
  return seldom(fc.subarray([...values], { minLength: 1 }));
}

const match: fc.Arbitrary<RuleMatch> = fc.constantFrom<4 | 6 | null>(4, 6, null).chain((family) =>
  fc.record({
    ipVersion: fc.constant(family),
    protocols: listOf(PROTOCOLS),
    src: prefixList(family),
    dst: prefixList(family),
    srcPorts: seldom(portRanges),
    dstPorts: seldom(portRanges),
    tcpFlags: seldom(
      fc.tuple(flagByte, flagByte).map(([some, others]) => ({ set: some & others, clear: some & ~others })),
    ),
    icmpTypes: listOf([0, 8, 128, 255]),
    dscps: listOf([0, 46, 63]),
    fragment: seldom(fc.boolean()),
    vlans: listOf([0, 1, 100, 4095]),
    inInterfaces: seldom(fc.subarray([...RULE_INTERFACES], { minLength: 1 })),
  }),
);

/** From no rule at all to a dozen; some sets hold the same match twice. */
export const randomRuleSet: fc.Arbitrary<RuleSet> = fc
  .tuple(fc.array(match, { maxLength: 8 }), fc.nat({ max: 4 }))
  .map(([matches, repeated]) =>
    ruleSet(
      [...matches, ...matches.slice(0, repeated)].map((own, i) => rule(`r${i}`, 'count', { match: own })),
    ),
  );

/** The first and the last address of every network, and their neighbours outside. */
function edgeAddresses(prefixes: readonly Prefix[], version: 4 | 6): number[][] {
  const width = ADDRESS_BITS[version];
  const edges = prefixes
    .filter((prefix) => prefix.version === version)
    .flatMap(({ words, bits }) => {
      const first = addressNumber(words);
      const last = first + (1n << BigInt(width - bits)) - 1n;
      return [first - 1n, first, last, last + 1n];
    });
  return [...edges, ...NETWORKS[version]].map((edge) => addressWords(version, BigInt.asUintN(width, edge)));
}

function edgePorts(ranges: readonly PortRange[]): number[] {
  const edges = ranges.flatMap(({ low, high }) => [low - 1, low, high, high + 1]);
  return [ABSENT, 0, 443, 65535, ...edges.filter((edge) => edge >= 0 && edge <= 65535)];
}

/** Every value that the rules name for a field. */
function named<T>(set: RuleSet, valuesOf: (own: RuleMatch) => readonly T[] | null): T[] {
  return set.rules.flatMap((own) => valuesOf(own.match) ?? []);
}

/** A packet near the limits of the set's rules. */
export function packetNear(set: RuleSet): fc.Arbitrary<Packet> {
  const src = named(set, (own) => own.src);
  const dst = named(set, (own) => own.dst);
  const flags = named(
    set,
    (own) => own.tcpFlags && [own.tcpFlags.set, own.tcpFlags.set | own.tcpFlags.clear],
  );
  const ofVersion = (version: 4 | 6) =>
    fc.tuple(
      fc.constant(version),
      fc.constantFrom(...edgeAddresses(src, version)),
      fc.constantFrom(...edgeAddresses(dst, version)),
    );
  return fc
    .record({
      addresses: fc.oneof(ofVersion(4), ofVersion(6)),
      protocol: fc.constantFrom(...PROTOCOLS, 255),
      srcPort: fc.constantFrom(...edgePorts(named(set, (own) => own.srcPorts))),
      dstPort: fc.constantFrom(...edgePorts(named(set, (own) => own.dstPorts))),
      tcpFlags: fc.constantFrom(ABSENT, 0, 255, ...flags),
      icmpType: fc.constantFrom(ABSENT, 0, 1, 8, 128, 255),
      dscp: fc.constantFrom(0, 1, 46, 63),
      isFragment: fc.constantFrom(0, 1),
      vlan: fc.constantFrom(ABSENT, 0, 1, 100, 4095),
      interfaceIndex: fc.nat({ max: SOURCE_INTERFACES.length - 1 }),
      /** What an earlier packet of the other version left in the address words. */
      leftOver: fc.integer({ min: -1, max: 1 }),
    })
    .map(({ addresses: [ipVersion, from, to], leftOver, ...fields }) => {
      const [src0, src1 = leftOver, src2 = leftOver, src3 = leftOver] = from;
      const [dst0, dst1 = leftOver, dst2 = leftOver, dst3 = leftOver] = to;
      const words = { src0, src1, src2, src3, dst0, dst1, dst2, dst3 };
      return Object.assign(new Packet(), { ipVersion }, words, fields);
    });
}
