import t from 'tap';
import { RuleFileError } from '../../src/errors.js';
import { parseRuleFile } from '../../src/rules/rule-file.js';

/** `line:column: message` of every problem; empty when the text is a valid rule file. */
function problems(text: string | Uint8Array): string[] {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  try {
    parseRuleFile(bytes, 'f');
    return [];
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    return error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  }
}

/** A rule file with one rule; the lines of its match begin in line 4, column 5. */
const withMatch = (lines: string) =>
  `rules:\n- name: r\n  match:\n    ${lines.replaceAll('\n', '\n    ')}\n  action: count\n`;

t.test('a wrong value in a match is reported at its place', async (t) => {
  const cases: [match: string, ...problems: (string | RegExp)[]][] = [
    ['src: 10.0.0.1/8', '4:10: src: 10.0.0.1/8 has host bits set; write 10.0.0.0/8 or 10.0.0.1/32'],
    ['src: [10.0.0.0/8,\n  300.1.1.1]', /^5:7: src: 300\.1\.1\.1 is not an IPv4 or IPv6 address/],
    ['src: 10.0.0.0/33', /^4:10: src: .*from 0 to 32/],
    ['src: []', '4:10: src: an empty list matches nothing; leave src out for any'],
    ['src: {a: 1}', /^4:10: src: a mapping/],
    ['dst:', '4:5: dst: no value; give one, or leave the field out'],
    ['dst: fe80::', /^4:10: .*put an address that ends in "::" in quotes/],
    ['dst_port: 70000', '4:15: dst_port: 70000 is out of range; ports go from 0 to 65535'],
    ['dst_port: -1', '4:15: dst_port: -1 is out of range; ports go from 0 to 65535'],
    ['dst_port: [1, 90-80]', '4:19: dst_port: range 90-80 ends before it begins; write 80-90'],
    ['dst_port: 1-65536', /^4:15: .*out of range/],
    ['dst_port: 80,443', /^4:15: .*write a list, \[80, 443\]/],
    ['dst_port: 1e3', /^4:15: .*not a whole number; write one from 0 to 65535/],
    ['dst_port: 80.5', /^4:15: .*not a whole number/],
    ['dst_port: 22:22', /^4:15: .*not a whole number/],
    ['dst_port: 1_000', /^4:15: .*not a whole number/],
    ['dst_port: 017', /^4:15: .*leading zero.*write 17$/],
    ['protocol: tpc', /^4:15: .*did you mean tcp\?/],
    ['protocol: 256', /^4:15: .*from 0 to 255/],
    ['tcp_flags: sin', /^4:16: .*unknown flag sin; did you mean/],
    ['tcp_flags: syn,!syn', /^4:16: .*syn cannot be both set and clear/],
    ['tcp_flags: [syn, "!syn"]', /^4:16: .*syn cannot be both set and clear/],
    ['tcp_flags: "syn,"', /^4:16: .*empty flag/],
    ['tcp_flags: !ack', /^4:16: .*in quotes/],
    ['tcp_flags: !ack,syn', /^4:16: .*in quotes/],
    ['icmp_type: 256', /^4:16: .*from 0 to 255/],
    ['dscp: 64', /^4:11: .*from 0 to 63/],
    ['vlan: 4096', /^4:11: .*from 0 to 4095/],
    ['fragment: yes', /^4:15: .*write true or false/],
    ['fragment: "true"', /^4:15: .*write true or false/],
    ['fragment: [true]', /^4:15: .*exactly one value/],
    ['in_interface: ""', /^4:19: in_interface: no value/],
    ['in_interface: abcdefghijklmnop', /^4:19: .*16 bytes.*at most 15/],
    ['in_interface: a/b', /^4:19: .*no interface name/],
    ['ip_version: 5', '4:17: ip_version: 5 must be 4 or 6'],
    ['dst_prot: 1', '4:5: unknown key "dst_prot" in match; did you mean "dst_port"?'],
    ['action: drop', /^4:5: unknown key "action" in match; it belongs to the rule/],
    ['src: 10.0.0.1\nsrc: 10.0.0.2', /^5:5: duplicate key "src", given in line 4/],
    ['src: *lan', /^4:10: \*lan refers to nothing; define &lan/],
  ];
  for (const [match, ...expected] of cases) t.match(problems(withMatch(match)), expected, match);
});

t.test('a field at its limit is accepted', async (t) => {
  const cases = [
    'dst_port: [0, 65535, 0-65535]',
    'protocol: [0, 255]',
    'dscp: [0, 63]',
    'icmp_type: [0, 255]',
    'vlan: 0-4095',
    'in_interface: abcdefghijklmno',
    'src: [0.0.0.0/0, 255.255.255.255/32, "::/0", ::1/128]',
    'tcp_flags: fin,syn,rst,psh,ack,urg,ece,cwr',
  ];
  for (const match of cases) t.strictSame(problems(withMatch(match)), [], match);
});

