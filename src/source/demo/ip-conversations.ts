/** Conversations of the other IP protocols, and IP's own peculiarities: fragments and extension headers. */
import { crc32c } from './checksum.js';
import type { Dialogue } from './dialogues.js';
import { type Conversation, ephemeralPort, type Flow, pathOf, withPorts } from './flow.js';
import {
  ETHERTYPE_IPV4,
  field16,
  field32,
  fragmentFrames,
  icmpFrame,
  ipFrame,
  ipv4Packet,
  isIpv6,
  join,
  NO_BYTES,
  type Path,
  PROTOCOL_UDP,
  patched,
  udpDatagram,
} from './frame-builder.js';
import type { Prng } from './prng.js';

const PROTOCOL_HOP_BY_HOP = 0;
const PROTOCOL_GRE = 47;
const PROTOCOL_ESP = 50;
const PROTOCOL_DESTINATION_OPTIONS = 60;
const PROTOCOL_SCTP = 132;

/** Echo requests and replies of `ping`, in the family of the flow. */
export const ping: Conversation = (flow, random) => {
  const identifier = random.between(0, 0xffff);
  return [1, 2, 3, 4].flatMap((sequence) => {
    const body = join(field16(identifier), field16(sequence), random.bytes(56));
    const request = pathOf(flow, true);
    const [requestType, replyType] = isIpv6(request) ? [128, 129] : [8, 0];
    return [icmpFrame(request, requestType, body), icmpFrame(pathOf(flow, false), replyType, body)];
  });
};

const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
const SOLICITED_AND_OVERRIDE = 0x6000_0000;

/** A client asks for the link address of its neighbour and is told (RFC 4861 sections 4.3, 4.4, 7.2). */
export const neighbourDiscovery: Conversation = (flow) => {
  const target = flow.server.address;
  const lastThree = target.subarray(13);
  const solicitedNode = {
    mac: Uint8Array.of(0x33, 0x33, 0xff, ...lastThree),
    address: Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, ...lastThree),
    port: 0,
  };
  // 255 proves that no router has passed the message on.
  const question: Path = { ...pathOf(flow, true), to: solicitedNode, hopLimit: 255 };
  const answer: Path = { ...pathOf(flow, false), hopLimit: 255 };
  return [
    icmpFrame(question, NEIGHBOUR_SOLICITATION, join(field32(0), target, [1, 1], flow.client.mac)),
    icmpFrame(
      answer,
      NEIGHBOUR_ADVERTISEMENT,
      join(field32(SOLICITED_AND_OVERRIDE), target, [2, 1], flow.server.mac),
    ),
  ];
};

/** A tunnel with IPv4 in it, both ways (RFC 2784). */
export const greTunnel: Conversation = (flow, random) => {
  const inner = (fromClient: boolean): Path => ({
    ...pathOf(flow, fromClient),
    from: { ...flow.client, address: Uint8Array.of(10, 1, fromClient ? 1 : 2, 7), port: 40_000 },
    to: { ...flow.server, address: Uint8Array.of(10, 1, fromClient ? 2 : 1, 7), port: 8_000 },
  });
  return [true, false, false, true, false].map((fromClient) => {
    const datagram = udpDatagram(inner(fromClient), random.bytes(random.between(40, 1_300)));
    const packet = ipv4Packet(inner(fromClient), PROTOCOL_UDP, datagram);
    return ipFrame(pathOf(flow, fromClient), PROTOCOL_GRE, join(field16(0), field16(ETHERTYPE_IPV4), packet));
  });
};

/** An encrypted tunnel: parameters index, sequence number, and nothing else to see (RFC 4303). */
export const espTunnel: Conversation = (flow, random) => {
  const parametersIndex = { client: random.bytes(4), server: random.bytes(4) };
  return Array.from({ length: 10 }, (_, packetIndex) => {
    const fromClient = packetIndex % 3 === 0;
    const header = join(
      fromClient ? parametersIndex.client : parametersIndex.server,
      field32(1 + packetIndex),
    );
    const sealed = random.bytes(4 * random.between(15, fromClient ? 60 : 340));
    return ipFrame(pathOf(flow, fromClient), PROTOCOL_ESP, join(header, sealed));
  });
};

