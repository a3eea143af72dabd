import {
  FIELD_DSCP,
  FIELD_DST_PORT,
  FIELD_FRAGMENT,
  FIELD_ICMP_TYPE,
  FIELD_IN_INTERFACE,
  FIELD_PROTOCOL,
  FIELD_SRC_PORT,
  FIELD_TCP_FLAGS,
  FIELD_VLAN,
} from '../matcher-layout.js';
import type { RuleMatch, TcpFlagsMatch } from '../rule.js';
import type { Span } from './value-sweep.js';

/** A field of small numbers, -1 for ABSENT. */
export interface CodeField {
  readonly field: number;
  /** The values that a rule wants; `null`: any, ABSENT included. */
  readonly spansOf: (match: RuleMatch) => readonly Span[] | null;
}

/** The fields that most rules name, in the order in which the matcher looks them up. */
export const SERVICE_FIELDS: readonly CodeField[] = [
  { field: FIELD_PROTOCOL, spansOf: ({ protocols }) => spansOfList(protocols) },
  { field: FIELD_DST_PORT, spansOf: ({ dstPorts }) => dstPorts },
  { field: FIELD_SRC_PORT, spansOf: ({ srcPorts }) => srcPorts },
];

/**
 * The other fields but addresses.
 *
 * @param interfaces labels of the source's interfaces; another one matches no packet.
 */
export function otherFields(interfaces: readonly string[]): readonly CodeField[] {
  return [
    { field: FIELD_TCP_FLAGS, spansOf: ({ tcpFlags }) => tcpFlags && spansOfFlags(tcpFlags) },
    { field: FIELD_ICMP_TYPE, spansOf: ({ icmpTypes }) => spansOfList(icmpTypes) },
    { field: FIELD_DSCP, spansOf: ({ dscps }) => spansOfList(dscps) },
    {
      field: FIELD_FRAGMENT,
      spansOf: ({ fragment }) => (fragment === null ? null : spansOfList([fragment ? 1 : 0])),
    },
    { field: FIELD_VLAN, spansOf: ({ vlans }) => spansOfList(vlans) },
    {
      field: FIELD_IN_INTERFACE,
      spansOf: ({ inInterfaces }) =>
        spansOfList(inInterfaces?.map((name) => interfaces.indexOf(name)).filter((index) => index >= 0)),
    },
  ];
}

function spansOfList(values: readonly number[] | null | undefined): readonly Span[] | null {
  return values?.map((value) => ({ low: value, high: value })) ?? null;
}

function spansOfFlags({ set, clear }: TcpFlagsMatch): readonly Span[] {
  const spans: Span[] = [];
  for (let flags = 0; flags < 256; flags++) {
    if ((flags & set) === set && (flags & clear) === 0) spans.push({ low: flags, high: flags });
  }
  return spans;
}
