import { type Condition, conditionOf } from './condition.js';
import { PASSED_BY_UPE_ONLY, PASSED_IN_IPV6 } from './packet-words.js';
import { complement, intersection, numbers, type Values } from './values.js';

/** A match that has been understood, or the reason why it cannot be said. */
export type Said = { readonly when: readonly Condition[] } | { readonly unsaid: string };

const ALL = { low: 0n, high: 255n };
const FOUND_IN_IPV4_ONLY = numbers(...PASSED_IN_IPV6);
const UNLIKE = numbers(...PASSED_BY_UPE_ONLY);

/**
 * The protocol behind IPv6's extension headers, as the kernel finds it. It passes others of them than UPE.
 *
 * @param version the one IP version that can be meant, or null.
 */
export function protocolCondition(protocol: Values, version: 4 | 6 | null): Said {
  const isNegation =
    protocol.length > 0 && protocol[0].low === 0n && protocol[protocol.length - 1].high === 255n;
  if (version === 4 || isNegation) return { when: asList({ version, protocol }) };
  const unlike = intersection(protocol, UNLIKE);
  if (unlike.length > 0) {
    return {
      unsaid: `in IPv6, UPE looks behind the header of protocol ${unlike[0].low}, as of an extension`,
    };
  }
  const inBoth = intersection(protocol, complement(FOUND_IN_IPV4_ONLY, ALL));
  const inIpv4 = version === 6 ? [] : intersection(protocol, FOUND_IN_IPV4_ONLY);
  return {
    when: [...asList({ version, protocol: inBoth }), ...asList({ version: 4, protocol: inIpv4 })],
  };
}

function asList(fields: Partial<Condition>): Condition[] {
  const condition = conditionOf(fields);
  return condition === null ? [] : [condition];
}
