import { ABSENT, PROTOCOL_SCTP, PROTOCOL_TCP, PROTOCOL_UDP } from '../../protocol/packet.js';
import { formatPrefix } from '../address-field.js';
import { protocolName } from '../integer-field.js';
import type { MatchField } from '../match-fields.js';
import {
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
} from '../rule-table.js';
import { formatTcpFlags } from '../tcp-flags-field.js';
import { addressSpans, type Criterion } from './criterion-answer.js';
import { addressText } from './flow-text.js';
import { type KnownPacket, UNKNOWN } from './known-packet.js';

/** Of a longer list, so many values are named. */
const NAMED_VALUES_MAX = 4;
/** Of an interface that the engine does not have, only that is known. */
const NOT_IN_USE = 'an interface that is not in use';

const FIELD_OF_KIND: ReadonlyMap<number, MatchField> = new Map([
  [CRITERION_IP_VERSION, 'ip_version'],
  [CRITERION_PROTOCOL, 'protocol'],
  [CRITERION_SRC_IPV4, 'src'],
  [CRITERION_SRC_IPV6, 'src'],
  [CRITERION_SRC_MIXED, 'src'],
  [CRITERION_DST_IPV4, 'dst'],
  [CRITERION_DST_IPV6, 'dst'],
  [CRITERION_DST_MIXED, 'dst'],
  [CRITERION_SRC_PORT, 'src_port'],
  [CRITERION_DST_PORT, 'dst_port'],
  [CRITERION_TCP_FLAGS, 'tcp_flags'],
  [CRITERION_ICMP_TYPE, 'icmp_type'],
  [CRITERION_DSCP, 'dscp'],
  [CRITERION_FRAGMENT, 'fragment'],
  [CRITERION_VLAN, 'vlan'],
  [CRITERION_IN_INTERFACE, 'in_interface'],
]);

/** The field of the rule file that a criterion comes from. */
export function fieldOfCriterion({ kind }: Criterion): MatchField {
  return FIELD_OF_KIND.get(kind) ?? 'protocol';
}

/** What a criterion asks for, in the words of the rule file: `80 or 1024-65535`. */
export function wantedText(words: Int32Array, criterion: Criterion, interfaces: readonly string[]): string {
  const { first, end } = criterion;
  const values = Array.from(words.subarray(first, end));
  switch (fieldOfCriterion(criterion)) {
    case 'protocol':
      return alternatives(values, protocolName);
    case 'src':
    case 'dst':
      return addressesText(words, criterion);
    case 'src_port':
    case 'dst_port': {
      const ranges = values.flatMap((low, i) => (i % 2 === 0 ? [{ low, high: values[i + 1] }] : []));
      return alternatives(ranges, ({ low, high }) => (low === high ? `${low}` : `${low}-${high}`));
    }
    case 'tcp_flags':
      return formatTcpFlags({ set: values[0], clear: values[1] });
    case 'fragment':
      return values[0] === 1 ? 'true' : 'false';
    case 'in_interface':
      return alternatives(values, (index) => interfaces[index] ?? NOT_IN_USE);
    default:
      return alternatives(values, String);
  }
}

function addressesText(words: Int32Array, criterion: Criterion): string {
  const { ipv4, ipv6 } = addressSpans(words, criterion);
  const prefixes: { version: 4 | 6; at: number }[] = [];
  for (let at = ipv4[0]; at < ipv4[1]; at += 2) prefixes.push({ version: 4, at });
  for (let at = ipv6[0]; at < ipv6[1]; at += 8) prefixes.push({ version: 6, at });
  return alternatives(prefixes, ({ version, at }) => {
    const mask = version === 4 ? at + 1 : at + 4;
    const address = Array.from(words.subarray(at, mask));
    const masks = Array.from(words.subarray(mask, mask + address.length));
    // Math.clz32 counts the zeros in front: of the complement, the ones.
    const bits = masks.reduce((sum, word) => sum + Math.clz32(~word), 0);
    return formatPrefix({ version, words: address, bits });
  });
}

function alternatives<T>(values: readonly T[], text: (value: T) => string): string {
  const named = values.slice(0, NAMED_VALUES_MAX).map(text);
  const others = values.length - named.length;
  if (others > 0) return `${named.join(', ')} or ${others} more`;
  return named.length < 2 ? named.join('') : `${named.slice(0, -1).join(', ')} or ${named.at(-1)}`;
}

/**
 * What a packet has in a field.
 *
 * @returns a text; `null` where the packet has none, `undefined` where that is not known.
 */
export function fieldText(
  packet: KnownPacket,
  field: MatchField,
  interfaces: readonly string[],
): string | null | undefined {
  switch (field) {
    case 'ip_version':
      return numberText(packet.ipVersion);
    case 'protocol':
      return packet.protocols === null ? undefined : alternatives(packet.protocols, protocolName);
    case 'src':
      return packet.src === null ? undefined : addressText(packet.src);
    case 'dst':
      return packet.dst === null ? undefined : addressText(packet.dst);
    case 'src_port':
      return numberText(packet.srcPort);
    case 'dst_port':
      return numberText(packet.dstPort);
    case 'tcp_flags':
      return numberText(packet.tcpFlags) && (formatTcpFlags({ set: packet.tcpFlags, clear: 0 }) || 'none');
    case 'icmp_type':
      return numberText(packet.icmpType);
    case 'dscp':
      return numberText(packet.dscp);
    case 'fragment':
      return packet.isFragment === UNKNOWN ? undefined : packet.isFragment === 1 ? 'true' : 'false';
    case 'vlan':
      return numberText(packet.vlan);
    case 'in_interface':
      return packet.interfaceIndex === UNKNOWN
        ? undefined
        : (interfaces[packet.interfaceIndex] ?? NOT_IN_USE);
  }
}

function numberText(value: number): string | null | undefined {
  if (value === UNKNOWN) return undefined;
  return value === ABSENT ? null : String(value);
}

const PORT_PROTOCOLS: readonly number[] = [PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP];

/** Why a packet has nothing in a field of its transport header, where that is not plain from its protocol. */
export function absenceText(packet: KnownPacket, field: MatchField): string {
  if (field !== 'src_port' && field !== 'dst_port' && field !== 'tcp_flags' && field !== 'icmp_type')
    return 'none';
  const hasPorts = packet.protocols?.some((protocol) => PORT_PROTOCOLS.includes(protocol)) === true;
  if (!hasPorts && field !== 'icmp_type') return 'none';
  return packet.isFragment === 1
    ? 'none (a fragment without that part of the header)'
    : 'none (that part of the header is not there)';
}
