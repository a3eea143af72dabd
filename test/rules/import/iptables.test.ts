import t from 'tap';
import { ImportError } from '../../../src/errors.js';
import { importRules } from '../../../src/rules/import/import-rules.js';
import { readIptables } from '../../../src/rules/import/iptables/iptables-table.js';
import { parseRuleFile } from '../../../src/rules/rule-file.js';

/** What `iptables-save` prints of a table filter with these lines behind the chains. */
function saved(...lines: readonly string[]): string {
  const head = ['*filter', ':INPUT ACCEPT [0:0]', ':FORWARD DROP [12:3456]', ':web - [0:0]'];
  return [...head, ...lines, 'COMMIT', ''].join('\n');
}

const imported = (text: string, ipv6 = false) => importRules(readIptables(text, 'filter/FORWARD', ipv6));
const rulesOf = (text: string) => parseRuleFile(new TextEncoder().encode(text), 'imported.yaml').rules;

/** Matches of a rule, and those of the rules that it becomes, all of them of IPv4 (or IPv6). */
const SAID: readonly [string, readonly string[], isIpv6?: true][] = [
  ['-s 10.0.0.0/8 ! -d 128.0.0.0/1', ['src: 10.0.0.0/8, dst: 0.0.0.0/1']],
  ['-s 10.0.0.0/255.255.0.0', ['src: 10.0.0.0/16']],
  ['-i eth0 -p udp', ['protocol: udp, in_interface: eth0']],
  ['! -i eth0 -p 47', ['protocol: gre, in_interface: eth0', 'protocol: gre']],
  ['-p tcp -m tcp --sport 1024:65535 --dport 22', ['protocol: tcp, src_port: 1024-65535, dst_port: 22']],
  ['-p udp -m udp ! --dport 53', ['protocol: udp, dst_port: [0-52, 54-65535]']],
  ['-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN', ['protocol: tcp, tcp_flags: syn,!fin,!rst,!ack']],
  [
    '-p tcp -m tcp ! --tcp-flags SYN,ACK SYN',
    ['protocol: tcp, tcp_flags: !syn', 'protocol: tcp, tcp_flags: syn,ack'],
  ],
  ['-p tcp -m multiport --dports 80,443,8000:8080', ['protocol: tcp, dst_port: [80, 443, 8000-8080]']],
  [
    '-p sctp -m multiport --ports 5',
    ['protocol: sctp, src_port: 5', 'protocol: sctp, src_port: [0-4, 6-65535], dst_port: 5'],
  ],
  ['-m iprange --src-range 10.0.0.1-10.0.0.2', ['src: [10.0.0.1, 10.0.0.2]']],
  ['-p icmp -m icmp --icmp-type 8', ['protocol: icmp, icmp_type: 8']],
  ['-p icmp -m icmp --icmp-type any', ['protocol: icmp, icmp_type: 0-255']],
  ['-m dscp --dscp 0x2e', ['dscp: 46']],
  [
    '-s fd00::/8 -p ipv6-icmp -m icmp6 --icmpv6-type 135',
    ['protocol: icmpv6, src: fd00::/8, icmp_type: 135'],
    true,
  ],
];

t.test('what can be said is said exactly, and the other IP version stays out of the policy', async (t) => {
  for (const [matches, expected, isIpv6] of SAID) {
    const { text, findings } = imported(saved(`[1:2] -A FORWARD ${matches} -j DROP`), isIpv6);
    const version = isIpv6 ? 6 : 4;
    // Where an interface is excepted, a rule of the policy stands before the drop.
    t.strictSame(
      rulesOf(text).map(({ matchText }) => matchText),
      [...expected.map((each) => `ip_version: ${version}, ${each}`), `ip_version: ${10 - version}`],
      matches,
    );
    t.strictSame(findings, [], matches);
  }
});

