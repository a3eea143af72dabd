import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { EnvironmentError } from '../../src/errors.js';
import type { Rule, RuleMatch, RuleSet } from '../../src/rules/rule.js';
import { loadRuleFile, parseRuleFile } from '../../src/rules/rule-file.js';

const parse = (text: string): RuleSet => parseRuleFile(new TextEncoder().encode(text), 'rules.yaml');
/** One rule with the given lines as its match, which begin in line 4 and column 7. */
const parseMatch = (...lines: string[]): Rule =>
  parse(`rules:\n- name: r\n  match:\n${lines.map((line) => `      ${line}\n`).join('')}  action: count\n`)
    .rules[0];

const ANY: RuleMatch = {
  ipVersion: null,
  protocols: null,
  src: null,
  dst: null,
  srcPorts: null,
  dstPorts: null,
  tcpFlags: null,
  icmpTypes: null,
  dscps: null,
  fragment: null,
  vlans: null,
  inInterfaces: null,
};

t.test('reads the example of the documentation', async (t) => {
  const set = parse(`
default_action: drop
rules:
  - name: block-telnet
    description: legacy access
    priority: 10
    match:
      ip_version: 4
      protocol: tcp
      src: 192.168.0.0/16
      dst: [10.0.0.0/8, 172.16.0.0/12]
      src_port: 1024-65535
      dst_port: 23
      tcp_flags: syn,!ack
      dscp: 46
      fragment: false
      vlan: 100
      in_interface: eth0
    action: drop
`);
  t.equal(set.file, 'rules.yaml');
  t.match(set.sha256, /^[0-9a-f]{64}$/);
  t.equal(set.defaultAction, 'drop');
  t.equal(set.defaultActionGiven, true);
  t.strictSame(set.rules, [
    {
      name: 'block-telnet',
      description: 'legacy access',
      priority: 10,
      action: 'drop',
      outInterface: null,
      match: {
        ipVersion: 4,
        protocols: [6],
        src: [{ version: 4, words: [0xc0a80000 | 0], bits: 16 }],
        dst: [
          { version: 4, words: [0x0a000000], bits: 8 },
          { version: 4, words: [0xac100000 | 0], bits: 12 },
        ],
        srcPorts: [{ low: 1024, high: 65535 }],
        dstPorts: [{ low: 23, high: 23 }],
        tcpFlags: { set: 0x02, clear: 0x10 },
        icmpTypes: null,
        dscps: [46],
        fragment: false,
        vlans: [100],
        inInterfaces: ['eth0'],
      },
      matchText:
        'ip_version: 4, protocol: tcp, src: 192.168.0.0/16, dst: [10.0.0.0/8, 172.16.0.0/12], ' +
        'src_port: 1024-65535, dst_port: 23, tcp_flags: syn,!ack, dscp: 46, fragment: false, vlan: 100, in_interface: eth0',
      line: 4,
    },
  ]);
});

t.test('cuts the text of a match after 200 characters', async (t) => {
  const ports = Array.from({ length: 40 }, (_, i) => 1000 + i).join(', ');
  const whole = `dst_port: [${ports.slice(0, 188)}]`;
  t.equal(whole.length, 200);
  t.equal(parseMatch(`dst_port: [${ports.slice(0, 188)}]`).matchText, whole);
  const cut = parseMatch(`dst_port: [${ports}]`, 'protocol: tcp').matchText;
  t.equal(cut, `dst_port: [${ports.slice(0, 188)}…`);
});

t.test('accepts no rules, no match, and a byte order mark', async (t) => {
  const empty = parse('\ufeffrules: []');
  t.strictSame(empty.rules, []);
  t.equal(empty.defaultAction, 'count');
  t.equal(empty.defaultActionGiven, false);
  for (const match of ['', '  match: {}\n']) {
    const rule = parse(`rules:\n- name: all\n${match}  action: forward\n`).rules[0];
    t.strictSame(rule.match, ANY);
    t.equal(rule.matchText, '');
    t.equal(rule.action, 'forward');
    t.equal(rule.outInterface, null);
  }
});

t.test('names the interface of a forward rule in flow and in block style', async (t) => {
  for (const action of ['{ forward: eth1 }', '\n    forward: eth1']) {
    const rule = parse(`rules:\n- name: a\n  action: ${action}\n`).rules[0];
    t.equal(rule.action, 'forward');
    t.equal(rule.outInterface, 'eth1');
  }
});

t.test('sorts by priority and keeps the order of the file for equal ones', async (t) => {
  const rules = [
    ['late', 'priority: 7, '],
    ['first', 'priority: -1, '],
    ['default', ''],
    ['zero', 'priority: "0", '],
    ['hexadecimal', 'priority: 0x6, '],
  ];
  const text = rules.map(([name, priority]) => `- {name: ${name}, ${priority}action: count}\n`).join('');
  const set = parse(`rules:\n${text}`);
  t.strictSame(
    set.rules.map((rule) => [rule.name, rule.priority, rule.line]),
    [
      ['first', -1, 3],
      ['default', 0, 4],
      ['zero', 0, 5],
      ['hexadecimal', 6, 6],
      ['late', 7, 2],
    ],
  );
});

