import t from 'tap';
import { importRules } from '../../../src/rules/import/import-rules.js';
import { readNftables } from '../../../src/rules/import/nftables/nftables-table.js';
import { parseRuleFile } from '../../../src/rules/rule-file.js';
import { ACCEPT, COUNTER, DROP, meta, nftListing, payload } from './nft-listing.js';

const imported = (text: string) => importRules(readNftables(text, null));
const rulesOf = (text: string) => parseRuleFile(new TextEncoder().encode(text), 'imported.yaml').rules;
const flags = (op: string, mask: readonly string[] | null, right: unknown) => {
  const left = { payload: { protocol: 'tcp', field: 'flags' } };
  return { match: { op, left: mask === null ? left : { '&': [left, mask] }, right } };
};

/** Matches of one rule of the family inet or of another one, and those of the rules that it becomes. */
const SAID: readonly [string, readonly object[], readonly string[], family?: string][] = [
  ['an address', [payload('ip', 'saddr', '10.0.0.1')], ['ip_version: 4, src: 10.0.0.1']],
  [
    'a network, and its complement',
    [
      payload('ip', 'saddr', { prefix: { addr: '0.0.0.0', len: 1 } }),
      payload('ip', 'daddr', { prefix: { addr: '128.0.0.0', len: 1 } }, '!='),
    ],
    ['ip_version: 4, src: 0.0.0.0/1, dst: 0.0.0.0/1'],
  ],
  [
    'a range of addresses',
    [payload('ip6', 'saddr', { range: ['2001:db8::1', '2001:db8::4'] })],
    ['ip_version: 6, src: [2001:db8::1, 2001:db8::2/127, 2001:db8::4]'],
  ],
  [
    'ports',
    [payload('tcp', 'dport', { set: [22, { range: [80, 90] }] })],
    ['protocol: tcp, dst_port: [22, 80-90]'],
  ],
  ['a port that is not', [payload('udp', 'sport', 53, '!=')], ['protocol: udp, src_port: [0-52, 54-65535]']],
  ['ports above', [payload('tcp', 'dport', 1024, '>')], ['protocol: tcp, dst_port: 1025-65535']],
  ['ports below', [payload('tcp', 'dport', 1024, '<=')], ['protocol: tcp, dst_port: 0-1024']],
  [
    'ports of two protocols',
    [meta('l4proto', { set: ['tcp', 'udp'] }), payload('th', 'dport', 53)],
    ['protocol: [tcp, udp], dst_port: 53'],
  ],
  ['the protocol', [meta('l4proto', 'ipv6-icmp')], ['protocol: icmpv6']],
  ['an IPv6 header that nftables passes', [meta('l4proto', 44)], ['ip_version: 4, protocol: 44']],
  [
    'the protocol of IPv4',
    [payload('ip', 'protocol', { set: ['tcp', 47] })],
    ['ip_version: 4, protocol: [tcp, gre]'],
  ],
  ['a version', [meta('nfproto', 'ipv6')], ['ip_version: 6']],
  ['a version by its EtherType', [meta('protocol', 'ip', '!=')], ['ip_version: 6']],
  ['both versions', [meta('protocol', { set: ['ip', 'ip6'] })], ['']],
  ['flags under a mask', [flags('==', ['fin', 'syn'], 'syn')], ['protocol: tcp, tcp_flags: syn,!fin']],
  [
    'any of the flags',
    [flags('in', null, ['syn', 'rst'])],
    ['protocol: tcp, tcp_flags: syn', 'protocol: tcp, tcp_flags: rst,!syn'],
  ],
  ['none of the flags', [flags('!', null, ['syn', 'rst'])], ['protocol: tcp, tcp_flags: !syn,!rst']],
  [
    'flags that are not',
    [flags('!=', ['syn', 'ack'], 'syn')],
    ['protocol: tcp, tcp_flags: !syn', 'protocol: tcp, tcp_flags: syn,ack'],
  ],
  [
    'ICMP types by name',
    [payload('icmp', 'type', { set: ['echo-request', 3] })],
    ['ip_version: 4, protocol: icmp, icmp_type: [3, 8]'],
  ],
  [
    'ICMPv6 types',
    [payload('icmpv6', 'type', 'nd-neighbor-solicit')],
    ['ip_version: 6, protocol: icmpv6, icmp_type: 135'],
  ],
  ['DSCP', [payload('ip6', 'dscp', { set: ['ef', 'af11', 1] })], ['ip_version: 6, dscp: [1, 10, 46]']],
  [
    'fragments',
    [
      {
        match: {
          op: '!=',
          left: { '&': [{ payload: { protocol: 'ip', field: 'frag-off' } }, 0x3fff] },
          right: 0,
        },
      },
    ],
    ['ip_version: 4, fragment: true'],
  ],
  ['interfaces', [meta('iifname', { set: ['lo', 'eth0'] })], ['in_interface: [lo, eth0]']],
  ['an interface that is not', [meta('iifname', 'lo', '!=')], ['in_interface: lo', '']],
  ['a VLAN', [payload('vlan', 'id', { range: [5, 9] })], ['vlan: 5-9'], 'netdev'],
  ['all of a family', [], ['ip_version: 4', 'ip_version: 6'], 'ip'],
  [
    'concatenations, joined where they can be',
    [
      {
        match: {
          op: '==',
          left: {
            concat: [
              { payload: { protocol: 'ip', field: 'saddr' } },
              { payload: { protocol: 'tcp', field: 'dport' } },
            ],
          },
          right: {
            set: [{ concat: ['10.0.0.1', 22] }, { concat: ['10.0.0.2', 22] }, { concat: ['10.0.0.1', 80] }],
          },
        },
      },
    ],
    [
      'ip_version: 4, protocol: tcp, src: [10.0.0.1, 10.0.0.2], dst_port: 22',
      'ip_version: 4, protocol: tcp, src: 10.0.0.1, dst_port: 80',
    ],
  ],
];

