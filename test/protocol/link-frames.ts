import {
  LINK_ETHERNET,
  LINK_IPV4,
  LINK_IPV6,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
  LINK_LOOP,
  LINK_NULL,
  LINK_RAW,
  LINK_RAW_BSD,
  LINK_RAW_OPENBSD,
} from '../../src/protocol/link-type.js';
import { ETHERTYPE_IPV4, ethernet, type NetworkPacket, u16, u32 } from '../fixtures/frames.js';

export const LINK_TYPES: readonly number[] = [
  LINK_ETHERNET,
  LINK_NULL,
  LINK_LOOP,
  LINK_RAW,
  LINK_RAW_BSD,
  LINK_RAW_OPENBSD,
  LINK_IPV4,
  LINK_IPV6,
  LINK_LINUX_SLL,
  LINK_LINUX_SLL2,
];

/** Linux cooked capture: packet type, ARPHRD type, address length, eight bytes of address, protocol. */
export function linuxSll(packet: NetworkPacket): Uint8Array {
  const header = [...u16(0), ...u16(1), ...u16(6), 2, 0, 0, 0, 0, 1, 0, 0, ...u16(packet.etherType)];
  return Uint8Array.of(...header, ...packet.bytes);
}

/** Version 2: protocol, reserved, interface index, ARPHRD type, packet type, address length, address. */
export function linuxSll2(packet: NetworkPacket): Uint8Array {
  const header = [...u16(packet.etherType), 0, 0, ...u32(3), ...u16(1), 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
  return Uint8Array.of(...header, ...packet.bytes);
}

/** BSD loopback with the address family in either byte order. */
export function bsdLoopback(family: number, packet: NetworkPacket, littleEndian = false): Uint8Array {
  const header = u32(family);
  return Uint8Array.of(...(littleEndian ? header.reverse() : header), ...packet.bytes);
}

/** A packet behind the header of any link type; the families of loopback are Linux's, big-endian. */
export function linkFrame(linkType: number, packet: NetworkPacket): Uint8Array {
  switch (linkType) {
    case LINK_ETHERNET:
      return ethernet({ payload: packet });
    case LINK_LINUX_SLL:
      return linuxSll(packet);
    case LINK_LINUX_SLL2:
      return linuxSll2(packet);
    case LINK_NULL:
    case LINK_LOOP:
      return bsdLoopback(packet.etherType === ETHERTYPE_IPV4 ? 2 : 10, packet);
    default:
      return packet.bytes;
  }
}
