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

/** A router's table as people write it: connections, rates, sets, jumps, logs. The first rules cannot be said. */
export const ROUTER_TABLE = `
table inet router {
  set admins { type ipv4_addr; flags interval; elements = { 10.1.0.0/24, 10.2.0.0/24, 192.0.2.10 } }
  set admins6 { type ipv6_addr; flags interval; elements = { 2001:db8:1::/64 } }
  set banned { type ipv4_addr; flags dynamic,timeout; timeout 1h; size 4096; }
  set servers { type ipv4_addr; elements = { 10.0.0.80, 10.0.0.81, 10.0.0.82 } }
  set bogons { type ipv4_addr; flags interval; elements = { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 } }
  set mail_ports { type inet_service; elements = { 25, 465, 587, 993 } }
  map zones { type ifname : verdict; elements = { "lan0" : jump from_lan, "dmz0" : jump from_dmz, "wan0" : jump from_wan } }
  chain from_lan {
    ip saddr != 10.1.0.0/16 counter drop comment "lan spoofed"
    tcp dport { 80, 443 } counter accept comment "lan web"
    udp dport { 53, 123, 443 } counter accept comment "lan udp"
    tcp dport @mail_ports counter accept comment "lan mail"
    ip saddr @admins tcp dport 22 counter accept comment "lan ssh"
    ip6 saddr @admins6 tcp dport 22 counter accept comment "lan ssh6"
    icmp type echo-request limit rate 20/second counter accept comment "lan ping"
    icmpv6 type echo-request counter accept comment "lan ping6"
    tcp dport 6667 counter reject with tcp reset comment "lan irc"
    meta l4proto { esp, ah } counter accept comment "lan ipsec"
  }
  chain from_dmz {
    ip saddr != @servers counter drop comment "dmz spoofed"
    udp dport 53 counter accept comment "dmz dns"
    tcp dport { 80, 443 } ip daddr 198.51.100.0/24 counter accept comment "dmz updates"
    tcp dport 25 counter accept comment "dmz mail"
    ip daddr 10.0.0.0/8 counter drop comment "dmz inward"
    counter return comment "dmz rest"
  }
  chain from_wan {
    ip saddr @bogons counter drop comment "bogons"
    ip saddr @banned counter drop comment "banned"
    fib saddr . iif oif missing counter drop comment "unroutable"
    ip daddr @servers tcp dport vmap { 80 : accept, 443 : accept, 22 : jump ssh_in }
    ip daddr @servers udp dport 443 counter accept comment "quic"
    ip6 daddr 2001:db8:80::/64 tcp dport { 80, 443 } counter accept comment "wan web6"
    ip daddr 10.0.0.25 tcp dport @mail_ports counter accept comment "wan mail"
    udp dport 51820 counter accept comment "wireguard"
    udp dport 500 udp sport 500 counter accept comment "ike"
    meta l4proto esp counter accept comment "wan esp"
    icmp type { destination-unreachable, time-exceeded, parameter-problem } counter accept comment "icmp errors"
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded } counter accept comment "icmp6 errors"
    tcp flags & (fin|syn|rst|ack) != syn counter drop comment "no syn"
    log prefix "wan: " counter drop comment "wan rest"
  }
  chain ssh_in {
    ip saddr @admins counter accept comment "ssh admins"
    update @banned { ip saddr limit rate over 5/minute } counter drop comment "ssh guessing"
    counter drop comment "ssh others"
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    meta mark 0x1 counter accept comment "marked"
    oifname "lan0" meta l4proto tcp tcp flags syn tcp option maxseg size set rt mtu
    iifname "guest*" counter drop comment "guests"
    iifname vmap @zones
    iifname { "vpn0", "vpn1" } ip daddr 10.1.0.0/16 counter accept comment "vpn in"
    iifname { "vpn0", "vpn1" } counter drop comment "vpn rest"
    ip protocol igmp counter drop comment "igmp"
    ip daddr 224.0.0.0/4 counter drop comment "multicast"
    ip6 daddr ff00::/8 counter drop comment "multicast6"
    meta l4proto tcp ct count over 100 counter drop comment "too many"
    tcp dport { 135, 139, 445 } counter drop comment "smb"
    udp dport 137-138 counter drop comment "netbios"
    tcp dport 23 counter drop comment "telnet"
    udp dport 1900 counter drop comment "ssdp"
    ip dscp cs6 counter accept comment "control"
    ip6 nexthdr icmpv6 counter accept comment "by next header"
    ip ttl < 2 counter drop comment "ttl"
    ip length > 1500 counter drop comment "long"
    meta nfproto ipv6 counter accept comment "all ipv6"
    limit rate 10/minute log prefix "drop: "
    counter comment "dropped by policy"
  }
}
`;

/** Rules of iptables for the table raw, where every IPv4 packet comes by that is addressed to the host. */
export const RAW_TABLE = `*raw
:PREROUTING ACCEPT [0:0]
:web - [0:0]
:tail - [0:0]
-A PREROUTING -s 10.1.0.0/16 ! -d 10.2.0.0/16 -p tcp -m tcp --dport 22 -m comment --comment "ssh" -j ACCEPT
-A PREROUTING -i lo -m comment --comment "called-loopback" -j ACCEPT
-A PREROUTING ! -i lo -p udp -m udp --dport 7000:7009 -m comment --comment "not-loopback" -j DROP
-A PREROUTING -p tcp -m multiport --dports 80,443,8000:8099 -m comment --comment "called-web" -j web
-A PREROUTING -p udp -m multiport --ports 53,123 -m comment --comment "names" -j ACCEPT
-A PREROUTING -p udp -m udp ! --sport 1024:65535 -m comment --comment "udp-low" -j DROP
-A PREROUTING -m iprange --src-range 10.0.0.1-10.0.0.99 -m comment --comment "range" -j ACCEPT
-A PREROUTING -p icmp -m icmp --icmp-type 8 -m comment --comment "ping" -j ACCEPT
-A PREROUTING -p icmp -m icmp ! --icmp-type 3 -m comment --comment "icmp" -j DROP
-A PREROUTING -m dscp --dscp 0x2e -m comment --comment "voice" -j ACCEPT
-A PREROUTING -p sctp -m sctp --dport 1000:4000 -m comment --comment "sctp" -j ACCEPT
-A PREROUTING -d 10.8.0.0/16 -m comment --comment "called-tail" -g tail
-A PREROUTING -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m comment --comment "syn" -j ACCEPT
-A PREROUTING ! -p tcp -m comment --comment "not-tcp" -j ACCEPT
-A PREROUTING -p tcp -m tcp ! --tcp-flags SYN,ACK SYN -m comment --comment "only-counted"
-A web -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -m comment --comment "null-scan" -j DROP
-A web -s 10.4.0.0/24 -m comment --comment "called-return" -j RETURN
-A web -j LOG --log-prefix "web -j DROP "
-A web -p tcp -m tcp --sport 0:1023 -m comment --comment "web-low" -j DROP
-A tail -s 10.3.0.1/32 -m comment --comment "tail-three" -j ACCEPT
-A tail -d 10.8.1.0/24 -m comment --comment "tail-drop" -j DROP
COMMIT
`;
