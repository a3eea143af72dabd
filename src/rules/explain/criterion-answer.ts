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
import { type KnownPacket, UNKNOWN } from './known-packet.js';

/** Whether a criterion holds; `open` where that depends on what is not known of the packet. */
export type Answer = 'yes' | 'no' | 'open';

/** A criterion in a rule table's words: its kind, and where its values begin and end. */
export interface Criterion {
  readonly kind: number;
  readonly first: number;
  readonly end: number;
}

/**
 * Whether one criterion holds: `LinearMatcher` in three values. Of a packet that is known altogether, the
 * answers are the same.
 *
 * @param words of the rule table.
 */
export function criterionAnswer(words: Int32Array, criterion: Criterion, packet: KnownPacket): Answer {
  const { kind, first, end } = criterion;
  switch (kind) {
    case CRITERION_IP_VERSION:
      return listed(words, criterion, packet.ipVersion);
    case CRITERION_PROTOCOL:
      return protocolAnswer(words, criterion, packet.protocols);
    case CRITERION_SRC_PORT:
      return inRange(words, criterion, packet.srcPort);
    case CRITERION_DST_PORT:
      return inRange(words, criterion, packet.dstPort);
    case CRITERION_SRC_IPV4:
    case CRITERION_SRC_IPV6:
    case CRITERION_SRC_MIXED:
      return addressAnswer(words, criterion, packet.ipVersion, packet.src);
    case CRITERION_DST_IPV4:
    case CRITERION_DST_IPV6:
    case CRITERION_DST_MIXED:
      return addressAnswer(words, criterion, packet.ipVersion, packet.dst);
    case CRITERION_TCP_FLAGS:
      if (packet.tcpFlags === UNKNOWN) return 'open';
      if (packet.tcpFlags < 0) return 'no';
      return yesOrNo(
        (packet.tcpFlags & words[first]) === words[first] && (packet.tcpFlags & words[end - 1]) === 0,
      );
    case CRITERION_ICMP_TYPE:
      return listed(words, criterion, packet.icmpType);
    case CRITERION_DSCP:
      return listed(words, criterion, packet.dscp);
    case CRITERION_FRAGMENT:
      return listed(words, criterion, packet.isFragment);
    case CRITERION_VLAN:
      return listed(words, criterion, packet.vlan);
    case CRITERION_IN_INTERFACE:
      return packet.interfaceIndex < 0 && packet.interfaceIndex !== UNKNOWN
        ? 'no'
        : listed(words, criterion, packet.interfaceIndex);
    default:
      return 'no';
  }
}

/** Where a criterion on addresses keeps those of each version: from the first word to the one behind the last. */
export function addressSpans(
  words: Int32Array,
  { kind, first, end }: Criterion,
): { readonly ipv4: readonly [number, number]; readonly ipv6: readonly [number, number] } {
  switch (kind) {
    case CRITERION_SRC_IPV4:
    case CRITERION_DST_IPV4:
      return { ipv4: [first, end], ipv6: [end, end] };
    case CRITERION_SRC_IPV6:
    case CRITERION_DST_IPV6:
      return { ipv4: [first, first], ipv6: [first, end] };
    default: {
      const ipv6 = first + 1 + words[first];
      return { ipv4: [first + 1, ipv6], ipv6: [ipv6, end] };
    }
  }
}

function addressAnswer(
  words: Int32Array,
  criterion: Criterion,
  ipVersion: number,
  address: readonly number[] | null,
): Answer {
  const { ipv4, ipv6 } = addressSpans(words, criterion);
  if (ipVersion === 4) return inPrefixes(words, ipv4, 1, address);
  if (ipVersion === 6) return inPrefixes(words, ipv6, 4, address);
  const ofIpv4 = inPrefixes(words, ipv4, 1, null);
  return ofIpv4 === inPrefixes(words, ipv6, 4, null) ? ofIpv4 : 'open';
}

/** @param wordCount words of an address; its mask has as many. */
function inPrefixes(
  words: Int32Array,
  [first, end]: readonly [number, number],
  wordCount: number,
  address: readonly number[] | null,
): Answer {
  if (first === end) return 'no';
  for (let at = first; at < end; at += 2 * wordCount) {
    let isInside = true;
    for (let i = 0; i < wordCount; i++) {
      const mask = words[at + wordCount + i];
      // An address that is not known lies in no network for certain, but in the one that has all.
      if (address === null ? mask !== 0 : (address[i] & mask) !== words[at + i]) isInside = false;
    }
    if (isInside) return 'yes';
  }
  return address === null ? 'open' : 'no';
}

function protocolAnswer(
  words: Int32Array,
  { first, end }: Criterion,
  protocols: readonly number[] | null,
): Answer {
  if (protocols === null) return 'open';
  const holding = protocols.filter((protocol) => isListed(words, first, end, protocol)).length;
  if (holding === 0) return 'no';
  return holding === protocols.length ? 'yes' : 'open';
}

function listed(words: Int32Array, { first, end }: Criterion, value: number): Answer {
  return value === UNKNOWN ? 'open' : yesOrNo(isListed(words, first, end, value));
}

/** A loop, because a view of shared memory takes longer to make than a short list to look through. */
function isListed(words: Int32Array, first: number, end: number, value: number): boolean {
  for (let at = first; at < end; at++) if (words[at] === value) return true;
  return false;
}

function inRange(words: Int32Array, { first, end }: Criterion, value: number): Answer {
  if (value === UNKNOWN) return 'open';
  for (let at = first; at < end; at += 2) if (value >= words[at] && value <= words[at + 1]) return 'yes';
  return 'no';
}

function yesOrNo(holds: boolean): Answer {
  return holds ? 'yes' : 'no';
}
