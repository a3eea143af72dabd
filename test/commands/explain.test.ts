import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { FileAnswer } from '../../src/commands/explain.js';
import { arp, ethernet, ipv4, tcp } from '../fixtures/frames.js';
import { SAMPLE_CAPTURE, SAMPLE_RECORDS, SAMPLE_RULES } from '../fixtures/sample-capture.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { largeRuleFile } from '../support/large-rule-file.js';
import { LoadedUpe } from '../support/loaded-upe.js';
import { runUpe, startProgram, UPE_MAIN } from '../support/upe-process.js';

const folder = temporaryFolder(t);
const sample = write('sample.pcap', SAMPLE_CAPTURE);
const rules = write('rules.yaml', SAMPLE_RULES);

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const upe = new LoadedUpe(t);

/** What it says, where it must say something. */
async function explained(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await upe.run(['explain', '--rules', rules, ...args]);
  t.equal(stderr, '', args.join(' '));
  t.equal(exitCode, 0);
  return stdout;
}

async function answered(...args: string[]): Promise<FileAnswer> {
  return JSON.parse(await explained('--json', ...args));
}

t.test('a 5-tuple: the verdict, and each rule before it with what does not hold', async (t) => {
  t.equal(
    await explained('tcp', '10.0.0.1:51000', '10.0.0.2:443'),
    `packet   tcp 10.0.0.1:51000 > 10.0.0.2:443, ip_version 4, icmp_type none
verdict  count, by rule web (2 of 4, ${rules}:3)

1  telnet  drop   no: dst_port is 443, it wants 23
2  web     count  matches
`,
  );
});

t.test('--all goes on after the match', async (t) => {
  t.equal(
    await explained('tcp', '[::1]:1', '[::2]:443', '--fragment', 'true', '--all'),
    `packet   tcp [::1]:1 > [::2]:443, ip_version 6, icmp_type none, fragment true
verdict  count, by rule web (2 of 4, ${rules}:3)
         A first fragment: it is judged by its ports. The ones after it have none, and may meet other rules.

1  telnet  drop   no: dst_port is 443, it wants 23
2  web     count  matches

without rule web:
3  pieces  count  matches
4  never   drop   no: protocol is tcp, it wants gre
`,
  );
});

t.test('what is not given is not guessed', async (t) => {
  t.equal(
    await explained('any', 'any', '10.0.0.2'),
    `packet   any protocol any > 10.0.0.2, ip_version 4
verdict  cannot be told
         by protocol  drop, by rule telnet
         by protocol  count, by rule web
         by fragment  count, by rule pieces
         by protocol  drop, by rule never
         otherwise    count, by default_action

1  telnet  drop   cannot tell: it wants protocol tcp, and that is not known
2  web     count  cannot tell: it wants protocol tcp, and that is not known
3  pieces  count  cannot tell: it wants fragment true, and that is not known
4  never   drop   cannot tell: it wants protocol gre, and that is not known
`,
  );
  const { verdict } = await answered('--protocol', 'udp', '--dst-port', '53');
  t.match(verdict, { kind: 'cannot_tell', action: 'count' }, 'both outcomes count');
});

t.test('flags and words mean the same', async (t) => {
  const byFlags = ['--protocol', 'tcp', '--src', '10.0.0.1', '--src-port', '1', '--dst', '10.0.0.2'];
  t.strictSame(
    await answered(...byFlags, '--dst-port', '23'),
    await answered('tcp', '10.0.0.1:1', '10.0.0.2:23'),
  );
});

/** What becomes of the frames of the sample, by their number. */
const SAMPLE_VERDICTS = [
  { kind: 'rule', rule: 'telnet', position: 1, action: 'drop' },
  { kind: 'rule', rule: 'telnet', position: 1, action: 'drop' },
  { kind: 'rule', rule: 'web', position: 2, action: 'count' },
  { kind: 'rule', rule: 'web', position: 2, action: 'count' },
  { kind: 'rule', rule: 'web', position: 2, action: 'count' },
  { kind: 'rule', rule: 'web', position: 2, action: 'count' },
  { kind: 'rule', rule: 'pieces', position: 3, action: 'count' },
  { kind: 'unmatched', action: 'count' },
  { kind: 'unclassified', reason: 'arp', action: 'count' },
  { kind: 'unclassified', reason: 'lldp', action: 'count' },
  { kind: 'malformed', reason: 'ethernet_short', action: 'count' },
  { kind: 'malformed', reason: 'ipv4_header_length', action: 'count' },
  { kind: 'malformed', reason: 'ipv6_payload_length', action: 'count' },
];

