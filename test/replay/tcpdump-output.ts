/**
 * Reads the packets that `tcpdump -q -nn -t --number -r FILE` prints: `-q` names the protocol of every
 * TCP and UDP packet instead of decoding what is in it.
 *
 *     5  IP 10.0.0.1.1024 > 10.0.0.2.80: tcp 0
 *     6  IP6 2001:db8::1.53 > 2001:db8::2.5353: UDP, length 29
 *     7  IP6 2001:db8::1 > 2001:db8::2: HBH frag (0|20) 59694 > 80: tcp 0
 *     8  IP 10.0.0.1.1024 > 10.0.0.2.80:  [|udp]
 */

/** Protocol, addresses and ports of a packet, addresses as hex digits: `tcp 0a000001.1024 > 0a000002.80`. */
export type TupleText = string;

export interface PrintedPacket {
  /** Position in the capture, from 1. */
  readonly number: number;
  /** The first pair of ports on the packet's line, be it in a tunnel; `null` when there is none. */
  readonly tuple: TupleText | null;
}

const PACKET_LINE = /^ *(\d+) {2}(.*)$/;
const IP_ENDS = /\bIP6? (?:truncated-ip6? - \d+ bytes missing! ?)?([0-9a-f.:]+) > ([0-9a-f.:]+): (.*)/;
const TRANSPORT = String.raw`(?: *\[\|(tcp|udp)\]| (tcp|UDP)\b)`;
const BEHIND_ADDRESSES = new RegExp(`^${TRANSPORT}`);
/** Behind extension headers tcpdump prints the ports without the addresses. */
const BEHIND_EXTENSIONS = new RegExp(
  String.raw`^(?:(?:HBH|DSTOPT|RT6|frag|AH)(?: ?\([^)]*\))? )+(\d+) > (\d+):${TRANSPORT}`,
);
const IPV4_WITH_PORT = /^((?:\d+\.){3}\d+)\.(\d+)$/;
const IPV6_WITH_PORT = /^([0-9a-f]*:[0-9a-f:]*)\.(\d+)$/;

/**
 * @param output all that tcpdump printed.
 * @returns a packet a number; lines without a number continue the packet before them.
 */
export function readPrintedPackets(output: string): PrintedPacket[] {
  const packets: PrintedPacket[] = [];
  for (const line of output.split('\n')) {
    const [, number, text] = PACKET_LINE.exec(line) ?? [];
    if (text === undefined || Number(number) !== packets.length + 1) continue;
    packets.push({ number: packets.length + 1, tuple: findTuple(text) });
  }
  return packets;
}

/** Goes inwards from IP header to IP header until one has ports. */
function findTuple(text: string): TupleText | null {
  const ip = IP_ENDS.exec(text);
  if (ip === null) return null;
  const [src, dst, rest] = [ip[1]!, ip[2]!, ip[3]!];
  const srcEnd = splitPort(src);
  const dstEnd = splitPort(dst);
  const transport = BEHIND_ADDRESSES.exec(` ${rest}`);
  if (srcEnd !== null && dstEnd !== null && transport !== null) {
    const protocol = (transport[1] ?? transport[2])!.toLowerCase();
    return tupleText(protocol, srcEnd.address, srcEnd.port, dstEnd.address, dstEnd.port);
  }
  const extended = BEHIND_EXTENSIONS.exec(rest);
  if (extended !== null) {
    const [, srcPort, dstPort, cut, whole] = extended;
    return tupleText((cut ?? whole)!.toLowerCase(), src, Number(srcPort), dst, Number(dstPort));
  }
  return findTuple(rest);
}

function splitPort(end: string): { address: string; port: number } | null {
  const match = IPV4_WITH_PORT.exec(end) ?? IPV6_WITH_PORT.exec(end);
  return match === null ? null : { address: match[1]!, port: Number(match[2]) };
}

/** @param src an address as tcpdump prints it, as `dst` is. */
function tupleText(protocol: string, src: string, srcPort: number, dst: string, dstPort: number): TupleText {
  return `${protocol} ${addressHex(src)}.${srcPort} > ${addressHex(dst)}.${dstPort}`;
}

/** `10.0.0.1` as `0a000001`, `2001:db8::1` as 32 digits. */
export function addressHex(address: string): string {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number)).toString('hex');
  const [head, tail] = address.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = tail === undefined ? 0 : 8 - head!.length - tail.length;
  return [...head!, ...new Array<string>(zeros).fill('0'), ...(tail ?? [])]
    .map((group) => group.padStart(4, '0'))
    .join('');
}
