import t from 'tap';
import { RuleFileError } from '../../src/errors.js';
import { parseRuleFile } from '../../src/rules/rule-file.js';
import { BAD_FILES, BAD_MATCHES, IMPOSSIBLE_MATCHES, withMatch } from './bad-rule-files.js';

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

t.test('a wrong value in a match is reported at its place', async (t) => {
  for (const [match, ...expected] of BAD_MATCHES) t.match(problems(withMatch(match)), expected, match);
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
  for (const [match, ...expected] of IMPOSSIBLE_MATCHES) t.match(problems(withMatch(match)), expected, match);
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
  for (const [text, problem] of BAD_FILES) t.match(problems(text), [problem], String(text));
  for (const [text] of BAD_FILES) t.equal(problems(text).length, 1, String(text));
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
