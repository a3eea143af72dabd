import { allAddresses, parseAddress } from '../addresses.js';
import type { Condition, ValueField } from '../condition.js';
import {
  DSCP_NUMBERS,
  ICMP_NUMBERS,
  ICMPV6_NUMBERS,
  PROTOCOL_NUMBERS,
  TCP_FLAG_BITS,
} from '../packet-words.js';
import { type Interval, numbers } from '../values.js';
import { entryOf, type Json, listOf, objectOf, textIn } from './json.js';
import { expressionText } from './text.js';

/** What the left side of a match looks at. */
export type Selector =
  | NumberSelector
  /** `mask`: the bits that are compared. */
  | { readonly kind: 'flags'; readonly mask: number }
  /** The IP version, as an EtherType or as a family. */
  | { readonly kind: 'version' }
  | { readonly kind: 'interface' }
  /** Whether an IPv4 packet is a fragment, the first included: compared with 0. */
  | { readonly kind: 'fragment' }
  /** `fields` hold for every packet that has such a thing. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly fields: Partial<Condition> };

/** A number of the packet. */
export interface NumberSelector {
  readonly kind: 'number';
  readonly field: ValueField;
  /** What holds for every packet that has the number. */
  readonly fields: Partial<Condition>;
  readonly all: Interval;
  /** Returns null for what is no such number. */
  readonly read: (value: Json) => bigint | null;
  /** Found in any protocol, where UPE knows ports in three of them. */
  readonly anyTransport?: true;
}

const PORT_FIELDS: ReadonlyMap<string, ValueField> = new Map([
  ['sport', 'srcPort'],
  ['dport', 'dstPort'],
]);
const PORT_PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['tcp', 6],
  ['udp', 17],
  ['sctp', 132],
]);

/** What of a packet is no part of it, or not UPE's business. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['ct', 'UPE keeps no connections'],
  ['fib', 'UPE has no routes'],
  ['rt', 'UPE has no routes'],
  ['socket', 'UPE has no sockets'],
  ['numgen', 'UPE draws no lots'],
  ['jhash', 'UPE draws no lots'],
  ['osf', 'UPE does not guess systems'],
]);

/** @param hasTags whether the chain sees VLAN tags. */
export function selectorOf(left: Json, hasTags: boolean): Selector {
  const [kind, content] = entryOf(left) ?? ['', null];
  switch (kind) {
    case 'payload':
      return payloadSelector(content, hasTags);
    case 'meta':
      return metaSelector(textIn(content, 'key') ?? '', left);
    case '&':
      return maskedSelector(content, left);
    default:
      return unknown(REASONS.get(kind) ?? noField(left));
  }
}

function payloadSelector(content: Json, hasTags: boolean): Selector {
  const name = textIn(content, 'field') ?? '';
  const protocol = textIn(content, 'protocol');
  const left = { payload: content };
  if (protocol === 'ip' || protocol === 'ip6') return ipSelector(protocol === 'ip' ? 4 : 6, name, left);
  if (protocol === 'icmp' || protocol === 'icmpv6') return icmpSelector(protocol, name, left);
  if (protocol === 'vlan') return vlanSelector(name, hasTags, left);
  if (protocol === 'tcp' && name === 'flags') return { kind: 'flags', mask: 0xff };
  if (protocol === 'ether' && name === 'type') {
    return unknown(
      'it holds for frames without a VLAN tag only, which UPE cannot ask for; "meta protocol" can be said',
    );
  }
  const field = PORT_FIELDS.get(name) ?? rawPortField(content);
  if (field !== undefined && (protocol === 'th' || protocol === null)) {
    return { kind: 'number', field, fields: {}, all: range(65_535), read: numberIn(), anyTransport: true };
  }
  const number = PORT_PROTOCOLS.get(protocol ?? '');
  const ofProtocol = number === undefined ? {} : { protocol: numbers(number) };
  if (field === undefined || number === undefined) return unknown(noField(left), ofProtocol);
  return { kind: 'number', field, fields: ofProtocol, all: range(65_535), read: numberIn() };
}

