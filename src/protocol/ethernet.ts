import { malformedSlot, unclassifiedSlot } from '../counters/catalogue.js';
import * as ipv4 from './ipv4.js';
import * as ipv6 from './ipv6.js';
import type { Packet } from './packet.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { parseIpv4 } = ipv4;
const { parseIpv6 } = ipv6;

const SHORT = malformedSlot('ethernet_short');
const ARP = unclassifiedSlot('arp');
const LLDP = unclassifiedSlot('lldp');
const MPLS = unclassifiedSlot('mpls');
const PPPOE = unclassifiedSlot('pppoe');
const LLC = unclassifiedSlot('llc');
const VLAN_DEPTH = unclassifiedSlot('vlan_depth');
const SNAPPED = unclassifiedSlot('snapped');
const OTHER = unclassifiedSlot('other');

const ETHERNET_BYTES = 14;
const TYPE_OFFSET = 12;
const VLAN_TAG_BYTES = 4;
const VLAN_TAGS_MAX = 3;
/** The VLAN id is the low 12 bits of the tag control information (IEEE 802.1Q, 9.6). */
const VLAN_ID_MASK = 0xfff;

/** EtherTypes (IEEE registration authority). */
const TYPE_IPV4 = 0x0800;
const TYPE_ARP = 0x0806;
const TYPE_VLAN = 0x8100;
const TYPE_IPV6 = 0x86dd;
const TYPE_MPLS = 0x8847;
const TYPE_MPLS_MULTICAST = 0x8848;
const TYPE_PPPOE_DISCOVERY = 0x8863;
const TYPE_PPPOE_SESSION = 0x8864;
const TYPE_SERVICE_VLAN = 0x88a8;
const TYPE_LLDP = 0x88cc;
/** Up to this the field is a length and an LLC header follows (IEEE 802.3, 3.2.6). */
const LENGTH_MAX = 1500;

/** Ethernet II: finds the network layer. Status as of `parseFrame`. */
export function parseEthernet(view: DataView, at: number, packet: Packet): number {
  if (at + ETHERNET_BYTES > packet.capturedEnd) return at + ETHERNET_BYTES > packet.wireEnd ? SHORT : SNAPPED;
  return parseEtherType(view, view.getUint16(at + TYPE_OFFSET), at + ETHERNET_BYTES, packet);
}

/**
 * Goes on from an EtherType, through up to three VLAN tags. Status as of `parseFrame`.
 *
 * @param type the EtherType.
 * @param at what it announces: an offset in the view.
 */
export function parseEtherType(view: DataView, type: number, at: number, packet: Packet): number {
  if (type === TYPE_IPV4) return parseIpv4(view, at, packet);
  if (type === TYPE_IPV6) return parseIpv6(view, at, packet);
  for (let tags = 0; type === TYPE_VLAN || type === TYPE_SERVICE_VLAN; tags++) {
    if (tags === VLAN_TAGS_MAX) return VLAN_DEPTH;
    if (at + VLAN_TAG_BYTES > packet.capturedEnd)
      return at + VLAN_TAG_BYTES > packet.wireEnd ? SHORT : SNAPPED;
    if (tags === 0) packet.vlan = view.getUint16(at) & VLAN_ID_MASK;
    type = view.getUint16(at + 2);
    at += VLAN_TAG_BYTES;
  }
  switch (type) {
    case TYPE_IPV4:
      return parseIpv4(view, at, packet);
    case TYPE_IPV6:
      return parseIpv6(view, at, packet);
    case TYPE_ARP:
      return ARP;
    case TYPE_LLDP:
      return LLDP;
    case TYPE_MPLS:
    case TYPE_MPLS_MULTICAST:
      return MPLS;
    case TYPE_PPPOE_DISCOVERY:
    case TYPE_PPPOE_SESSION:
      return PPPOE;
    default:
      return type <= LENGTH_MAX ? LLC : OTHER;
  }
}
