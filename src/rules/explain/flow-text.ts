import type { Packet } from '../../protocol/packet.js';
import { formatPrefix } from '../address-field.js';
import { protocolName } from '../integer-field.js';
import { knownPacketOf } from './known-packet.js';

/**
 * A packet's addresses and ports on one line: `tcp 10.0.0.1:51000 > 10.0.0.2:443`.
 *
 * @param ports texts; `null` or `undefined` where there is none, or none is known.
 */
export function flowText(
  protocol: string,
  src: string,
  dst: string,
  ports: { readonly src: string | null | undefined; readonly dst: string | null | undefined },
): string {
  return `${protocol} ${endpointText(src, ports.src)} > ${endpointText(dst, ports.dst)}`;
}

function endpointText(address: string, port: string | null | undefined): string {
  if (port === null || port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The addresses, protocol and ports that tell one flow from another. */
export interface FlowFields {
  readonly protocol: number;
  /** One word for IPv4, four for IPv6. */
  readonly src: readonly number[];
  readonly dst: readonly number[];
  /** Below 0 for none. */
  readonly srcPort: number;
  readonly dstPort: number;
}

/** The line of a flow whose fields are numbers. */
export function fieldsFlowText({ protocol, src, dst, srcPort, dstPort }: FlowFields): string {
  const ports = { src: portText(srcPort), dst: portText(dstPort) };
  return flowText(protocolName(protocol), addressText(src), addressText(dst), ports);
}

/** The line of a packet that has been parsed. */
export function packetFlowText(packet: Packet): string {
  const { src, dst } = knownPacketOf(packet);
  const { protocol, srcPort, dstPort } = packet;
  return fieldsFlowText({ protocol, src: src ?? [], dst: dst ?? [], srcPort, dstPort });
}

/** @param words one for IPv4, four for IPv6. */
export function addressText(words: readonly number[]): string {
  return words.length === 1
    ? formatPrefix({ version: 4, words, bits: 32 })
    : formatPrefix({ version: 6, words, bits: 128 });
}

function portText(port: number): string | null {
  return port < 0 ? null : String(port);
}
