import { ANYTHING } from './condition.js';
import { asList, holds, type Meaning, unsaid } from './meaning.js';
import { PASSED_BY_UPE_ONLY } from './packet-words.js';
import { complement, intersection, numbers, type Values } from './values.js';

const ALL = { low: 0n, high: 255n };
const UNLIKE = numbers(...PASSED_BY_UPE_ONLY);

/**
 * The protocol behind IPv6's extension headers, as the kernel finds it. It passes others of them than UPE.
 *
 * @param version the one IP version that can be meant, or null.
 * @param passed the headers that the kernel passes there.
 */
export function protocolMeaning(protocol: Values, version: 4 | 6 | null, passed: readonly number[]): Meaning {
  if (version === 4 || isNegation(protocol)) {
    return holds(asList(version === null ? { protocol } : { version, protocol }));
  }
  const unlike = intersection(protocol, UNLIKE);
  if (unlike.length > 0) {
    const header = `the header of protocol ${unlike[0].low}`;
    return unsaid(`in IPv6, UPE takes ${header} for an extension and looks behind it`, [ANYTHING]);
  }
  const inBoth = intersection(protocol, complement(numbers(...passed), ALL));
  const inIpv4 = version === 6 ? [] : intersection(protocol, numbers(...passed));
  return holds([...asList({ version, protocol: inBoth }), ...asList({ version: 4, protocol: inIpv4 })]);
}

/** Everything but a few: the headers in which IPv6 differs are among the rest whoever looks. */
function isNegation(values: Values): boolean {
  return values.length > 0 && values[0].low === 0n && values[values.length - 1].high === ALL.high;
}