function ipSelector(version: 4 | 6, name: string, left: Json): Selector {
  const fields: Partial<Condition> = { version };
  switch (name) {
    case 'saddr':
    case 'daddr': {
      const read = (value: Json) => {
        const address = typeof value === 'string' ? parseAddress(value) : null;
        return address?.version === version ? address.value : null;
      };
      const field = name === 'saddr' ? 'src' : 'dst';
      return { kind: 'number', field, fields, all: allAddresses(version), read };
    }
    case 'dscp':
      return { kind: 'number', field: 'dscp', fields, all: range(63), read: numberIn(DSCP_NUMBERS) };
    case 'protocol':
      return { kind: 'number', field: 'protocol', fields, all: range(255), read: numberIn(PROTOCOL_NUMBERS) };
    case 'nexthdr':
      return unknown(
        'it asks for the first header, where UPE looks behind extension headers; "meta l4proto" can be said',
        fields,
      );
    default:
      return unknown(noField(left), fields);
  }
}

function icmpSelector(protocol: 'icmp' | 'icmpv6', name: string, left: Json): Selector {
  const [version, number, words] =
    protocol === 'icmp' ? ([4, 1, ICMP_NUMBERS] as const) : ([6, 58, ICMPV6_NUMBERS] as const);
  const fields: Partial<Condition> = { version, protocol: numbers(number) };
  if (name !== 'type') return unknown(noField(left), fields);
  return { kind: 'number', field: 'icmpType', fields, all: range(255), read: numberIn(words) };
}

function vlanSelector(name: string, hasTags: boolean, left: Json): Selector {
  if (!hasTags) return unknown('a chain of this family sees packets without their tags');
  if (name !== 'id') return unknown(noField(left));
  return { kind: 'number', field: 'vlan', fields: {}, all: range(4095), read: numberIn() };
}

function metaSelector(key: string, left: Json): Selector {
  switch (key) {
    case 'l4proto':
      return {
        kind: 'number',
        field: 'protocol',
        fields: {},
        all: range(255),
        read: numberIn(PROTOCOL_NUMBERS),
      };
    case 'nfproto':
    case 'protocol':
      return { kind: 'version' };
    case 'iif':
    case 'iifname':
      return { kind: 'interface' };
    case 'oif':
    case 'oifname':
      return unknown('UPE judges a packet before it leaves');
    default:
      return unknown(noField(left));
  }
}

/** `tcp flags & (syn|ack)`, `ip frag-off & 0x3fff`. */
function maskedSelector(operands: Json, left: Json): Selector {
  const [masked, mask] = listOf(operands) ?? [];
  const payload = objectOf(masked)?.payload;
  const name = `${textIn(payload, 'protocol')} ${textIn(payload, 'field')}`;
  if (name === 'tcp flags') {
    const bits = flagBits((listOf(operands) ?? []).slice(1));
    return bits === null ? unknown(noField(left), { protocol: numbers(6) }) : { kind: 'flags', mask: bits };
  }
  // More fragments, and the offset (RFC 791, 3.1): what makes a fragment. The offset alone makes a later one.
  if (name === 'ip frag-off' && mask === 0x3fff) return { kind: 'fragment' };
  if (name === 'ip frag-off') return unknown('UPE does not tell first from later fragments', { version: 4 });
  const inner = payload === undefined ? null : payloadSelector(payload, true);
  return unknown(noField(left), inner !== null && 'fields' in inner ? inner.fields : {});
}

/** The bits of flags, named, or'ed or listed; null where one is unknown. */
export function flagBits(value: Json, depth = 0): number | null {
  const read = numberIn(TCP_FLAG_BITS)(value);
  if (read !== null) return read > 255n ? null : Number(read);
  const inner = listOf(value) ?? listOf(objectOf(value)?.['|']);
  if (inner === null || depth > 16) return null;
  let bits = 0;
  for (const each of inner) {
    const more = flagBits(each, depth + 1);
    if (more === null) return null;
    bits |= more;
  }
  return bits;
}

/** `@th,0,16` and `@th,16,16`: the ports, as some programs write them. */
function rawPortField(content: Json): ValueField | undefined {
  const raw = objectOf(content);
  if (raw?.base !== 'th' || raw.len !== 16) return undefined;
  if (raw.offset === 0) return 'srcPort';
  return raw.offset === 16 ? 'dstPort' : undefined;
}

function numberIn(words?: ReadonlyMap<string, number>): (value: Json) => bigint | null {
  return (value) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
    const number = typeof value === 'string' ? words?.get(value) : undefined;
    return number === undefined ? null : BigInt(number);
  };
}

function range(high: number): Interval {
  return { low: 0n, high: BigInt(high) };
}

function unknown(reason: string, fields: Partial<Condition> = {}): Selector {
  return { kind: 'unknown', reason, fields };
}

function noField(left: Json): string {
  return `UPE has no field for ${expressionText(left)}`;
}
