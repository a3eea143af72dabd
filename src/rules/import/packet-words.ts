/**
 * Names that other firewalls print for the numbers of packet headers (IANA: "Protocol Numbers", "ICMP
 * Parameters", "ICMPv6 Parameters"; RFC 2474, 2597, 3246, 5865, 8622).
 */
export const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['ip', 0],
  ['hopopt', 0],
  ['icmp', 1],
  ['igmp', 2],
  ['ipencap', 4],
  ['ipv4', 4],
  ['tcp', 6],
  ['egp', 8],
  ['igp', 9],
  ['udp', 17],
  ['dccp', 33],
  ['ipv6', 41],
  ['ipv6-route', 43],
  ['ipv6-frag', 44],
  ['rsvp', 46],
  ['gre', 47],
  ['esp', 50],
  ['ipv6-crypt', 50],
  ['ah', 51],
  ['ipv6-auth', 51],
  ['icmpv6', 58],
  ['ipv6-icmp', 58],
  ['ipv6-nonxt', 59],
  ['ipv6-opts', 60],
  ['eigrp', 88],
  ['ospf', 89],
  ['ospfigp', 89],
  ['ipip', 94],
  ['etherip', 97],
  ['pim', 103],
  ['comp', 108],
  ['ipcomp', 108],
  ['vrrp', 112],
  ['l2tp', 115],
  ['sctp', 132],
  ['mobility-header', 135],
  ['mh', 135],
  ['udplite', 136],
  ['mpls-in-ip', 137],
  ['hip', 139],
  ['shim6', 140],
]);

export const DSCP_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['be', 0],
  ['df', 0],
  ['le', 1],
  ['lephb', 1],
  ['va', 44],
  ['voice-admit', 44],
  ['ef', 46],
  ...Array.from({ length: 8 }, (_, i): [string, number] => [`cs${i}`, 8 * i]),
  ...[1, 2, 3, 4].flatMap((level) =>
    [1, 2, 3].map((drop): [string, number] => [`af${level}${drop}`, 8 * level + 2 * drop]),
  ),
]);

export const ICMP_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['echo-reply', 0],
  ['destination-unreachable', 3],
  ['source-quench', 4],
  ['redirect', 5],
  ['echo-request', 8],
  ['router-advertisement', 9],
  ['router-solicitation', 10],
  ['time-exceeded', 11],
  ['parameter-problem', 12],
  ['timestamp-request', 13],
  ['timestamp-reply', 14],
  ['info-request', 15],
  ['info-reply', 16],
  ['address-mask-request', 17],
  ['address-mask-reply', 18],
]);

export const ICMPV6_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['destination-unreachable', 1],
  ['packet-too-big', 2],
  ['time-exceeded', 3],
  ['parameter-problem', 4],
  ['echo-request', 128],
  ['echo-reply', 129],
  ['mld-listener-query', 130],
  ['mld-listener-report', 131],
  ['mld-listener-done', 132],
  ['mld-listener-reduction', 132],
  ['nd-router-solicit', 133],
  ['nd-router-advert', 134],
  ['nd-neighbor-solicit', 135],
  ['nd-neighbor-advert', 136],
  ['nd-redirect', 137],
  ['router-renumbering', 138],
  ['ind-neighbor-solicit', 141],
  ['ind-neighbor-advert', 142],
  ['mld2-listener-report', 143],
]);

export const TCP_FLAG_BITS: ReadonlyMap<string, number> = new Map([
  ['fin', 0x01],
  ['syn', 0x02],
  ['rst', 0x04],
  ['psh', 0x08],
  ['ack', 0x10],
  ['urg', 0x20],
  ['ecn', 0x40],
  ['ece', 0x40],
  ['cwr', 0x80],
]);

/**
 * IPv6 headers that the kernel passes on its way to the protocol, so that it never finds them there
 * (`ipv6_find_hdr`); ip6tables passes AH as well, nftables does not.
 */
export const PASSED_IN_IPV6: readonly number[] = [0, 43, 44, 60];
export const PASSED_BY_IP6TABLES: readonly number[] = [...PASSED_IN_IPV6, 51];
/** IPv6 headers that UPE passes on its way to the protocol, and the kernel does not. */
export const PASSED_BY_UPE_ONLY: readonly number[] = [135, 139, 140];