t.test('what can be said is said exactly', async (t) => {
  for (const [name, matches, expected, family] of SAID) {
    const { text, findings } = imported(
      nftListing([[...matches, COUNTER, DROP]], family === undefined ? {} : { family }),
    );
    t.strictSame(
      rulesOf(text).map(({ matchText }) => matchText),
      expected,
      name,
    );
    t.strictSame(findings, [], name);
  }
});

/** A rule that cannot be said, and what is told of it. */
const UNSAID: readonly [readonly object[], RegExp, family?: string][] = [
  [
    [{ match: { op: 'in', left: { ct: { key: 'state' } }, right: ['established', 'related'] } }, ACCEPT],
    /^UPE keeps no connections; its packets go on to the rules after it here: in-2 can match them$/,
  ],
  [[{ limit: { rate: 10, per: 'second' } }, ACCEPT], /^UPE limits no rates; /],
  [[meta('iifname', 'eth*'), DROP], /^a rule of UPE names interfaces in full; /],
  [[meta('oifname', 'eth1'), DROP], /^UPE judges a packet before it leaves; /],
  [[meta('mark', 1), DROP], /^UPE has no field for mark; /],
  [[payload('icmp', 'code', 1), DROP], /^UPE has no field for icmp code; /],
  [[payload('ip6', 'nexthdr', 'tcp'), DROP], /"meta l4proto" can be said; /],
  [[payload('th', 'dport', 53), DROP], /say which with "meta l4proto"; /],
  [[meta('l4proto', 135), DROP], /^in IPv6, UPE takes the header of protocol 135 for an extension/],
  [[payload('ip6', 'saddr', '::ffff:10.0.0.1'), DROP], /^IPv4-mapped addresses stand for IPv4 packets/],
  [[payload('tcp', 'dport', 'ssh'), DROP], /^UPE does not know \{ ssh \} of tcp dport; /],
  [[payload('ip', 'saddr', '@changing'), DROP], /^what set @changing holds changes with traffic or time; /],
  [[payload('ip', 'saddr', '@missing'), DROP], /^there is no set @missing; /],
  [
    [meta('protocol', 'arp'), DROP],
    /^frames without an IP packet reach no rule of UPE; .*: only the default action can match them$/,
    'netdev',
  ],
  [[payload('ether', 'type', 'ip'), DROP], /^it holds for frames without a VLAN tag only/, 'netdev'],
  [[payload('vlan', 'id', 1), DROP], /^a chain of this family sees packets without their tags; /],
  [[{ queue: { num: 1 } }], /^another program decides; /],
  [[{ novelty: { a: 1 } }], /^UPE does not know what "novelty" does; /],
  [[{ xt: { type: 'match', name: 'comment' } }], /"upe import iptables" reads iptables-save; /],
  [
    [{ mangle: { key: { payload: { protocol: 'ip', field: 'dscp' } }, value: 1 } }],
    /and the rules after it see what it has changed; it lets its packets go on$/,
  ],
  [
    [payload('tcp', 'dport', 22), COUNTER],
    /^it counts packets and lets them go on, and in-2 can match them later; /,
  ],
];

