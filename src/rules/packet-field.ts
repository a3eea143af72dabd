import type { Packet } from '../protocol/packet.js';
import * as layout from './matcher-layout.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  FIELD_DSCP,
  FIELD_DST_PORT,
  FIELD_FRAGMENT,
  FIELD_ICMP_TYPE,
  FIELD_IN_INTERFACE,
  FIELD_PROTOCOL,
  FIELD_SRC_PORT,
  FIELD_TCP_FLAGS,
  FIELD_VLAN,
} = layout;

/** The value of one of the fields that steps of matcher-layout.ts look at; -1 where the packet has none. */
export function fieldOf(packet: Packet, field: number): number {
  switch (field) {
    case FIELD_PROTOCOL:
      return packet.protocol;
    case FIELD_DST_PORT:
      return packet.dstPort;
    case FIELD_SRC_PORT:
      return packet.srcPort;
    case FIELD_TCP_FLAGS:
      return packet.tcpFlags;
    case FIELD_ICMP_TYPE:
      return packet.icmpType;
    case FIELD_DSCP:
      return packet.dscp;
    case FIELD_FRAGMENT:
      return packet.isFragment;
    case FIELD_VLAN:
      return packet.vlan;
    case FIELD_IN_INTERFACE:
      return packet.interfaceIndex;
    default:
      return -1;
  }
}
