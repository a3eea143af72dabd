import type { Packet } from '../protocol/packet.js';
import type { Matcher } from './matcher.js';
import * as ruleTable from './rule-table.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  CRITERION_DSCP,
  CRITERION_DST_IPV4,
  CRITERION_DST_IPV6,
  CRITERION_DST_MIXED,
  CRITERION_DST_PORT,
  CRITERION_FRAGMENT,
  CRITERION_ICMP_TYPE,
  CRITERION_IN_INTERFACE,
  CRITERION_IP_VERSION,
  CRITERION_PROTOCOL,
  CRITERION_SRC_IPV4,
  CRITERION_SRC_IPV6,
  CRITERION_SRC_MIXED,
  CRITERION_SRC_PORT,
  CRITERION_TCP_FLAGS,
  CRITERION_VLAN,
} = ruleTable;

/** A matcher that asks whether a packet meets the criteria of one rule after the other. */
export abstract class CriteriaMatcher implements Matcher {
  /**
   * @param words where the values of criteria are, as rule-table.ts has them.
   * @param ruleCount rules in the table.
   */
  constructor(
    protected readonly words: Int32Array,
    protected readonly ruleCount: number,
  ) {}

  abstract match(packet: Packet): number;

  /** Whether a criterion holds whose values are the words from `first` to before `end`. */
  protected holds(kind: number, first: number, end: number, packet: Packet): boolean {
    switch (kind) {
      case CRITERION_IP_VERSION:
        return this.isListed(packet.ipVersion, first, end);
      case CRITERION_PROTOCOL:
        return this.isListed(packet.protocol, first, end);
      case CRITERION_SRC_PORT:
        return this.isInRange(packet.srcPort, first, end);
      case CRITERION_DST_PORT:
        return this.isInRange(packet.dstPort, first, end);
      case CRITERION_SRC_IPV4:
        return packet.ipVersion === 4 && this.isInPrefix4(packet.src0, first, end);
      case CRITERION_DST_IPV4:
        return packet.ipVersion === 4 && this.isInPrefix4(packet.dst0, first, end);
      case CRITERION_SRC_IPV6:
        return packet.ipVersion === 6 && this.isSrcInPrefix6(packet, first, end);
      case CRITERION_DST_IPV6:
        return packet.ipVersion === 6 && this.isDstInPrefix6(packet, first, end);
      case CRITERION_SRC_MIXED: {
        const ipv6 = first + 1 + this.words[first];
        return packet.ipVersion === 4
          ? this.isInPrefix4(packet.src0, first + 1, ipv6)
          : this.isSrcInPrefix6(packet, ipv6, end);
      }
      case CRITERION_DST_MIXED: {
        const ipv6 = first + 1 + this.words[first];
        return packet.ipVersion === 4
          ? this.isInPrefix4(packet.dst0, first + 1, ipv6)
          : this.isDstInPrefix6(packet, ipv6, end);
      }
      case CRITERION_TCP_FLAGS: {
        // ABSENT has all bits set and would pass as every flag.
        if (packet.tcpFlags < 0) return false;
        const { words } = this;
        return (
          (packet.tcpFlags & words[first]) === words[first] && (packet.tcpFlags & words[first + 1]) === 0
        );
      }
      case CRITERION_ICMP_TYPE:
        return this.isListed(packet.icmpType, first, end);
      case CRITERION_DSCP:
        return this.isListed(packet.dscp, first, end);
      case CRITERION_FRAGMENT:
        return this.isListed(packet.isFragment, first, end);
      case CRITERION_VLAN:
        return this.isListed(packet.vlan, first, end);
      case CRITERION_IN_INTERFACE:
        return this.isListed(packet.interfaceIndex, first, end);
      default:
        return false;
    }
  }

  /** ABSENT is -1 and never listed: fields hold only values from 0. */
  private isListed(value: number, first: number, end: number): boolean {
    for (let i = first; i < end; i++) if (this.words[i] === value) return true;
    return false;
  }

  /** ABSENT is -1 and below every range. */
  private isInRange(value: number, first: number, end: number): boolean {
    const words = this.words;
    for (let i = first; i < end; i += 2) if (value >= words[i] && value <= words[i + 1]) return true;
    return false;
  }

  private isInPrefix4(address: number, first: number, end: number): boolean {
    const words = this.words;
    for (let i = first; i < end; i += 2) if ((address & words[i + 1]) === words[i]) return true;
    return false;
  }

  private isSrcInPrefix6(packet: Packet, first: number, end: number): boolean {
    const words = this.words;
    for (let i = first; i < end; i += 8) {
      if (
        (packet.src0 & words[i + 4]) === words[i] &&
        (packet.src1 & words[i + 5]) === words[i + 1] &&
        (packet.src2 & words[i + 6]) === words[i + 2] &&
        (packet.src3 & words[i + 7]) === words[i + 3]
      ) {
        return true;
      }
    }
    return false;
  }

  private isDstInPrefix6(packet: Packet, first: number, end: number): boolean {
    const words = this.words;
    for (let i = first; i < end; i += 8) {
      if (
        (packet.dst0 & words[i + 4]) === words[i] &&
        (packet.dst1 & words[i + 5]) === words[i + 1] &&
        (packet.dst2 & words[i + 6]) === words[i + 2] &&
        (packet.dst3 & words[i + 7]) === words[i + 3]
      ) {
        return true;
      }
    }
    return false;
  }
}