const SCTP_DATA = 0;
const SCTP_INIT = 1;
const SCTP_INIT_ACK = 2;
const SCTP_SACK = 3;
const SCTP_COOKIE_ECHO = 10;
const SCTP_COOKIE_ACK = 11;
const SCTP_DATA_WHOLE_MESSAGE = 3;

/** A chunk of SCTP, padded to four bytes (RFC 9260 section 3.2). */
function sctpChunk(type: number, flags: number, value: Uint8Array): Uint8Array {
  const padding = new Uint8Array((4 - (value.length % 4)) % 4);
  return join([type, flags], field16(4 + value.length), value, padding);
}

function sctpFrame(path: Path, verificationTag: Uint8Array, chunk: Uint8Array): Uint8Array {
  const ports = [...field16(path.from.port), ...field16(path.to.port)];
  const packet = join(ports, verificationTag, field32(0), chunk);
  const crc = crc32c(packet);
  // The checksum is sent with its least significant byte first (RFC 9260, appendix A).
  const crcField = [crc & 0xff, (crc >>> 8) & 0xff, (crc >>> 16) & 0xff, crc >>> 24];
  return ipFrame(path, PROTOCOL_SCTP, patched(packet, 8, crcField));
}

/** An SCTP association on a port: its four-way handshake, then messages and acknowledgments (RFC 9260). */
export function overSctp(serverPort: number): Conversation {
  return (flow, random) => {
    const ported = withPorts(flow, ephemeralPort(random), serverPort);
    const tags = { client: random.bytes(4), server: random.bytes(4) };
    const fromClient = (chunk: Uint8Array) => sctpFrame(pathOf(ported, true), tags.server, chunk);
    const fromServer = (chunk: Uint8Array) => sctpFrame(pathOf(ported, false), tags.client, chunk);

    const window = [...field32(65_536), ...field16(10), ...field16(10)];
    const init = join(tags.client, window, field32(1));
    const cookie = random.bytes(40);
    const initAck = join(tags.server, window, field32(1), field16(7), field16(4 + cookie.length), cookie);
    const exchange = [1, 2, 3, 4].flatMap((sequence) => {
      const header = [...field32(sequence), ...field16(0), ...field16(sequence), ...field32(0)];
      const message = join(header, random.bytes(random.between(60, 400)));
      const acknowledgment = join(field32(sequence), field32(65_536), field32(0));
      return [
        fromClient(sctpChunk(SCTP_DATA, SCTP_DATA_WHOLE_MESSAGE, message)),
        fromServer(sctpChunk(SCTP_SACK, 0, acknowledgment)),
      ];
    });
    return [
      // The first packet cannot know the other side's tag yet.
      sctpFrame(pathOf(ported, true), new Uint8Array(4), sctpChunk(SCTP_INIT, 0, init)),
      fromServer(sctpChunk(SCTP_INIT_ACK, 0, initAck)),
      fromClient(sctpChunk(SCTP_COOKIE_ECHO, 0, cookie)),
      fromServer(sctpChunk(SCTP_COOKIE_ACK, 0, NO_BYTES)),
      ...exchange,
    ];
  };
}

/** Datagrams that are larger than a frame, and so arrive in fragments. */
export function overFragmentedUdp(serverPort: number, dialogue: Dialogue): Conversation {
  return (flow, random) => {
    const ported = withPorts(flow, ephemeralPort(random), serverPort);
    return dialogue(random).flatMap(({ fromClient, payload }) => {
      const path = pathOf(ported, fromClient);
      const datagram = udpDatagram(path, payload);
      return fragmentFrames(path, PROTOCOL_UDP, datagram, 1_448, random.between(1, 0xffff));
    });
  };
}

/** Datagrams behind a hop-by-hop and a destination options header (RFC 8200 sections 4.3, 4.6). */
export function overUdpBehindExtensions(serverPort: number, dialogue: Dialogue): Conversation {
  const padding = [1, 4, 0, 0, 0, 0];
  return (flow: Flow, random: Prng) => {
    const ported = withPorts(flow, ephemeralPort(random), serverPort);
    return dialogue(random).map(({ fromClient, payload }) => {
      const path = pathOf(ported, fromClient);
      const destinationOptions = join([PROTOCOL_UDP, 0], padding, udpDatagram(path, payload));
      return ipFrame(
        path,
        PROTOCOL_HOP_BY_HOP,
        join([PROTOCOL_DESTINATION_OPTIONS, 0], padding, destinationOptions),
      );
    });
  };
}
