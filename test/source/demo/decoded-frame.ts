/** A small decoder of demo frames, independent of the code that builds them and of UPE's parser. */

export interface DecodedFrame {
  /** VLAN ids from the outermost tag. */
  readonly vlanIds: readonly number[];
  readonly etherType: number;
  readonly view: DataView;
  /** Where the network header begins. */
  readonly networkByte: number;
}

export function decode(frame: Uint8Array): DecodedFrame {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const vlanIds: number[] = [];
  let typeByte = 12;
  while ([0x8100, 0x88a8].includes(view.getUint16(typeByte))) {
    vlanIds.push(view.getUint16(typeByte + 2) & 0xfff);
    typeByte += 4;
  }
  return { vlanIds, etherType: view.getUint16(typeByte), view, networkByte: typeByte + 2 };
}

/** The word of the architecture for what is wrong with a frame; empty when nothing is. */
export function lieOf(frame: Uint8Array): string {
  if (frame.length < 14) return 'ethernet_short';
  const { etherType, view, networkByte: at } = decode(frame);
  const version = view.getUint8(at) >>> 4;
  if (etherType === 0x86dd) {
    return view.getUint16(at + 4) > frame.length - at - 40 ? 'ipv6_payload_length' : '';
  }
  if (etherType !== 0x0800) return '';
  if (version !== 4) return 'ipv4_version';
  if ((view.getUint8(at) & 0x0f) < 5) return 'ipv4_header_length';
  const totalBytes = view.getUint16(at + 2);
  if (totalBytes > frame.length - at) return 'ipv4_truncated';
  if ((view.getUint16(at + 6) & 0x3fff) !== 0) return '';
  const protocol = view.getUint8(at + 9);
  if (protocol === 17 && view.getUint16(at + 24) !== totalBytes - 20) return 'udp_length';
  if (protocol === 6 && view.getUint8(at + 32) >>> 4 < 5) return 'tcp_offset';
  return '';
}

const SERVICE_OF_ETHERTYPE = new Map([
  [0x0806, 'arp'],
  [0x8847, 'mpls'],
  [0x8864, 'pppoe'],
  [0x88cc, 'lldp'],
]);

const SERVICE_OF_PROTOCOL = new Map([
  [0, 'ipv6-extensions'],
  [1, 'ping'],
  [44, 'ipv6-fragments'],
  [47, 'gre'],
  [50, 'esp'],
  [132, 'sctp'],
]);

const SERVICE_OF_TCP_PORT = new Map([
  [22, 'ssh'],
  [23, 'telnet'],
  [25, 'smtp'],
  [53, 'dns-over-tcp'],
  [80, 'http'],
  [443, 'https'],
  [993, 'imaps'],
  [5432, 'postgres'],
]);

const SERVICE_OF_UDP_PORT = new Map([
  [53, 'dns'],
  [123, 'ntp'],
  [443, 'quic'],
  [5060, 'sip'],
  [5353, 'mdns'],
]);

/** Which service a frame belongs to, as an analyst would tell; `scannerMacs` by the function below. */
export function serviceOf(frame: Uint8Array, scannerMacs: ReadonlySet<string>): string {
  if (lieOf(frame) !== '') return 'malformed';
  const { etherType, view, networkByte: at } = decode(frame);
  if (etherType < 0x0600) return 'spanning-tree';
  if (etherType !== 0x0800 && etherType !== 0x86dd) return SERVICE_OF_ETHERTYPE.get(etherType) ?? 'unknown';
  if (scannerMacs.has(clientMacOf(frame))) return 'port-scan';
  const isIpv6 = etherType === 0x86dd;
  if (!isIpv6 && (view.getUint16(at + 6) & 0x3fff) !== 0) return 'ipv4-fragments';
  const protocol = view.getUint8(at + (isIpv6 ? 6 : 9));
  const portsByte = at + (isIpv6 ? 40 : 20);
  const ports = [view.getUint16(portsByte), view.getUint16(portsByte + 2)];
  const serverPort = Math.min(...ports);
  if (protocol === 6) return SERVICE_OF_TCP_PORT.get(serverPort) ?? 'unknown';
  if (protocol === 17 && serverPort === 2049) return isIpv6 ? 'ipv6-fragments' : 'ipv4-fragments';
  if (protocol === 17) {
    const isMedia = ports.every((port) => port >= 16_384 && port <= 32_767);
    return isMedia ? 'rtp' : (SERVICE_OF_UDP_PORT.get(serverPort) ?? 'unknown');
  }
  if (protocol === 58) {
    const type = view.getUint8(portsByte);
    return type === 135 || type === 136 ? 'neighbour-discovery' : 'ping';
  }
  return SERVICE_OF_PROTOCOL.get(protocol) ?? 'unknown';
}

const GATEWAY_MAC = '02005e000101';

/** The MAC address of the side that is not the gateway, in hex. */
export function clientMacOf(frame: Uint8Array): string {
  const [destination, source] = [frame.subarray(0, 6), frame.subarray(6, 12)].map((mac) =>
    Buffer.from(mac).toString('hex'),
  );
  return source === GATEWAY_MAC ? destination : source;
}

/** No flags at all, and FIN, PSH and URG together. */
const SCANNER_FLAGS = new Set([0x00, 0x29]);

/** The hosts that send TCP probes; answers to their probes of port 443 are not https. */
export function scannerMacs(frames: readonly Uint8Array[]): Set<string> {
  const probes = frames.filter((frame) => {
    if (lieOf(frame) !== '') return false;
    const { etherType, view, networkByte: at } = decode(frame);
    const isWholeTcp =
      etherType === 0x0800 && view.getUint8(at + 9) === 6 && (view.getUint16(at + 6) & 0x3fff) === 0;
    return isWholeTcp && SCANNER_FLAGS.has(view.getUint8(at + 33));
  });
  return new Set(probes.map(clientMacOf));
}
