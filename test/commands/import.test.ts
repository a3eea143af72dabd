import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseRuleFile } from '../../src/rules/rule-file.js';
import { ACCEPT, COUNTER, DROP, meta, nftListing, payload } from '../rules/import/nft-listing.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { LoadedUpe } from '../support/loaded-upe.js';
import { runUpe } from '../support/upe-process.js';

const folder = temporaryFolder(t);
const WEB = [payload('tcp', 'dport', 80), COUNTER, ACCEPT];
const STATE = [{ match: { op: 'in', left: { ct: { key: 'state' } }, right: 'established' } }, ACCEPT];

function importText(text: string, ...args: readonly string[]) {
  return runUpe(t, ['import', 'nftables', ...args], { input: Buffer.from(text) });
}

t.test('a ruleset from standard input or a file becomes a rule file', async (t) => {
  const listing = nftListing([WEB, [payload('ip', 'saddr', '10.0.0.1'), DROP]], { policy: 'drop' });
  const { exitCode, stdout, stderr } = await importText(listing);
  t.equal(exitCode, 0, 'all is said');
  t.equal(stderr, 'upe: 2 rules said in 2 rules of UPE, 0 rules left out\n');
  const { defaultAction, rules } = parseRuleFile(Buffer.from(stdout), 'imported.yaml');
  t.equal(defaultAction, 'drop', 'the policy');
  t.strictSame(
    rules.map(({ name }) => name),
    ['in-1', 'in-2'],
  );
  const file = join(folder, 'listing.json');
  writeFileSync(file, listing);
  t.equal((await runUpe(t, ['import', 'nftables', file, '--chain', 'inet/filter/in'])).stdout, stdout);
});

t.test('3 is returned when a rule is left out, and standard error says which', async (t) => {
  const { exitCode, stdout, stderr } = await importText(nftListing([STATE, WEB]));
  t.equal(exitCode, 3);
  t.match(stdout, '# LEFT OUT filter/in handle 1: ct state established accept');
  t.strictSame(stderr.split('\n'), [
    'upe: left out: filter/in handle 1: ct state established accept: UPE keeps no connections; its packets go on to the rules after it here: in-2 can match them',
    'upe: 1 rule said in 1 rule of UPE, 1 rule left out',
    '',
  ]);
});

t.test('iptables-save is read as well', async (t) => {
  const input = Buffer.from('*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n');
  const { exitCode, stdout, stderr } = await runUpe(t, ['import', 'iptables'], { input });
  t.equal(exitCode, 3, 'an option without its -m is none that iptables-save prints');
  t.match(stderr, 'UPE has no field for --dport');
  t.match(stdout, 'default_action: drop');
});

const CHAIN_AGAIN = { chain: { name: 'second', type: 'filter', hook: 'input', prio: 0, policy: 'accept' } };
const circle = [
  { chain: { name: 'a' } },
  { chain: { name: 'b' } },
  { rule: { chain: 'a', handle: 8, expr: [{ jump: { target: 'b' } }] } },
  { rule: { chain: 'b', handle: 9, expr: [{ goto: { target: 'a' } }] } },
];
/** Thirty chains, each of which calls the next one twice. */
const doubling = Array.from({ length: 30 }, (_, i) => [
  { chain: { name: `c${i}` } },
  ...[1, 2].map((n) => ({
    rule: {
      chain: `c${i}`,
      handle: 100 + 2 * i + n,
      expr: i < 29 ? [{ jump: { target: `c${i + 1}` } }] : [COUNTER],
    },
  })),
]).flat();

const listing = nftListing([WEB]);
/** Input that is none: the exit code and its one line. */
const REFUSED: readonly [
  name: string,
  text: string,
  exitCode: 1 | 2,
  says: RegExp,
  args?: readonly string[],
][] = [
  ['nothing', '', 1, /^upe: standard input: this is not what "nft -j list ruleset" prints: it is no JSON/],
  ['a cut listing', listing.slice(0, -10), 1, /it is no JSON/],
  ['the listing without -j', 'table inet filter {\n}\n', 1, /it is no JSON/],
  ['other JSON', '{"rules": []}', 1, /it has no list "nftables"/],
  ['an entry that is none', '{"nftables": [3]}', 1, /an entry of "nftables" is no object with one key/],
  [
    'a rule without a table',
    '{"nftables": [{"rule": {"family": "ip", "table": "x", "chain": "y", "expr": []}}]}',
    1,
    /a rule stands in table "ip x", which is not there/,
  ],
  ['a rule without expressions', listing.replace('"expr":[', '"expr":{},"x":['), 1, /has no list "expr"/],
  ['no chain', '{"nftables": []}', 1, /no base chain of type filter/],
  ['nesting', `{"nftables": ${'['.repeat(200_000)}`, 1, /nested deeper than 64 levels/],
  [
    'a call to nowhere',
    nftListing([[{ jump: { target: 'x' } }]]),
    1,
    /chain in calls chain x, which is not there/,
  ],
  ['a circle', nftListing([[{ jump: { target: 'a' } }]], { others: circle }), 1, /in a circle: a -> b -> a/],
  [
    'too many ways',
    nftListing([[{ jump: { target: 'c0' } }]], { others: doubling }),
    1,
    /would become more than 16384 rules/,
  ],
  [
    'two chains',
    nftListing([WEB], { others: [CHAIN_AGAIN, { rule: { chain: 'second', handle: 50, expr: WEB } }] }),
    2,
    /^upe: There are several base chains; name one with --chain: inet\/filter\/in, inet\/filter\/second\.\n$/,
  ],
  [
    'a chain that is not there',
    listing,
    2,
    /^upe: --chain "inet\/filter\/out" is no base chain of type filter here; there are inet\/filter\/in\.\n$/,
    ['--chain', 'inet/filter/out'],
  ],
];

t.test('input that is none is one line, and nothing is printed', async (t) => {
  const upe = new LoadedUpe(t);
  const file = join(folder, 'refused');
  for (const [i, [name, text, expected, says, args = []]] of REFUSED.entries()) {
    writeFileSync(file, text);
    const { exitCode, stdout, stderr } = await upe.runNth(i, ['import', 'nftables', file, ...args]);
    t.equal(exitCode, expected, name);
    t.equal(stdout, '', name);
    t.match(stderr.replace(file, 'standard input'), says, name);
    t.equal(stderr.split('\n').length, 2, `${name}: one line: ${stderr}`);
  }
  const missing = await runUpe(t, ['import', 'nftables', join(folder, 'missing')]);
  t.strictSame(
    [missing.exitCode, missing.stderr],
    [1, `upe: ${join(folder, 'missing')}: does not exist; check the path\n`],
  );
});

t.test('what a listing holds is printed without control characters, and as valid YAML', async (t) => {
  const rule = [meta('iifname', 'a\u001b[2J*'), DROP];
  const { exitCode, stdout, stderr } = await importText(nftListing([rule, WEB]));
  t.equal(exitCode, 3);
  t.notMatch(stdout + stderr, '\u001b');
  t.equal(parseRuleFile(Buffer.from(stdout), 'imported.yaml').rules.length, 1);
});
