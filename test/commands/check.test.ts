import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SAMPLE_RULES } from '../fixtures/sample-capture.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { largeRuleFile } from '../support/large-rule-file.js';
import { runUpe } from '../support/upe-process.js';

const folder = temporaryFolder(t);

function write(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const invalid = write(
  'invalid.yaml',
  `rules:
  - name: ports
    match: { protocol: tcp, dst_port: 99999 }
    action: count
  - name: ports
    action: fly
`,
);

/** Every problem of the invalid file, with its place, and what the sentence must name. */
const INVALID_PLACES = [
  /^.*\/invalid\.yaml:3:39: .*99999/,
  /^.*\/invalid\.yaml:5:11: .*"ports"/,
  /^.*\/invalid\.yaml:6:13: .*fly/,
];

t.test('valid rules are counted', async (t) => {
  const rules = write('valid.yaml', SAMPLE_RULES);
  t.strictSame(await runUpe(t, ['check', '--rules', rules]), {
    exitCode: 0,
    stdout: `${rules}: 4 rules, valid\n`,
    stderr: '',
  });
});

t.test('without a file the bundled rules are checked', async (t) => {
  const { exitCode, stdout, stderr } = await runUpe(t, ['check']);
  t.equal(exitCode, 0);
  t.match(stdout, /^\/.*\/deploy\/rules\/example\.yaml: \d+ rules, valid\n$/);
  t.equal(stderr, '');
});

t.test('every problem of invalid rules has a line with its place', async (t) => {
  const { exitCode, stdout, stderr } = await runUpe(t, ['check'], { env: { UPE_RULES_FILE: invalid } });
  t.equal(exitCode, 2);
  t.equal(stdout, '');
  t.match(stderr.trimEnd().split('\n'), INVALID_PLACES);
  t.equal(stderr.trimEnd().split('\n').length, INVALID_PLACES.length);
});

t.test('broken variables and broken rules are reported together', async (t) => {
  const { exitCode, stderr } = await runUpe(t, ['check', '--rules', invalid], {
    env: { UPE_WORKERS: '4x', UPE_RING_SLOTS: '1000' },
  });
  t.equal(exitCode, 2);
  const expected = [/^UPE_WORKERS is "4x"/, /^UPE_RING_SLOTS is "1000"/, ...INVALID_PLACES];
  t.match(stderr.trimEnd().split('\n'), expected);
  t.equal(stderr.trimEnd().split('\n').length, expected.length);
});

t.test('rules that the configured source cannot use are mistakes, as they are for run', async (t) => {
  const rules = write('forward.yaml', 'rules: [{ name: mirror, action: { forward: eth1 } }]\n');
  const reason = `${rules}:1: rule mirror has the action forward, and this source has no transmitter`;
  const check = (env: Record<string, string>) => runUpe(t, ['check', '--rules', rules], { env });
  for (const env of [{ UPE_SOURCE: 'demo' }, { UPE_SOURCE: 'pcap', UPE_PCAP_FILE: 'x.pcap' }]) {
    const { exitCode, stderr } = await check(env);
    t.equal(exitCode, 2, env.UPE_SOURCE);
    t.ok(stderr.startsWith(reason), stderr);
  }
  t.equal((await check({})).exitCode, 0, 'without a source they may be meant for replay');
  const byDefault = write('default.yaml', 'default_action: forward\nrules: []\n');
  const { exitCode, stderr } = await runUpe(t, ['check', '--rules', byDefault, '--source', 'demo']);
  t.equal(exitCode, 2);
  t.match(stderr, /default\.yaml: default_action is forward, and this source has no transmitter/);
});

/** Of each kind one, but for what is asked for on request. */
const findings = write(
  'findings.yaml',
  `default_action: count
rules:
  - { name: lan, match: { src: 10.0.0.0/8 }, action: forward }
  - { name: host, match: { src: 10.1.2.3, dst_port: 80 }, action: drop }
  - { name: pair, match: { src: [10.0.0.1, 10.0.0.2] }, action: forward }
  - { name: low, match: { dst_port: 0-1023 }, action: drop }
  - { name: high, match: { dst_port: 1024-65535 }, action: drop }
  - { name: web, match: { protocol: tcp, dst_port: 443-2000 }, action: drop }
  - { name: odd, match: { protocol: 99, dscp: 46 }, action: drop }
  - { name: odder, match: { protocol: 99 }, action: drop }
  - { name: all, action: count }
  - { name: after, match: { protocol: 47 }, action: count }
`,
);

const FINDINGS_TEXT = `FILE: 10 rules, valid; 6 findings

contradiction (1): never match, because rules that do something else take their packets
FILE:4: rule host (drop): lan (forward, line 3) takes all its packets; tcp 10.1.2.3 > any:80, dscp 0 goes to lan (forward, line 3)

shadowed (3): never match, because rules that do the same take their packets
FILE:5: rule pair (forward): lan (forward, line 3) takes all its packets
FILE:8: rule web (drop): low (drop, line 6) and high (drop, line 7) take all its packets between them
FILE:12: rule after (count): all (count, line 11) takes all its packets

any_any (1): match every packet, so that no rule behind them has a turn
FILE:11: rule all (count): 1 rule behind it

redundant (1): could be left out, each as long as the others stay: the same becomes of their packets
FILE:9: rule odd (drop): odder (drop, line 10) does the same
`;

t.test('rules that can never match or can be left out are told, by kind, and 3 is returned', async (t) => {
  const { exitCode, stdout, stderr } = await runUpe(t, ['check', '--rules', findings]);
  t.equal(exitCode, 3);
  t.equal(stderr, '');
  t.equal(stdout.replaceAll(findings, 'FILE'), FINDINGS_TEXT);
});

t.test('--json prints one object, --overlaps adds pairs of rules', async (t) => {
  const { exitCode, stdout } = await runUpe(t, ['check', '--rules', findings, '--overlaps', '--json']);
  t.equal(exitCode, 3);
  const report = JSON.parse(stdout);
  t.match(report, { rules_file: findings, valid: true, problems: [], rules: 10, overlaps_omitted: 0 });
  t.strictSame(report.counts, { contradiction: 1, shadowed: 3, redundant: 1, any_any: 1, overlap: 4 });
  t.equal(report.findings.length, 10);
  t.strictSame(report.findings.filter(({ kind }: { kind: string }) => kind === 'shadowed')[1], {
    kind: 'shadowed',
    ...{ rule: 'web', line: 8, action: 'drop', out_interface: null },
    covered_by: [
      { rule: 'low', line: 6, action: 'drop', out_interface: null },
      { rule: 'high', line: 7, action: 'drop', out_interface: null },
    ],
  });
  const overlap = report.findings.find(({ kind }: { kind: string }) => kind === 'overlap');
  t.match(overlap, {
    rule: 'low',
    line: 6,
    earlier: { rule: 'lan', line: 3 },
    packet: { src: /^10\./, dst_port: '0' },
  });
});

t.test('--json says what is not valid, and the lines are there as well', async (t) => {
  const { exitCode, stdout, stderr } = await runUpe(t, ['check', '--rules', invalid, '--json']);
  t.equal(exitCode, 2);
  const problems = stderr.trimEnd().split('\n');
  t.match(problems, INVALID_PLACES);
  t.strictSame(JSON.parse(stdout), {
    ...{
      rules_file: invalid,
      valid: false,
      problems,
      rules: null,
      counts: {},
      findings: [],
      overlaps_omitted: 0,
    },
  });
});

/** Other tests run beside this one: only if it is slow so many times is it slow. */
const ATTEMPTS_MAX = 3;

t.test('10,000 rules are checked in less than 10 s', { timeout: 100_000 }, async (t) => {
  const file = write('large.yaml', largeRuleFile(10_000, 1));
  const checkIt = async () => {
    const beganMs = performance.now();
    const ended = await runUpe(t, ['check', '--rules', file]);
    return { ...ended, seconds: (performance.now() - beganMs) / 1000 };
  };
  let checked = await checkIt();
  for (let attempt = 1; attempt < ATTEMPTS_MAX && checked.seconds >= 10; attempt++) checked = await checkIt();
  const { exitCode, stdout, seconds } = checked;
  t.comment(`${seconds.toFixed(1)} s; ${stdout.split('\n', 1)[0]}`);
  t.ok(seconds < 10, `${seconds.toFixed(1)} s`);
  t.equal(exitCode, 3);
  t.match(stdout, /10000 rules, valid; \d+ findings/);
  t.notMatch(stdout, 'undecided');
});
