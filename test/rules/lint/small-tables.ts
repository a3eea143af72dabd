import { ABSENT, Packet } from '../../../src/protocol/packet.js';
import type { Action, PortRange, Prefix, Rule, RuleMatch, RuleSet } from '../../../src/rules/rule.js';
import type { Random } from '../../protocol/random.js';
import { MATCH_ALL, rule, ruleSet } from '../build-rules.js';

/*
 * Small rule tables, and all packets that can be told apart by them: of every value that a rule may name there is a
 * packet, and one with a value that none of them names.
 */

const IPV4_NETWORKS: readonly Prefix[] = [
  ...[0, 1, 2, 3].map((host): Prefix => ({ version: 4, words: [0x0a000000 + host], bits: 32 })),
  { version: 4, words: [0x0a000000], bits: 31 },
  { version: 4, words: [0x0a000002], bits: 31 },
  { version: 4, words: [0x0a000000], bits: 30 },
  { version: 4, words: [0], bits: 0 },
];
const IPV6_NETWORKS: readonly Prefix[] = [
  ...[0, 1].map((host): Prefix => ({ version: 6, words: [0x20010db8, 0, 0, host], bits: 128 })),
  { version: 6, words: [0x20010db8, 0, 0, 0], bits: 127 },
  { version: 6, words: [0, 0, 0, 0], bits: 0 },
];
/** In words that a packet does not use. */
const LEFT_OVER = 7;
const IPV4_ADDRESSES = [0x0a000000, 0x0a000001, 0x0a000002, 0x0a000003, 0xc0000201 | 0].map((word) => [word]);
const IPV6_ADDRESSES = [
  [0x20010db8, 0, 0, 0],
  [0x20010db8, 0, 0, 1],
  [0x20010db8, 0, 1, 0],
];
const PORTS = [0, 1, 2, 65_535];
/** 99 is named by no rule; 44 is the fragment header of IPv6, which no whole packet of it ends in. */
const PROTOCOLS = [1, 6, 17, 44, 58, 99, 132];
const FLAG_BYTES = [0x00, 0x02, 0x10, 0x12];
const ICMP_TYPES = [0, 8, 255];
const DSCPS = [0, 46, 63];
const VLANS = [ABSENT, 1, 4095];
export const INTERFACES = ['lan', 'wan', 'other'];

const FIELDS = [
  'ipVersion',
  'protocols',
  'src',
  'dst',
  'srcPorts',
  'dstPorts',
  'tcpFlags',
  'icmpTypes',
  'dscps',
  'fragment',
  'vlans',
  'inInterfaces',
] as const;
type Field = (typeof FIELDS)[number];

/** A table whose rules name at most so many fields, and the fields. */
export interface SmallTable {
  readonly ruleSet: RuleSet;
  readonly fields: ReadonlySet<Field>;
}

/** A random table of 1 to 8 rules. */
export function smallTable(random: Random): SmallTable {
  const fields = new Set<Field>();
  for (let i = 1 + Math.min(random.below(4), random.below(4)); i > 0; i--) fields.add(random.pick(FIELDS));
  const rules: Rule[] = [];
  for (let i = 1 + random.below(8); i > 0; i--) {
    const action = random.pick<Action>(['count', 'drop', 'drop', 'forward', 'forward']);
    const outInterface = action === 'forward' && random.below(3) === 0 ? 'wan' : null;
    rules.push(rule(`r${rules.length}`, action, { outInterface, match: smallMatch(fields, random) }));
  }
  return { ruleSet: ruleSet(rules, random.pick<Action>(['count', 'drop', 'forward'])), fields };
}

function smallMatch(fields: ReadonlySet<Field>, random: Random): RuleMatch {
  const match: { -readonly [Own in keyof RuleMatch]: RuleMatch[Own] } = { ...MATCH_ALL };
  const version = random.pick([4, 4, 6, null] as const);
  const networks = [...(version === 6 ? [] : IPV4_NETWORKS), ...(version === 4 ? [] : IPV6_NETWORKS)];
  const isGiven = (field: Field) => fields.has(field) && random.below(4) !== 0;
  if (isGiven('ipVersion')) match.ipVersion = version;
  if (isGiven('src')) match.src = some(networks, random);
  if (isGiven('dst')) match.dst = some(networks, random);
  if (isGiven('protocols')) match.protocols = some(PROTOCOLS.slice(0, -1), random);
  if (isGiven('srcPorts')) match.srcPorts = portRanges(random);
  if (isGiven('dstPorts')) match.dstPorts = portRanges(random);
  if (isGiven('tcpFlags')) {
    const set = random.pick([0, 0x02, 0x10, 0x12]);
    match.tcpFlags = { set, clear: random.pick([0, 0x02, 0x10, 0x12]) & ~set };
  }
  if (isGiven('icmpTypes')) match.icmpTypes = some([0, 8], random);
  if (isGiven('dscps')) match.dscps = some([0, 46], random);
  if (isGiven('fragment')) match.fragment = random.below(2) === 0;
  if (isGiven('vlans')) match.vlans = some([1, 4095], random);
  if (isGiven('inInterfaces')) match.inInterfaces = some(['lan', 'wan'], random);
  return match;
}

