import { type KnownPacket, UNKNOWN } from '../../../src/rules/explain/known-packet.js';

/** A packet of which nothing is said. */
export const NOTHING_KNOWN: KnownPacket = {
  ipVersion: UNKNOWN,
  protocols: null,
  src: null,
  dst: null,
  srcPort: UNKNOWN,
  dstPort: UNKNOWN,
  tcpFlags: UNKNOWN,
  icmpType: UNKNOWN,
  dscp: UNKNOWN,
  isFragment: UNKNOWN,
  vlan: UNKNOWN,
  interfaceIndex: UNKNOWN,
};