t.test('a rule that can match nothing is an error', async (t) => {
  const cases: [match: string, ...problems: RegExp[]][] = [
    ['src: 10.0.0.0/8\ndst: 2001:db8::1', /^5:10: dst: 2001:db8::1 is IPv6 .*src has only IPv4/],
    ['ip_version: 4\nsrc: ::1', /^5:10: src: ::1 is IPv6 .*ip_version is 4/],
    ['ip_version: 6\ndst: [::1, 10.0.0.1]', /^5:16: dst: 10\.0\.0\.1 is IPv4/],
    ['src: [10.0.0.1, ::1]\ndst: 10.0.0.2', /^4:21: src: ::1 is IPv6 .*dst has only IPv4/],
    ['protocol: icmp\ndst_port: 1', /^4:15: protocol: icmp has no dst_port/],
    ['protocol: [tcp, gre]\nsrc_port: 1', /^4:21: protocol: gre has no src_port/],
    ['protocol: udp\ntcp_flags: syn', /^4:15: protocol: udp has no tcp_flags/],
    ['protocol: tcp\nicmp_type: 8', /^4:15: protocol: tcp has no icmp_type/],
    ['icmp_type: 8\ndst_port: 1', /^4:16: icmp_type: no protocol has both icmp_type and dst_port/],
  ];
  for (const [match, ...expected] of cases) t.match(problems(withMatch(match)), expected, match);
});

t.test('an address that a rule excludes is reported where the rule mentions it', async (t) => {
  const sets = 'sets:\n  both: &both [10.0.0.0/8, ::1]\nrules:\n';
  const found = problems(`${sets}- {name: a, match: {src: *both, dst: 10.0.0.1}, action: count}\n`);
  t.match(found, [/^4:26: src: ::1 is IPv6/]);
  t.strictSame(problems(`${sets}- {name: a, match: {src: *both, dst: *both}, action: count}\n`), []);
});

t.test('a wrong value behind an alias is reported once, at the value', async (t) => {
  const rule = (name: string) => `- {name: ${name}, match: {src: *s, dst: [*s]}, action: count}\n`;
  const found = problems(`sets:\n  s: &s [10.0.0.0/8, x]\nrules:\n${rule('a')}${rule('b')}`);
  t.match(found, [/^2:22: src: x is not an IPv4 or IPv6 address/]);
});

t.test('rules of the wrong shape are all reported', async (t) => {
  const text = `rules:
- x
- name: 1
- action: drop
  nmae: a
  src: 10.0.0.1
  match: 5
- {name: a b, action: drop}
- {name: ok, action: dorp, priority: 1.5}
- {name: ok, action: {forward: averyveryverylongname}}
- {name: ${'x'.repeat(65)}, action: {forward: eth1, count: 1}}
- {name: "", action: [drop], description: 7}
- {name: ok, action: forward: eth1}
- name: last
  action: forward: eth1
- {name: ${'x'.repeat(64)}, action: drop, priority: 2147483648}
`;
  const expected = [
    /^2:3: a rule must be a mapping with name and action, but is x$/,
    /^3:3: the rule has no action/,
    /^3:9: name must be text, but is 1; put it in quotes/,
    /^4:3: the rule has no name/,
    /^5:3: unknown key "nmae" in a rule; did you mean "name"\?/,
    /^6:3: unknown key "src" in a rule; move it into match/,
    /^7:10: match must be a mapping of fields, but is 5/,
    /^8:10: name: "a b" has " " in it/,
    /^9:22: action: unknown action dorp; did you mean drop\?/,
    /^9:38: priority: 1\.5 is not a whole number/,
    /^10:10: name: "ok" is taken by the rule in line 9/,
    /^10:32: action: forward: averyveryverylongname has 21 bytes/,
    /^11:10: name: .* has 65 characters; at most 64/,
    /^11:85: action: write count, drop, forward or \{ forward: eth1 \}/,
    /^12:10: name: no text/,
    /^12:22: action: write count/,
    /^12:43: description must be text, but is 7/,
    /^13:22: not valid YAML; write action: \{ forward: eth1 \}/,
    /^15:11: not valid YAML; write action: \{ forward: eth1 \}/,
    /^16:100: priority: 2147483648 is out of range/,
  ];
  const found = problems(text);
  t.match(found, expected);
  t.equal(found.length, expected.length);
});