t.test('what cannot be said is left out, with the reason and with what that changes', async (t) => {
  const others = [{ set: { name: 'changing', type: 'ipv4_addr', timeout: 60, elem: ['10.0.0.1'] } }];
  for (const [expressions, reason, family = 'inet'] of UNSAID) {
    const rest = [payload('ip', 'daddr', '10.9.9.9'), DROP];
    const rules = [expressions, reason.source.includes('in-2') ? [DROP] : rest];
    const { text, findings } = imported(nftListing(rules, { family, others }));
    t.strictSame(
      rulesOf(text).map(({ name }) => name),
      ['in-2'],
      `${reason}: only the other rule is there`,
    );
    t.equal(findings.length, 1, String(reason));
    t.match(findings[0], { kind: 'left out', reason }, String(reason));
    t.match(text, /# LEFT OUT filter\/in handle 1: /, 'its place in the file is marked');
  }
});

t.test('a small set keeps its name too, also where its addresses are one network', (t) => {
  const others = [
    { set: { name: 'few', type: 'ipv4_addr', elem: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] } },
    { set: { name: 'pair', type: 'ipv4_addr', elem: ['10.1.0.2', '10.1.0.3'] } },
  ];
  const rule = (set: string, port: number) => [
    payload('ip', 'saddr', set),
    payload('tcp', 'dport', port),
    DROP,
  ];
  const { text } = imported(nftListing([rule('@few', 1), rule('@few', 2), rule('@pair', 3)], { others }));
  t.match(
    text,
    /^sets:\n {2}few: &few \[ 10\.0\.0\.1, 10\.0\.0\.2\/31 \]\n {2}pair: &pair \[ 10\.1\.0\.2\/31 \]\n/m,
  );
  t.equal(text.match(/src: \*few/g)?.length, 2);
  t.match(text, /src: \*pair/);
  t.equal(rulesOf(text).length, 3);
  t.end();
});

t.test('a set of 10,000 addresses stays one list with its name', async (t) => {
  const elem = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 8}.${i & 255}.${(i * 7) & 255}`);
  const others = [{ set: { name: 'many', type: 'ipv4_addr', elem } }];
  const rules = [
    [payload('ip', 'saddr', '@many'), DROP],
    [payload('ip', 'daddr', '@many'), ACCEPT],
  ];
  const { text } = imported(nftListing(rules, { others }));
  const [first, second] = rulesOf(text);
  t.equal(first.match.src?.length, 10_000);
  t.ok(second.match.dst === first.match.src, 'both rules share the list');
  t.match(text, /many: &many \[/);
});

t.test('a verdict map becomes a rule for each outcome', async (t) => {
  const others = [
    { chain: { name: 'web' } },
    { rule: { chain: 'web', handle: 90, comment: 'web only', expr: [COUNTER, DROP] } },
    {
      map: {
        name: 'ports',
        type: 'inet_service',
        map: 'verdict',
        elem: [
          [22, ACCEPT],
          [80, { jump: { target: 'web' } }],
          [23, DROP],
          [24, DROP],
        ],
      },
    },
  ];
  const key = { payload: { protocol: 'tcp', field: 'dport' } };
  const { text, findings } = imported(nftListing([[{ vmap: { key, data: '@ports' } }]], { others }));
  t.strictSame(
    rulesOf(text).map(({ name, matchText, action }) => [name, matchText, action]),
    [
      ['in-1.1', 'protocol: tcp, dst_port: 22', 'count'],
      ['web-only', 'protocol: tcp, dst_port: 80', 'drop'],
      ['in-1.2', 'protocol: tcp, dst_port: 23-24', 'drop'],
    ],
  );
  t.strictSame(findings, []);
});

t.test('rules that log, reject or change what nobody asks for are said with a note', async (t) => {
  const rules = [
    [payload('tcp', 'dport', 1), { log: { prefix: 'x' } }, { reject: { type: 'tcp reset' } }],
    [payload('tcp', 'dport', 2), { mangle: { key: { meta: { key: 'mark' } }, value: 1 } }, ACCEPT],
    [payload('tcp', 'dport', 3), { limit: { rate: 1, per: 'minute' } }, { log: null }],
    [COUNTER, payload('tcp', 'dport', 4), DROP],
  ];
  const { text, findings } = imported(nftListing(rules));
  t.strictSame(
    rulesOf(text).map(({ name, action }) => [name, action]),
    [
      ['in-1', 'drop'],
      ['in-2', 'count'],
      ['in-4', 'drop'],
    ],
  );
  t.strictSame(
    findings.map(({ kind, rule, reason }) => [kind, rule.placeName, reason]),
    [
      ['note', 'in-1', 'it logs as well'],
      ['note', 'in-1', 'it drops, and does not answer as reject does'],
      ['note', 'in-2', 'it sets mark as well'],
      ['note', 'in-3', 'it neither decides nor counts, so there is no rule for it'],
      [
        'note',
        'in-4',
        'its counter in nftables stands before its last match, and counts what that does not match as well',
      ],
    ],
  );
});
