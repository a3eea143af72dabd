/**
 * A table of nftables with each construct that can be said in rules of UPE, on the ingress of eth0: sets,
 * maps, chains that jump and return, negations, flags, fragments, tags. Every counting rule has a name in its
 * comment; `called-` begins those that jump or return, whose packets are counted elsewhere.
 */
export const INGRESS_TABLE = `
table netdev imported {
  set lan { type ipv4_addr; flags interval; elements = { 10.1.0.0/16, 10.2.3.0/24, 10.9.9.9, 10.4.0.5-10.4.0.40 } }
  set lab6 { type ipv6_addr; flags interval; elements = { 2001:db8:1::/48, 2001:db8:2::7 } }
  set services { type inet_proto . inet_service; elements = { tcp . 22, udp . 123, sctp . 2905 } }
  set pairs { type ipv4_addr . inet_service; flags interval; elements = { 10.3.0.0/16 . 5000-5009, 10.9.9.9 . 6000 } }
  map verdicts { type inet_service : verdict; flags interval; elements = { 8000-8099 : jump web, 9000 : drop, 9001 : accept, 9002-9010 : goto tail } }
  chain web {
    tcp flags & (fin|syn|rst|ack) == syn counter accept comment "web-syn"
    ip saddr @lan counter return comment "called-web-lan"
    ip6 saddr @lab6 counter return comment "called-web-lab"
    tcp sport < 1024 counter drop comment "web-low"
    tcp flags fin,rst counter accept comment "web-end"
    jump deeper
    ip daddr 10.7.0.0/16 counter drop comment "web-seven"
  }
  chain deeper {
    tcp dport 8080-8090 counter goto tail comment "called-deeper-tail"
    ip dscp { af11, cs1 } counter drop comment "deeper-dscp"
    ip6 dscp { af11, cs1 } counter drop comment "deeper-dscp6"
    tcp dport != 8000-8050 counter accept comment "deeper-rest"
  }
  chain tail {
    ip saddr != 10.1.0.0/16 counter drop comment "tail-away"
    ip6 saddr 2001:db8:1::/48 counter return comment "called-tail-lab"
    tcp dport >= 9005 counter accept comment "tail-high"
  }
  chain pieces {
    ip dscp ef counter accept comment "pieces-ef"
    udp dport 53 counter accept comment "pieces-dns"
    ip protocol tcp counter drop comment "pieces-tcp"
    ip protocol sctp ip daddr 10.0.0.0/13 counter return comment "called-pieces"
    ip protocol { udp, icmp } counter accept comment "pieces-rest"
  }
  chain arrivals {
    type filter hook ingress device eth0 priority 0; policy accept;
    ip frag-off & 0x3fff != 0 counter goto pieces comment "called-fragments"
    vlan id 100 counter accept comment "vlan-100"
    vlan id { 200-210, 300 } tcp dport 443 counter accept comment "vlan-web"
    vlan id != 200 vlan id != 0 ip saddr @lan counter drop comment "vlan-lan"
    vlan id 1-4094 counter accept comment "vlan-others"
    iifname != "eth0" counter drop comment "elsewhere"
    iifname != "lo" tcp flags & (fin|syn|rst|psh|ack|urg) == 0 counter drop comment "null-scan"
    tcp flags & (fin|psh|urg) == (fin|psh|urg) counter drop comment "xmas-scan"
    tcp flags & (syn|fin) == (syn|fin) counter drop comment "syn-fin"
    tcp flags { rst, rst|ack } counter accept comment "resets"
    tcp dport vmap @verdicts
    meta l4proto . th dport @services counter accept comment "services"
    ip saddr . tcp dport @pairs counter accept comment "pairs"
    ip saddr . ip daddr { 10.1.0.1 . 10.2.3.4, 10.2.3.4 . 10.1.0.1, 10.9.9.9 . 10.1.0.1 } counter accept comment "friends"
    tcp dport { 80, 443 } counter accept comment "web"
    tcp dport { 25, 465, 587 } ip saddr != @lan counter drop comment "mail-out"
    tcp dport { 25, 465, 587 } counter accept comment "mail"
    udp dport 53 ip daddr { 10.0.0.53, 10.0.1.53 } counter accept comment "dns"
    udp dport 53 ip6 daddr 2001:db8::53 counter accept comment "dns6"
    udp dport 53 counter drop comment "dns-others"
    udp sport 67-68 udp dport 67-68 counter accept comment "dhcp"
    udp sport != 1024-65535 counter drop comment "udp-low"
    meta l4proto { tcp, udp } th dport 3478 counter accept comment "stun"
    meta l4proto udp th sport > 60000 counter accept comment "udp-high"
    icmp type { echo-request, echo-reply } counter accept comment "ping"
    icmp type 3 counter accept comment "unreachable"
    icmp type != { redirect, 3 } counter accept comment "icmp-others"
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } counter accept comment "neighbours"
    icmpv6 type echo-request ip6 saddr @lab6 counter accept comment "ping6"
    icmpv6 type echo-request counter drop comment "ping6-others"
    meta l4proto icmpv6 counter accept comment "icmpv6"
    meta protocol ip meta l4proto gre counter drop comment "gre"
    meta protocol ip6 meta l4proto gre counter accept comment "gre6"
    sctp dport 1000-4000 sctp sport 1024-65535 counter accept comment "sctp"
    sctp dport 1-999 counter drop comment "sctp-low"
    ip dscp { ef, cs5, 12-15 } counter accept comment "voice"
    ip6 dscp ef counter accept comment "voice6"
    ip6 saddr @lab6 ip6 daddr != @lab6 counter accept comment "lab-out"
    ip6 daddr fe80::/10 counter accept comment "link-local"
    ip daddr 224.0.0.0/4 counter accept comment "multicast"
    ip saddr 10.0.0.0-10.0.0.99 tcp sport 1024-65535 tcp dport 1024-5000 counter accept comment "range"
    ip saddr & 255.255.0.0 == 10.6.0.0 counter drop comment "six"
    ip daddr vmap { 10.8.0.1 : drop, 10.8.0.2-10.8.0.9 : accept, 10.8.1.0/24 : jump web }
    ip protocol != { tcp, udp, icmp } counter drop comment "exotic"
    meta l4proto != { tcp, udp, icmp, icmpv6 } counter accept comment "exotic6"
    ip saddr @lan counter accept comment "lan"
    ip6 saddr @lab6 counter accept comment "lab"
    tcp dport 1-1023 counter drop comment "tcp-low"
    udp dport 7000 counter comment "only-counted"
    udp dport 7001-7009 ip saddr 10.3.0.0/16 counter comment "only-counted-too"
    meta protocol { ip, ip6 } udp dport != 7000-7009 counter accept comment "rest-udp"
    meta protocol { ip, ip6 } meta l4proto tcp counter accept comment "rest-tcp"
  }
}
`;