t.test('spells out what fields imply', async (t) => {
  const cases: [lines: string[], expected: Partial<RuleMatch>][] = [
    [['dst_port: 53'], { protocols: [6, 17, 132], dstPorts: [{ low: 53, high: 53 }] }],
    [['tcp_flags: cwr,ece,!fin'], { protocols: [6], tcpFlags: { set: 0xc0, clear: 0x01 } }],
    [['tcp_flags: [syn, "!ack,!rst"]'], { protocols: [6], tcpFlags: { set: 0x02, clear: 0x14 } }],
    [['tcp_flags: syn', 'src_port: 1'], { protocols: [6], srcPorts: [{ low: 1, high: 1 }] }],
    [['icmp_type: 133-136'], { protocols: [1, 58], icmpTypes: [133, 134, 135, 136] }],
    [['protocol: [sctp, 6, "0x11", tcp]'], { protocols: [6, 17, 132] }],
    [['dst: [10.0.0.0/8, 10.1.0.0/16]'], { ipVersion: 4 }],
    [['src: "::"'], { ipVersion: 6, src: [{ version: 6, words: [0, 0, 0, 0], bits: 128 }] }],
    [['src: [0.0.0.0/0, ::/0]'], { ipVersion: null }],
    [['ip_version: "6"'], { ipVersion: 6 }],
    [
      ['dst_port: [443, "80", 0x51, 0o122, 1-3, 2-9, 10]'],
      {
        dstPorts: [
          { low: 1, high: 10 },
          { low: 80, high: 82 },
          { low: 443, high: 443 },
        ],
      },
    ],
    [['dscp: [63, 0, 1-2, 2]'], { dscps: [0, 1, 2, 63] }],
    [['vlan: [4095, 0]'], { vlans: [0, 4095] }],
    [['fragment: True'], { fragment: true }],
    [['in_interface: [eth1, eth0, eth1]'], { inInterfaces: ['eth1', 'eth0'] }],
  ];
  for (const [lines, expected] of cases) t.match(parseMatch(...lines).match, expected, lines.join('; '));
});

t.test('flattens lists that aliases nest, and shares what an alias names', async (t) => {
  const set = parse(`
sets:
  lan: &lan [10.0.0.0/8, 192.168.0.0/16]
  dmz: &dmz
    - 203.0.113.7
  web: &web 443
rules:
  - {name: a, match: {src: [*lan, *dmz], dst_port: *web}, action: count}
  - {name: b, match: {src: *lan}, action: count}
  - {name: c, match: {dst: *lan}, action: count}
`);
  const [a, b, c] = set.rules;
  t.strictSame(
    a.match.src?.map((prefix) => prefix.words[0] >>> 0),
    [0x0a000000, 0xc0a80000, 0xcb007107],
  );
  t.equal(a.matchText, 'src: [10.0.0.0/8, 192.168.0.0/16, 203.0.113.7], dst_port: 443');
  t.equal(b.match.src, c.match.dst, 'one array');
});

t.test('reads 10,000 rules that name one list of 50 networks', async (t) => {
  const networks = Array.from({ length: 50 }, (_, i) => `10.${i}.0.0/16`).join(', ');
  const rules = Array.from({ length: 10_000 }, (_, i) => `- {name: r${i}, match: {src: *n}, action: count}`);
  const set = parse(`sets:\n  n: &n [${networks}]\nrules:\n${rules.join('\n')}\n`);
  t.equal(set.rules.length, 10_000);
  t.equal(set.rules[9_999].match.src?.length, 50);
  t.equal(set.rules[9_999].matchText.length, 200);
  t.ok(set.rules[9_999].matchText.endsWith('…'));
});

t.test('says what to do when the file cannot be read', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'rules.yaml');
  const cases: [file: string, message: RegExp][] = [
    [join(folder, 'none.yaml'), /none\.yaml does not exist; give a readable .*--rules/],
    [join(folder, 'rules.yaml', 'x'), /does not exist \(a part of its path/],
    [folder, /is a directory; give/],
  ];
  writeFileSync(file, 'rules: []\n');
  for (const [path, message] of cases) {
    t.throws(() => loadRuleFile(path), { code: 'UPE_ENVIRONMENT', message });
  }
  t.equal(loadRuleFile(file).file, file);
  if (process.getuid?.() === 0) return t.comment('skipped: root may read a file without permissions');
  chmodSync(file, 0);
  t.throws(() => loadRuleFile(file), EnvironmentError);
});

t.test(
  'the bundled example is valid, touches nothing that needs a transmitter, and is all in use',
  async (t) => {
    const set = loadRuleFile(resolve('deploy/rules/example.yaml'));
    t.equal(set.defaultAction, 'count');
    t.ok(set.defaultActionGiven);
    t.ok(set.rules.length >= 12);
    t.notOk(set.rules.some((rule) => rule.action === 'forward'));
    t.match(
      set.rules.find((rule) => rule.name === 'block-telnet'),
      { action: 'drop', match: { protocols: [6], dstPorts: [{ low: 23, high: 23 }] } },
    );
  },
);
