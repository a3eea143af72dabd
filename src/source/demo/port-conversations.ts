/** Conversations over TCP and UDP: a dialogue, dressed in the packets that carry it. */
import type { Dialogue, Message } from './dialogues.js';
import { type Conversation, ephemeralPort, type Flow, pathOf, withPorts } from './flow.js';
import {
  field16,
  ipPayloadBytesMax,
  isIpv6,
  NO_BYTES,
  type Path,
  tcpFrame,
  udpFrame,
} from './frame-builder.js';
import type { Prng } from './prng.js';

const TCP_HEADER_BYTES = 20;
const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const PSH = 0x08;
const ACK = 0x10;
const URG = 0x20;

/** One in this many connections is reset instead of closed. */
const RESET_ONE_IN = 6;

/** Both ends of a TCP connection, as far as sequence numbers go. */
class TcpConnection {
  readonly frames: Uint8Array[] = [];
  private readonly paths: { client: Path; server: Path };
  private readonly nextSequence: { client: number; server: number };

  constructor(flow: Flow, random: Prng) {
    this.paths = { client: pathOf(flow, true), server: pathOf(flow, false) };
    this.nextSequence = { client: random.nextInt32(), server: random.nextInt32() };
  }

  send(sender: 'client' | 'server', flags: number, payload = NO_BYTES, options = NO_BYTES): void {
    const receiver = sender === 'client' ? 'server' : 'client';
    this.frames.push(
      tcpFrame(this.paths[sender], {
        sequence: this.nextSequence[sender],
        acknowledgment: flags & ACK ? this.nextSequence[receiver] : 0,
        flags,
        options,
        payload,
      }),
    );
    // SYN and FIN take a sequence number each (RFC 9293 section 3.4).
    this.nextSequence[sender] += payload.length + (flags & (SYN | FIN) ? 1 : 0);
  }

  open(): void {
    const segmentBytesMax = ipPayloadBytesMax(this.paths.client) - TCP_HEADER_BYTES;
    const segmentSizeOption = Uint8Array.of(2, 4, ...field16(segmentBytesMax));
    this.send('client', SYN, NO_BYTES, segmentSizeOption);
    this.send('server', SYN | ACK, NO_BYTES, segmentSizeOption);
    this.send('client', ACK);
  }

  /** One message in as many segments as it needs, every second of them and the last acknowledged. */
  deliver(message: Message): void {
    const sender = message.fromClient ? 'client' : 'server';
    const receiver = message.fromClient ? 'server' : 'client';
    const segmentBytesMax = ipPayloadBytesMax(this.paths[sender]) - TCP_HEADER_BYTES;
    let segments = 0;
    for (let offset = 0; offset < message.payload.length; offset += segmentBytesMax) {
      const isLast = offset + segmentBytesMax >= message.payload.length;
      this.send(sender, isLast ? PSH | ACK : ACK, message.payload.slice(offset, offset + segmentBytesMax));
      segments++;
      if (isLast || segments % 2 === 0) this.send(receiver, ACK);
    }
  }

  close(): void {
    this.send('client', FIN | ACK);
    this.send('server', FIN | ACK);
    this.send('client', ACK);
  }
}

/** A TCP connection to a port: handshake, the dialogue a few times over, and a close or a reset. */
export function overTcp(serverPort: number, dialogue: Dialogue): Conversation {
  return (flow, random) => {
    const connection = new TcpConnection(withPorts(flow, ephemeralPort(random), serverPort), random);
    connection.open();
    const openingCount = connection.frames.length;
    for (const message of dialogue(random)) connection.deliver(message);
    const closingIndex = connection.frames.length;
    if (random.between(1, RESET_ONE_IN) === 1) connection.send('server', RST | ACK);
    else connection.close();

    // Later rounds reuse the frames of the first, sequence numbers included: that keeps the memory small,
    // and to a packet filter it is the same traffic.
    const opening = connection.frames.slice(0, openingCount);
    const round = connection.frames.slice(openingCount, closingIndex);
    const rounds = Array.from({ length: random.between(2, 10) }, () => round).flat();
    return [...opening, ...rounds, ...connection.frames.slice(closingIndex)];
  };
}

function datagramFrames(flow: Flow, messages: readonly Message[], dscp?: number): Uint8Array[] {
  return messages.map(({ fromClient, payload }) => udpFrame(pathOf(flow, fromClient, dscp), payload));
}

/** Datagrams between a client's port and a server's. */
export function overUdp(serverPort: number, dialogue: Dialogue, dscp?: number): Conversation {
  return (flow, random) =>
    datagramFrames(withPorts(flow, ephemeralPort(random), serverPort), dialogue(random), dscp);
}

const DSCP_EXPEDITED = 46;

/** Sound over RTP between two even ports, marked for expedited forwarding (RFC 3550 section 11, RFC 4594). */
export function mediaStream(dialogue: Dialogue): Conversation {
  return (flow, random) => {
    const evenPort = () => 2 * random.between(16_384 / 2, 32_766 / 2);
    return datagramFrames(withPorts(flow, evenPort(), evenPort()), dialogue(random), DSCP_EXPEDITED);
  };
}

const MDNS_PORT = 5353;
const MDNS_IPV4 = Uint8Array.of(224, 0, 0, 251);
const MDNS_IPV6 = Uint8Array.of(0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb);

/** One host speaks to the group of all that listen for mDNS on this link (RFC 6762). */
export function toMdnsGroup(dialogue: Dialogue): Conversation {
  return (flow, random) => {
    const sender = pathOf(withPorts(flow, MDNS_PORT, MDNS_PORT), true);
    const group = isIpv6(sender)
      ? { mac: Uint8Array.of(0x33, 0x33, 0, 0, 0, 0xfb), address: MDNS_IPV6, port: MDNS_PORT }
      : { mac: Uint8Array.of(0x01, 0x00, 0x5e, 0, 0, 0xfb), address: MDNS_IPV4, port: MDNS_PORT };
    return dialogue(random).map(({ payload }) => udpFrame({ ...sender, to: group, hopLimit: 255 }, payload));
  };
}

/** Probes of port after port with flags that no connection uses, as `nmap -sN` and `-sX` send them. */
export function portScan(): Conversation {
  const nullProbe = 0;
  const xmasProbe = FIN | PSH | URG;
  return (flow, random) => {
    const scannerPort = ephemeralPort(random);
    return [21, 22, 23, 25, 80, 110, 139, 443, 445, 1433, 3306, 3389, 5900, 8080].flatMap((port, index) => {
      const connection = new TcpConnection(withPorts(flow, scannerPort, port), random);
      connection.send('client', index % 2 === 0 ? nullProbe : xmasProbe);
      // Closed ports answer, open ones stay silent (RFC 9293 section 3.10.7).
      if (index % 3 === 0) connection.send('server', RST | ACK);
      return connection.frames;
    });
  };
}
