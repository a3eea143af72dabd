import { Prng } from '../../src/source/demo/prng.js';
import {
  arp,
  ethernet,
  hopByHop,
  icmp,
  icmpv6,
  ipv4,
  ipv4Fragments,
  ipv6,
  ipv6Fragments,
  type NetworkPacket,
  sctp,
  type Transport,
  tcp,
  udp,
} from '../fixtures/frames.js';

/** Values near those that the rules of import-ruleset.ts ask for, and some far from them. */
const PORTS = [
  0, 1, 22, 25, 53, 67, 68, 80, 123, 443, 465, 587, 999, 1000, 1023, 1024, 2905, 3478, 4000, 5000, 5001, 5009,
  5010, 6000, 7000, 7001, 7009, 7010, 7999, 8000, 8050, 8051, 8080, 8090, 8091, 8099, 8100, 9000, 9001, 9002,
  9004, 9005, 9010, 9011, 40_000, 60_000, 60_001, 65_535,
];
const ADDRESSES_4 = [
  '10.0.0.0',
  '10.0.0.1',
  '10.0.0.53',
  '10.0.0.99',
  '10.0.0.100',
  '10.0.1.53',
  '10.1.0.1',
  '10.1.255.255',
  '10.2.3.4',
  '10.2.4.0',
  '10.3.0.1',
  '10.4.0.4',
  '10.4.0.5',
  '10.4.0.40',
  '10.4.0.41',
  '10.5.5.5',
  '10.6.7.8',
  '10.7.0.1',
  '10.8.0.1',
  '10.8.0.2',
  '10.8.0.9',
  '10.8.0.10',
  '10.8.1.200',
  '10.9.9.9',
  '192.0.2.1',
  '224.0.0.251',
];
const ADDRESSES_6 = [
  '2001:db8::1',
  '2001:db8::53',
  '2001:db8:1::1',
  '2001:db8:1:ffff::2',
  '2001:db8:2::6',
  '2001:db8:2::7',
  'fe80::1',
  'ff02::1',
];
const DSCPS = [0, 0, 0, 8, 10, 11, 12, 15, 16, 40, 46, 47];
const VLANS = [1, 99, 100, 199, 200, 205, 211, 300, 4094];
const ICMP_TYPES = [0, 3, 5, 8, 11, 13];
const ICMPV6_TYPES = [1, 128, 129, 134, 135, 136];
const GRE = 47;
/**
 * What fragments carry. nftables takes the first bytes of a later fragment for ports (Linux 6.18, all
 * families; in IPv6 the first of the IP header), where UPE knows of none: these make ports and flags that no
 * rule asks for which they reach.
 */
const PIECES = new Uint8Array(80).fill(0xee);

/**
 * Frames of both IP versions: TCP with any flags, UDP, SCTP, ICMP, GRE, ARP.
 *
 * @param seed the same frames for the same seed.
 * @param isVaried whether there are fragments and VLAN tags among them.
 */
export function randomFrames(seed: number, count: number, isVaried: boolean): Uint8Array[] {
  const random = new Prng(seed);
  const frames: Uint8Array[] = [];
  while (frames.length < count) {
    const isArp = random.fraction() < 0.01;
    // A rule that asks for a tag alone counts ARP as well at nftables; at UPE, ARP reaches no rule.
    const vlans = isVaried && !isArp && random.fraction() < 0.1 ? [{ id: random.pick(VLANS) }] : [];
    const packets = isArp ? [arp()] : randomPackets(random, isVaried);
    for (const payload of packets) frames.push(ethernet({ vlans, payload, minimumBytes: 60 }));
  }
  return frames.slice(0, count);
}

function randomPackets(random: Prng, isVaried: boolean): NetworkPacket[] {
  const isIpv4 = random.fraction() < 0.6;
  const isCut = isVaried && random.fraction() < 0.1;
  const ports = { srcPort: random.pick(PORTS), dstPort: random.pick(PORTS) };
  const whole =
    isCut && !isIpv4 ? sctp({ ...ports, payload: PIECES }) : randomTransport(random, isIpv4, ports);
  const payload = whole !== null && isCut && isIpv4 ? withPieces(whole) : whole;
  const addresses = isIpv4 ? ADDRESSES_4 : ADDRESSES_6;
  const fields = {
    src: random.pick(addresses),
    dst: random.pick(addresses),
    dscp: random.pick(DSCPS),
    payload: payload ?? new Uint8Array(40),
    ...(payload === null ? { protocol: GRE } : {}),
  };
  if (payload !== null && isCut) return isIpv4 ? ipv4Fragments(fields, 40) : ipv6Fragments(fields, 40);
  if (isIpv4) return [ipv4(fields)];
  return [ipv6(random.fraction() < 0.1 ? { ...fields, extensions: [hopByHop()] } : fields)];
}

function withPieces(transport: Transport): Transport {
  return { ...transport, bytes: Uint8Array.of(...transport.bytes, ...PIECES) };
}

/** null: GRE. */
function randomTransport(
  random: Prng,
  isIpv4: boolean,
  ports: { readonly srcPort: number; readonly dstPort: number },
): Transport | null {
  const kind = random.fraction();
  if (kind < 0.5) return tcp({ ...ports, flags: random.fraction() < 0.5 ? 2 : random.between(0, 255) });
  if (kind < 0.75) return udp(ports);
  if (kind < 0.83) return sctp(ports);
  if (kind > 0.96) return null;
  return isIpv4 ? icmp({ type: random.pick(ICMP_TYPES) }) : icmpv6({ type: random.pick(ICMPV6_TYPES) });
}