t.test('a file that is no rule file gets one clear problem', async (t) => {
  const cases: [text: string | Uint8Array, problem: RegExp][] = [
    ['', /^1:1: the file is empty/],
    ['# only a comment\n', /^1:1: the file is empty/],
    ['hello', /^1:1: this is not a rule file/],
    ['- a\n- b\n', /^1:1: this is not a rule file/],
    ['root:x:0:0:root\nuser: secret\n', /not valid YAML|^1:1: this is not a rule file/],
    ['default_action: count\n', /^1:1: the key "rules" is missing/],
    ['rules:\n', /^1:1: rules must be a list, but is empty/],
    ['rules: {}\n', /^1:8: rules must be a list, but is a mapping/],
    ['rules: []\nsets: [1]\n', /^2:7: sets must be a mapping/],
    ['rules: []\nrule: []\n', /^2:1: unknown key "rule" at the top of the file; did you mean "rules"\?/],
    ['rules: []\n"\\e[2J\\n": 1\n', /^2:1: unknown key "\\u001b\[2J\\u000a" at the top/],
    ['rules: []\n"\\u202Eselur": 1\n', /^2:1: unknown key "\\u202eselur" at the top/],
    ['rules: []\n__proto__: 1\n', /^2:1: unknown key "__proto__"/],
    ['rules: []\n<<: {}\n', /^2:1: unknown key "<<".*merge/],
    ['rules: []\n? [a]\n: b\n', /^2:3: a key must be a plain word/],
    ['default_action: yes\nrules: []\n', /^1:17: default_action: unknown action yes/],
    ['default_action: { forward: eth1 }\nrules: []\n', /^1:17: default_action: it must be one of/],
    ['rules: []\n---\nrules: []\n', /^2:1: a second YAML document/],
    ['%YAML 1.1\n---\nrules: []\n', /^1:1: %YAML 1\.1: rule files are YAML 1\.2/],
    ['rules:\n\t- a\n', /^2:1: a tab cannot indent YAML/],
    ['rules: [\n', /^\d+:\d+: not valid YAML/],
    ['rules: []\n# \0\n', /^2:3: control character 0x00/],
    [Buffer.from('rules: []\n# \xe4\n', 'latin1'), /^2:3: not UTF-8 text/],
    [Buffer.from('rules: []', 'utf16le'), /^1:2: control character 0x00/],
  ];
  for (const [text, problem] of cases) t.match(problems(text), [problem], String(text));
  for (const [text] of cases) t.equal(problems(text).length, 1, String(text));
});

t.test('thousands of wrong rules are counted, not listed', async (t) => {
  const found = problems(`rules:\n${'- {name: "", action: drop}\n'.repeat(1200)}`);
  t.equal(found.length, 1001);
  t.match(found[1000], /^1002:10: 200 more problems/);
});

t.test('hostile files get one problem with its place, within a second', async (t) => {
  const list = (count: number, item: string) => `[${Array(count).fill(item).join(', ')}]`;
  const nest = (levels: number, width: number) => {
    const lines = Array.from(
      { length: levels },
      (_, i) => `  a${i}: &a${i} ${list(width, i === 0 ? 'x' : `*a${i - 1}`)}`,
    );
    return `sets:\n${lines.join('\n')}\nrules: []\n`;
  };
  const cases: [what: string, text: string, problem: RegExp][] = [
    ['billion laughs', nest(10, 10), /^8:\d+: with \*a5 the file grows beyond 4000000 values/],
    ['wide laughs', nest(5, 2000), /^3:10002: with \*a0 the file grows beyond 4000000 values/],
    ['a cycle', 'sets:\n  a: &a [1, [*a]]\nrules: []\n', /^2:14: \*a stands inside of what &a names/],
    ['nested aliases', nest(200, 1), /^67:14: \*a64 names lists nested deeper than 64 levels/],
    ['a megabyte of nested aliases', nest(45_000, 1), /^4098:\d+: more than 4096 anchors/],
    ['a megabyte of aliases', `a: &a x\nb: ${list(250_000, '*a')}\n`, /^2:400005: more than 100000 aliases/],
    ['a megabyte of brackets', `rules: ${'['.repeat(1e6)}`, /^1:\d+: nested deeper than 64/],
    ['a megabyte of hyphens', '- '.repeat(500_000), /^1:\d+: nested deeper than 64/],
    [
      'too many ports',
      withMatch(`dst_port: &p ${list(32_769, '1')}\nsrc_port: [*p, *p]`),
      /65538 values, at most 65536/,
    ],
    ['a huge file', '#'.repeat(16 * 1024 * 1024 + 1), /^1:1: the file is larger than 16777216 bytes/],
  ];
  for (const [what, text, problem] of cases) {
    const startMs = performance.now();
    const found = problems(text);
    const tookMs = performance.now() - startMs;
    t.equal(found.length, 1, what);
    t.match(found[0], problem, what);
    // Three times the promise, because the machine may be busy with other tests.
    t.ok(tookMs < 3000, `${what} took ${tookMs.toFixed(0)} ms`);
  }
});
