import type { Rule, RuleSet } from '../rules/rule.js';
import type { SourceSpec } from '../source/source-spec.js';

/** What the raw-socket source cannot see, for who starts it. */
export const RAW_SOCKET_LIMITS =
  'raw-socket reads at the IP layer: TCP, UDP and ICMP packets that this host itself receives, after ' +
  'reassembly and its firewall, without the link layer. IPv6 packets come without their header, so their ' +
  'destination is not known';

/** IANA's number of ICMPv6, which IPv4 packets do not carry. */
const ICMPV6 = 58;

/**
 * Why a rule set cannot be used with a source: what its rules ask for is not to be seen there.
 *
 * @returns one sentence each, with file and line; none when it can be used.
 */
export function sourceProblems({ file, rules }: RuleSet, source: SourceSpec['kind']): string[] {
  if (source !== 'raw-socket') return [];
  return rules.flatMap((rule) =>
    rawSocketProblems(rule).map((reason) => `${file}:${rule.line}: rule ${rule.name} ${reason}`),
  );
}

function rawSocketProblems({ match, action }: Rule): string[] {
  const problems: string[] = [];
  const isIpv6Only =
    match.ipVersion === 6 || (match.protocols?.every((protocol) => protocol === ICMPV6) ?? false);
  if (match.dst?.some(({ version }) => version === 6)) {
    problems.push(
      'matches an IPv6 dst, and raw-socket delivers IPv6 packets without their destination; ' +
        'match by src, or use the afpacket source',
    );
  }
  if (match.vlans !== null) {
    problems.push(
      'matches vlan, and raw-socket delivers packets without the link layer; use the afpacket source',
    );
  }
  if (match.dscps !== null && match.ipVersion !== 4) {
    problems.push(
      'matches dscp, and raw-socket delivers IPv6 packets without it; ' +
        'add ip_version: 4, or use the afpacket source',
    );
  }
  if (action === 'forward' && isIpv6Only) {
    problems.push(
      'forwards IPv6 packets only, and raw-socket can send IPv4 alone; use count, or the afpacket source',
    );
  }
  return problems;
}