/** One value or several, in their order. */
function some<T>(values: readonly T[], random: Random): readonly T[] {
  const one = random.below(values.length);
  return values.filter((_, i) => i === one || random.below(4) === 0);
}

function portRanges(random: Random): readonly PortRange[] {
  const low = random.below(3);
  const range = { low, high: low + random.below(3 - low) };
  return random.pick([
    [range],
    [range],
    [{ low: 0, high: 65_535 }],
    [
      { low: 0, high: 0 },
      { low: 2, high: 65_535 },
    ],
  ]);
}

/** Every packet that rules of the table may tell from the others, and no packet that the parser cannot find. */
export function* allPackets(fields: ReadonlySet<Field>): Generator<Packet> {
  const values = <T>(field: Field, all: readonly T[]) => (fields.has(field) ? all : all.slice(0, 1));
  for (const shape of packetShapes()) {
    const addresses = shape.ipVersion === 4 ? IPV4_ADDRESSES : IPV6_ADDRESSES;
    const ports = (field: Field) => (shape.hasPorts ? values(field, PORTS) : [ABSENT]);
    for (const src of values('src', addresses))
      for (const dst of values('dst', addresses))
        for (const srcPort of ports('srcPorts'))
          for (const dstPort of ports('dstPorts'))
            for (const tcpFlags of shape.hasFlags ? values('tcpFlags', FLAG_BYTES) : [ABSENT])
              for (const icmpType of shape.hasIcmpType ? values('icmpTypes', ICMP_TYPES) : [ABSENT])
                for (const dscp of values('dscps', DSCPS))
                  for (const vlan of values('vlans', VLANS))
                    for (const [interfaceIndex] of values('inInterfaces', [...INTERFACES.entries()]))
                      yield packetOf(shape, src, dst, {
                        srcPort,
                        dstPort,
                        tcpFlags,
                        icmpType,
                        dscp,
                        vlan,
                        interfaceIndex,
                      });
  }
}

type FurtherFields = Pick<
  Packet,
  'srcPort' | 'dstPort' | 'tcpFlags' | 'icmpType' | 'dscp' | 'vlan' | 'interfaceIndex'
>;

/**
 * Field by field: with `Object.assign`, which Node.js 20 does not optimise, the packets took two thirds of the test's
 * time.
 *
 * @param src, dst one word or four; where there is one, the others are left over from something else.
 */
function packetOf(
  shape: PacketShape,
  src: readonly number[],
  dst: readonly number[],
  further: FurtherFields,
): Packet {
  const packet = new Packet();
  packet.ipVersion = shape.ipVersion;
  packet.protocol = shape.protocol;
  packet.isFragment = shape.isFragment;
  packet.src0 = src[0];
  packet.src1 = src[1] ?? LEFT_OVER;
  packet.src2 = src[2] ?? LEFT_OVER;
  packet.src3 = src[3] ?? LEFT_OVER;
  packet.dst0 = dst[0];
  packet.dst1 = dst[1] ?? LEFT_OVER;
  packet.dst2 = dst[2] ?? LEFT_OVER;
  packet.dst3 = dst[3] ?? LEFT_OVER;
  packet.srcPort = further.srcPort;
  packet.dstPort = further.dstPort;
  packet.tcpFlags = further.tcpFlags;
  packet.icmpType = further.icmpType;
  packet.dscp = further.dscp;
  packet.vlan = further.vlan;
  packet.interfaceIndex = further.interfaceIndex;
  return packet;
}

interface PacketShape {
  readonly ipVersion: 4 | 6;
  readonly protocol: number;
  readonly isFragment: 0 | 1;
  readonly hasPorts: boolean;
  readonly hasFlags: boolean;
  readonly hasIcmpType: boolean;
}

/** What a packet's headers can hold together. */
function packetShapes(): PacketShape[] {
  const shapes: PacketShape[] = [];
  const none = { hasPorts: false, hasFlags: false, hasIcmpType: false };
  for (const ipVersion of [4, 6] as const)
    for (const isFragment of [0, 1] as const)
      for (const protocol of PROTOCOLS) {
        const own = { ipVersion, isFragment, protocol };
        if (protocol !== 44 || ipVersion === 4 || isFragment === 1) shapes.push({ ...own, ...none });
        if ([6, 17, 132].includes(protocol)) shapes.push({ ...own, ...none, hasPorts: true });
        if (protocol === 6) shapes.push({ ...own, ...none, hasPorts: true, hasFlags: true });
        if (protocol === 1 || protocol === 58) shapes.push({ ...own, ...none, hasIcmpType: true });
      }
  return shapes;
}