const UNSAID: readonly [string, RegExp][] = [
  [
    '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    /^UPE keeps no connections; its packets go on .*: last can match them$/,
  ],
  ['-m limit --limit 5/min -j ACCEPT', /^UPE limits no rates; /],
  ['-m set --match-set bad src -j DROP', /^iptables-save does not print what the set holds; /],
  ['-m novel --thing x -j DROP', /^UPE has no field for -m novel; /],
  ['-i eth+ -j DROP', /^a rule of UPE names interfaces in full; /],
  ['-o eth1 -j DROP', /^UPE judges a packet before it leaves; /],
  ['-f -j DROP', /^UPE does not tell first from later fragments; /],
  ['-p icmp -m icmp --icmp-type 3/4 -j DROP', /^UPE has no field for the code of an ICMP message; /],
  ['-p udplite -m multiport --dports 5 -j DROP', /^UPE finds ports in tcp, udp and sctp only; /],
  ['-s 10.0.0.0/255.0.255.0 -j DROP', /^its mask is none of leading ones; /],
  ['-j NFQUEUE --queue-num 1', /^UPE has nothing like target NFQUEUE; /],
  ['-j DSCP --set-dscp 0x01', /^DSCP changes the packet, .*; it lets its packets go on$/],
  ['-p tcp -m tcp --dport 22', /^it counts packets and lets them go on, and last can match them later; /],
];

t.test('what cannot be said is left out, with the reason', async (t) => {
  for (const [rule, reason] of UNSAID) {
    const last = '-A FORWARD -p all -m comment --comment "last" -j DROP';
    const { text, findings } = imported(saved(`-A FORWARD ${rule}`, last));
    t.strictSame(
      rulesOf(text).map(({ name }) => name),
      ['last', 'ipv6'],
      rule,
    );
    t.equal(findings.length, 1, rule);
    t.match(findings[0], { kind: 'left out', reason }, rule);
    t.match(text, `# LEFT OUT filter/FORWARD rule 1: ${rule}`);
  }
});

t.test('chains are followed, comments are names, LOG and REJECT are noted', async (t) => {
  const { text, findings } = imported(
    saved(
      '-A FORWARD -p tcp -m comment --comment "to the \\"web\\"" -j web',
      '-A FORWARD -s 10.2.0.0/16 -j ACCEPT',
      '-A web -s 10.1.0.0/16 -j RETURN',
      '-A web -j LOG --log-prefix "a -j b"',
      '-A web -m comment --comment "-no web" -j REJECT --reject-with tcp-reset',
    ),
  );
  t.strictSame(
    rulesOf(text).map(({ name, matchText, action }) => [name, matchText, action]),
    [
      ['policy-FORWARD', 'ip_version: 4, protocol: tcp, src: 10.1.0.0/16', 'drop'],
      ['no-web', 'ip_version: 4, protocol: tcp', 'drop'],
      ['FORWARD-2', 'ip_version: 4, src: 10.2.0.0/16', 'count'],
      ['ipv6', 'ip_version: 6', 'count'],
    ],
  );
  t.strictSame(
    findings.map(({ kind, rule }) => [kind, rule.place]),
    [
      ['note', 'filter/web rule 2'],
      ['note', 'filter/web rule 3'],
    ],
  );
});

/** Texts that iptables-save does not print, and the line that says so. */
const REFUSED: readonly [string, RegExp][] = [
  ['', /no table begins in it/],
  ['{"nftables": []}', /line 1: no table has begun/],
  ['*filter\n:FORWARD DROP [0:0]\n', /table filter has no COMMIT/],
  ['*filter\n:FORWARD\nCOMMIT', /line 2: ":FORWARD" is no chain with its policy/],
  [saved('-A NOWHERE -j DROP'), /line 5: chain "NOWHERE" is not there/],
  [saved('-I FORWARD -j DROP'), /line 5: "-I FORWARD -j DROP" adds no rule/],
  [saved('-A FORWARD -s fe80::1/128 -j DROP'), /line 5: -s fe80::1 is IPv6; give --ipv6/],
  [saved('-A FORWARD -s host -j DROP'), /line 5: -s "host" is none that iptables-save prints/],
  [saved('-A FORWARD -p tcp -m tcp --dport 5:4 -j DROP'), /--dport "5:4" is none that/],
  [saved('-A FORWARD -p tcp -m tcp --tcp-flags X Y -j DROP'), /--tcp-flags "X Y" is none that/],
  [saved('-A FORWARD -j web', '-A web -j web'), /chains call one another in a circle: web -> web/],
  [`${saved()}${saved()}`, /table "filter" a second time/],
];

t.test('what iptables-save does not print is refused in one line', async (t) => {
  for (const [text, says] of REFUSED) {
    try {
      imported(text);
      t.fail(`refused: ${text}`);
    } catch (error) {
      t.type(error, ImportError, text);
      t.match((error as Error).message, says);
      t.notMatch((error as Error).message, '\n');
    }
  }
});
