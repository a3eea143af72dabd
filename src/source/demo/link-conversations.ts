/** Frames that carry no IP, or carry it where a rule cannot see it. */
import { type Conversation, pathOf } from './flow.js';
import {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ethernetFrame,
  field16,
  field32,
  ipv4Packet,
  join,
  type Path,
  PROTOCOL_UDP,
  udpDatagram,
} from './frame-builder.js';
import type { Prng } from './prng.js';

const ETHERTYPE_MPLS = 0x8847;
const ETHERTYPE_PPPOE_SESSION = 0x8864;
const ETHERTYPE_LLDP = 0x88cc;

function toGroup(path: Path, ...mac: readonly number[]): Path {
  return { ...path, to: { ...path.to, mac: Uint8Array.from(mac) } };
}

/** Who has this address, and the answer (RFC 826). */
export const arp: Conversation = (flow) => {
  const ethernetAndIpv4 = [0, 1, ...field16(ETHERTYPE_IPV4), 6, 4];
  const { client, server } = flow;
  const question = join(
    ethernetAndIpv4,
    [0, 1],
    client.mac,
    client.address,
    new Uint8Array(6),
    server.address,
  );
  const answer = join(ethernetAndIpv4, [0, 2], server.mac, server.address, client.mac, client.address);
  const everybody = toGroup(pathOf(flow, true), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
  return [
    ethernetFrame(everybody, ETHERTYPE_ARP, question),
    ethernetFrame(pathOf(flow, false), ETHERTYPE_ARP, answer),
  ];
};

/** A switch names itself: chassis, port, time to live, end (IEEE 802.1AB). */
export const lldp: Conversation = (flow) => {
  const neighbours = toGroup(pathOf(flow, true), 0x01, 0x80, 0xc2, 0, 0, 0x0e);
  const chassis = join(field16((1 << 9) | 7), [4], flow.client.mac);
  const port = join(field16((2 << 9) | 7), [3], flow.client.mac);
  const timeToLive = [...field16((3 << 9) | 2), ...field16(120)];
  return [ethernetFrame(neighbours, ETHERTYPE_LLDP, join(chassis, port, timeToLive, field16(0)))];
};

/** A spanning tree configuration message (IEEE 802.1D section 9.3.1): LLC, a length instead of a type. */
export const spanningTree: Conversation = (flow) => {
  const bridges = toGroup(pathOf(flow, true), 0x01, 0x80, 0xc2, 0, 0, 0);
  const bridgeId = join([0x80, 0], flow.client.mac);
  const timers = [...field16(0), ...field16(20 << 8), ...field16(2 << 8), ...field16(15 << 8)];
  const message = join(field32(0), [0], bridgeId, field32(0), bridgeId, [0x80, 1], timers);
  const llc = join([0x42, 0x42, 3], message);
  return [ethernetFrame(bridges, llc.length, llc)];
};

function innerPacket(path: Path, random: Prng): Uint8Array {
  return ipv4Packet(path, PROTOCOL_UDP, udpDatagram(path, random.bytes(random.between(20, 600))));
}

/** IPv4 behind one label at the bottom of its stack (RFC 3032). */
export const mpls: Conversation = (flow, random) => {
  const bottomOfStack = 0x100;
  return [true, false].map((fromClient) => {
    const path = pathOf(flow, fromClient);
    const label = (random.between(16, 1_000) << 12) | bottomOfStack | path.hopLimit;
    return ethernetFrame(path, ETHERTYPE_MPLS, join(field32(label), innerPacket(path, random)));
  });
};

/** IPv4 in a PPP session (RFC 2516). */
export const pppoe: Conversation = (flow, random) => {
  const sessionId = random.between(1, 0xfffe);
  return [true, false].map((fromClient) => {
    const path = pathOf(flow, fromClient);
    const ppp = join([0x00, 0x21], innerPacket(path, random));
    const header = [0x11, 0, ...field16(sessionId), ...field16(ppp.length)];
    return ethernetFrame(path, ETHERTYPE_PPPOE_SESSION, join(header, ppp));
  });
};