t.test('every packet of a capture, by its number', async (t) => {
  t.equal(SAMPLE_VERDICTS.length, SAMPLE_RECORDS.length);
  for (const [i, verdict] of SAMPLE_VERDICTS.entries()) {
    const answer = await answered('--file', sample, '--number', `${i + 1}`);
    t.match(answer.verdict, verdict, `packet ${i + 1}`);
    t.equal(answer.rules_file, rules);
  }
  t.strictSame(await answered('--file', sample), await answered('--file', sample, '--number', '1'));
});

t.test('a later fragment is told to have no ports', async (t) => {
  t.match(
    await explained('--file', sample, '--number', '7'),
    /A fragment without a transport header: no rule that names a port, tcp_flags or icmp_type matches it\.\n\n1 {2}telnet {2}drop {3}no: dst_port is none \(a fragment without that part of the header\), it wants 23\n/,
  );
});

const TELNET = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 23 }) }) });

t.test('bytes, as an argument or on standard input', async (t) => {
  const hex = Buffer.from(TELNET).toString('hex');
  const telnet = { kind: 'rule', rule: 'telnet' };
  t.match((await answered('--hex', hex)).verdict, telnet);
  const args = [UPE_MAIN, 'explain', '--rules', rules, '--json', '--hex', '-'];
  const summary = '10:00:00.000000 IP 10.0.0.1.40000 > 10.0.0.2.23: Flags [S], length 0\n';
  const dump = `${summary}\t0x0000:  ${hex.replace(/.{4}/g, '$& ')}\n`;
  const program = startProgram(t, process.execPath, args, { input: Buffer.from(dump) });
  t.match(JSON.parse((await program.ended).stdout).verdict, telnet);
  const ip = Buffer.from(ipv4({ payload: tcp({ dstPort: 23 }) }).bytes).toString('hex');
  t.match((await answered('--hex', ip, '--link-type', 'ip')).verdict, telnet);
  const cooked = `${'00'.repeat(14)}0800${ip}`;
  const taken = await answered('--hex', cooked);
  t.match(taken.verdict, { kind: 'unclassified', reason: 'llc' });
  t.match(taken.notes[1], /^It was taken for Ethernet; .* --link-type: 113 or 276 is Linux cooked/);
  t.match((await answered('--hex', cooked, '--link-type', '113')).verdict, telnet);
  t.equal((await answered('--hex', cooked, '--link-type', 'ethernet')).notes.length, 1);
});

t.test('the interface is pcap for a capture as in a replay, open for bytes, and what is said', async (t) => {
  const own = write(
    'interface.yaml',
    'rules:\n  - { name: inside, match: { in_interface: eth0 }, action: drop }\n',
  );
  const kindOf = async (...args: string[]) => {
    const { stdout } = await upe.run(['explain', '--rules', own, '--json', ...args]);
    return JSON.parse(stdout).verdict.kind;
  };
  const hex = Buffer.from(TELNET).toString('hex');
  t.equal(await kindOf('--file', sample), 'unmatched');
  t.equal(await kindOf('--file', sample, '--in-interface', 'eth0'), 'rule');
  t.equal(await kindOf('--hex', hex), 'cannot_tell');
  t.equal(await kindOf('--hex', hex, '--in-interface', 'eth0'), 'rule');
  t.equal(await kindOf('--hex', hex, '--in-interface', 'eth1'), 'unmatched');
});

t.test('a bridge does with frames that no rule judges what it is told to', async (t) => {
  const bridge = ['--bridge', 'eth0:eth1', '--source', 'afpacket'];
  const hex = Buffer.from(ethernet({ payload: arp() })).toString('hex');
  t.match((await answered(...bridge, '--hex', hex)).verdict, { reason: 'arp', action: 'forward' });
  t.match((await answered(...bridge, '--hex', '00')).verdict, { kind: 'malformed', action: 'drop' });
  t.match((await answered(...bridge, '--malformed', 'forward', '--hex', '00')).verdict, {
    action: 'forward',
  });
});

t.test('of very many rules, those that do not match are lines of many, unless each is wanted', async (t) => {
  const large = write('large.yaml', largeRuleFile(2000, 1));
  const args = ['explain', '--rules', large, 'udp', '10.0.0.1:1', '10.0.0.2:20001'];
  const some = (await runUpe(t, args)).stdout.split('\n');
  t.match(some[1], /^verdict {2}count, by rule last \(2000 of 2000, .*large\.yaml:2002\)$/);
  t.strictSame(some.slice(3, 5), [
    '1-1999  1999 rules         no, by their first field that does not hold: protocol 1999',
    '  2000  last        count  matches',
  ]);
  const each = (await runUpe(t, [...args, '--each'])).stdout.split('\n');
  t.equal(each.length, 3 + 2000 + 1);
});
