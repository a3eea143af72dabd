import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import {
  arp,
  authenticationHeader,
  destinationOptions,
  type ExtensionHeader,
  ethernet,
  fragmentHeader,
  hopByHop,
  icmp,
  icmpv6,
  ipv4,
  ipv4Fragments,
  ipv6,
  ipv6Fragments,
  type NetworkPacket,
  routingHeader,
  sctp,
  tcp,
  udp,
} from '../fixtures/frames.js';
import { LINK_TYPES, linkFrame } from './link-frames.js';

/** A frame to cut, bend and break. */
export interface SampleFrame {
  readonly name: string;
  readonly linkType: number;
  readonly bytes: Uint8Array;
}

/** Mobility, Host Identity and Shim6 are laid out like the others: next header, length, anything. */
export function plainExtension(protocol: number, units = 0): ExtensionHeader {
  const bytes = new Uint8Array((units + 1) * 8);
  bytes[1] = units;
  return { protocol, bytes };
}

const text = new TextEncoder().encode('payload');
const long = new Uint8Array(40).fill(0x5a);
const tcpOptions = Uint8Array.of(2, 4, 5, 180, 1, 1, 4, 2);
const ipOptions = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0);

const PACKETS: Readonly<Record<string, NetworkPacket>> = {
  'ipv4 tcp': ipv4({ payload: tcp({ options: tcpOptions, payload: text }), dscp: 46 }),
  'ipv4 udp': ipv4({ payload: udp({ payload: text }) }),
  'ipv4 icmp': ipv4({ payload: icmp({ payload: text }) }),
  'ipv4 sctp': ipv4({ payload: sctp() }),
  'ipv4 unknown protocol': ipv4({ payload: text }),
  'ipv4 ah': ipv4({ protocol: 51, payload: authenticationHeader().bytes }),
  'ipv4 options tcp': ipv4({ options: ipOptions, payload: tcp() }),
  'ipv4 most options udp': ipv4({ options: new Uint8Array(40).fill(1), payload: udp() }),
  'ipv4 length 0 udp': ipv4({ totalLength: 0, payload: udp({ length: 0, payload: text }) }),
  'ipv6 tcp': ipv6({ payload: tcp({ options: tcpOptions, payload: text }), dscp: 10 }),
  'ipv6 udp': ipv6({ payload: udp({ payload: text }) }),
  'ipv6 icmpv6': ipv6({ payload: icmpv6({ payload: text }) }),
  'ipv6 sctp': ipv6({ payload: sctp() }),
  'ipv6 no next header': ipv6({ protocol: 59, payload: new Uint8Array(0) }),
  'ipv6 length 0 tcp': ipv6({ payloadLength: 0, payload: tcp({ payload: text }) }),
  'ipv6 chain': ipv6({
    extensions: [hopByHop(1), routingHeader({ units: 2 }), destinationOptions(), plainExtension(135, 1)],
    payload: tcp(),
  }),
  'ipv6 hip shim6': ipv6({ extensions: [plainExtension(139), plainExtension(140)], payload: udp() }),
  'ipv6 atomic fragment': ipv6({ extensions: [fragmentHeader()], payload: tcp() }),
  'ipv6 options around fragment': ipv6({
    extensions: [hopByHop(), fragmentHeader({ more: true }), destinationOptions()],
    payload: udp({ length: 1000, payload: text }),
  }),
  'ipv6 ah tcp': ipv6({ extensions: [hopByHop(), authenticationHeader()], payload: tcp() }),
  'ipv6 sixteen extensions': ipv6({
    extensions: Array.from({ length: 16 }, () => hopByHop()),
    payload: udp(),
  }),
  'ipv6 half a fragment header': ipv6({ nextHeader: 44, payload: new Uint8Array(4) }),
  arp: arp(),
};

const FRAGMENTS: readonly (readonly [string, readonly NetworkPacket[]])[] = [
  ['ipv4 udp fragment', ipv4Fragments({ payload: udp({ payload: long }) }, 16)],
  ['ipv4 tcp fragment', ipv4Fragments({ payload: tcp({ payload: long }) }, 8)],
  ['ipv6 udp fragment', ipv6Fragments({ payload: udp({ payload: long }) }, 16)],
];

/** One frame of every kind that the parser tells apart, the plain ones behind every link header. */
export function sampleFrames(): SampleFrame[] {
  const frames: SampleFrame[] = [];
  const add = (name: string, bytes: Uint8Array, linkType = LINK_ETHERNET) => {
    frames.push({ name, bytes, linkType });
  };
  for (const [name, packet] of Object.entries(PACKETS)) add(name, ethernet({ payload: packet }));
  for (const [name, packets] of FRAGMENTS) {
    for (const [i, packet] of packets.entries()) add(`${name} ${i}`, ethernet({ payload: packet }));
  }
  for (let depth = 1; depth <= 4; depth++) {
    const vlans = Array.from({ length: depth }, (_, i) => ({ id: 100 + i, tpid: i === 0 ? 0x88a8 : 0x8100 }));
    add(`${depth} vlan tags, ipv4`, ethernet({ vlans, payload: ipv4({ payload: tcp() }) }));
    add(`${depth} vlan tags, ipv6`, ethernet({ vlans, payload: ipv6({ payload: udp() }) }));
  }
  for (const etherType of [0x88cc, 0x8847, 0x8848, 0x8863, 0x8864, 38, 0x8926]) {
    add(`ethertype ${etherType.toString(16)}`, ethernet({ etherType, payload: text }));
  }
  add('padded ipv4', ethernet({ payload: ipv4({ payload: udp() }), minimumBytes: 60 }));
  for (const linkType of LINK_TYPES.filter((type) => type !== LINK_ETHERNET)) {
    for (const name of ['ipv4 tcp', 'ipv6 udp', 'ipv6 chain']) {
      add(`link ${linkType}, ${name}`, linkFrame(linkType, PACKETS[name]!), linkType);
    }
  }
  return frames;
}
