import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type ComparisonReport, comparisonText } from '../../src/commands/replay-against-report.js';
import type { ReplayReport } from '../../src/commands/replay-report.js';
import { pcapFile } from '../fixtures/capture-builder.js';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';
import { SAMPLE_CAPTURE, SAMPLE_RULES } from '../fixtures/sample-capture.js';
import { temporaryFolder, writeCapture } from '../support/engine-fixture.js';
import { INTERRUPTED_PACKETS, interruptedReplay } from '../support/interrupted-replay.js';
import { LoadedUpe } from '../support/loaded-upe.js';
import { sharedCaptures, withoutSharedCaptures } from '../support/shared-captures.js';
import { runUpe, startProgram, UPE_MAIN } from '../support/upe-process.js';

const folder = temporaryFolder(t);
const sample = write('sample.pcap', SAMPLE_CAPTURE);
const before = write('before.yaml', SAMPLE_RULES);
/** Telnet is only counted, and web is another port: those packets fall to the rules behind it. */
const after = write(
  'after.yaml',
  SAMPLE_RULES.replace('dst_port: 443', 'dst_port: 8443').replace('action: drop', 'action: count'),
);

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const upe = new LoadedUpe(t);

async function compare(files: readonly string[], rules: string, against: string) {
  const args = ['replay', ...files, '--json', '--rules', rules, '--against', against];
  const { exitCode, stdout, stderr } = await upe.run(args);
  return { exitCode, stderr, report: JSON.parse(stdout) as ComparisonReport };
}

async function replayed(files: readonly string[], rules: string): Promise<ReplayReport> {
  return JSON.parse((await upe.run(['replay', ...files, '--json', '--rules', rules])).stdout);
}

const outcome = (rule: string | null, action: string) => ({ rule, action, out_interface: null });

t.test('every change is told by old and new rule, with packets, bytes, flows and examples', async (t) => {
  const { exitCode, stderr, report } = await compare([sample], before, after);
  t.equal(exitCode, 3);
  t.equal(stderr, '');
  const place = (number: number, flow: string) => ({ file: sample, number, flow });
  t.strictSame(report.changes, [
    {
      before: outcome('web', 'count'),
      after: outcome(null, 'count'),
      verdict_changes: false,
      packets: 3,
      bytes: 1642,
      flows: 2,
      packets_of_other_flows: 0,
      examples: [
        place(3, 'tcp 10.0.0.1:40000 > 10.0.0.2:443'),
        place(4, 'tcp 10.0.0.1:40000 > 10.0.0.2:443'),
        place(5, 'tcp [2001:db8::1]:40000 > [2001:db8::2]:443'),
      ],
    },
    {
      before: outcome('telnet', 'drop'),
      after: outcome('telnet', 'count'),
      verdict_changes: true,
      packets: 2,
      bytes: 128,
      flows: 2,
      packets_of_other_flows: 0,
      examples: [
        place(1, 'tcp 10.0.0.1:40000 > 10.0.0.2:23'),
        place(2, 'tcp [2001:db8::1]:40000 > [2001:db8::2]:23'),
      ],
    },
    {
      before: outcome('web', 'count'),
      after: outcome('pieces', 'count'),
      verdict_changes: false,
      packets: 1,
      bytes: 54,
      flows: 1,
      packets_of_other_flows: 0,
      examples: [place(6, 'tcp 10.0.0.1:40000 > 10.0.0.2:443')],
    },
  ]);
  t.strictSame(report.changed, { packets: 6, bytes: 1824, verdict_packets: 2, verdict_bytes: 128 });
  t.strictSame(report.flows[0], {
    flow: 'tcp 10.0.0.1:40000 > 10.0.0.2:443',
    before: outcome('web', 'count'),
    after: outcome(null, 'count'),
    packets: 2,
    bytes: 1568,
    first: { file: sample, number: 3 },
  });
  t.equal(report.flows.length, 5);
});

/** What both commands say of a capture under one table. */
function assertSameCounts(t: Test, report: ComparisonReport, side: 'before' | 'after', alone: ReplayReport) {
  t.strictSame(report[side].rules, alone.rules, side);
  t.strictSame(report[side].unmatched, alone.unmatched, side);
  for (const part of ['received', 'malformed', 'unclassified', 'anomalies', 'files'] as const) {
    t.strictSame(report[part], alone[part], part);
  }
}

t.test('either table counts what a replay with it counts', async (t) => {
  const files = [sample, writeCapture(folder, 20_000)];
  const { report } = await compare(files, before, after);
  assertSameCounts(t, report, 'before', await replayed(files, before));
  assertSameCounts(t, report, 'after', await replayed(files, after));
});

t.test(
  'so it does for all shared captures, the damaged ones included',
  { skip: withoutSharedCaptures },
  async (t) => {
    const files = sharedCaptures().map(({ file }) => file);
    const bundled = 'deploy/rules/example.yaml';
    const { report, exitCode } = await compare(files, bundled, before);
    t.equal(exitCode, 1);
    assertSameCounts(t, report, 'before', await replayed(files, bundled));
    assertSameCounts(t, report, 'after', await replayed(files, before));
    // Where nothing is the same, everything that rules judge has changed.
    const judged = report.before.rules.reduce(
      (sum, { packets }) => sum + packets,
      report.before.unmatched.packets,
    );
    t.ok(
      report.changed.packets > 0 && report.changed.packets < judged,
      `${report.changed.packets} of ${judged}`,
    );
  },
);

t.test('rules in another order that do the same change nothing', async (t) => {
  const moved = write('moved.yaml', SAMPLE_RULES.replace('priority: 40', 'priority: 1'));
  const { exitCode, stderr, report } = await compare([sample, sample], before, moved);
  t.equal(exitCode, 0);
  t.equal(stderr, '');
  t.strictSame(report.changes, []);
  t.strictSame(report.changed, { packets: 0, bytes: 0, verdict_packets: 0, verdict_bytes: 0 });
});

t.test('another interface to forward to is another verdict', async (t) => {
  const to = (name: string) =>
    write(`${name}.yaml`, `rules:\n  - { name: all, action: { forward: ${name} } }\n`);
  const { exitCode, report } = await compare([sample], to('eth1'), to('eth2'));
  t.equal(exitCode, 3);
  t.match(report.changes, [
    {
      verdict_changes: true,
      before: { out_interface: 'eth1' },
      after: { out_interface: 'eth2' },
      packets: 8,
    },
  ]);
});

t.test('flows beyond the bound are counted, not kept', async (t) => {
  const records = Array.from({ length: 66_000 }, (_, i) => ({
    frame: ethernet({ payload: ipv4({ src: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, payload: udp() }) }),
  }));
  const many = write('many.pcap', pcapFile(records));
  const all = write('all.yaml', 'rules:\n  - { name: all, action: drop }\n');
  const none = write('none.yaml', 'rules: []\n');
  const { exitCode, report } = await compare([many], all, none);
  t.equal(exitCode, 3);
  t.match(report.changes, [{ packets: 66_000, flows: 65_536, packets_of_other_flows: 464 }]);
  t.equal(report.changed.packets, 66_000);
  t.equal(report.flows.length, 1000);
  t.match(report.bounds, { flows_max: 65_536, packets_of_other_flows: 464 });
});

t.test('a person reads the same', async (t) => {
  const { exitCode, stdout, stderr } = await runUpe(t, [
    'replay',
    sample,
    '--rules',
    before,
    '--against',
    after,
  ]);
  t.equal(exitCode, 3);
  t.equal(stderr, '');
  t.equal(
    stdout,
    `before  ${before}
after   ${after}

before       after            packets  bytes  flows
---------------------------------------------------
web count    (no rule) count        3  1,642      2
telnet drop  telnet count           2    128      2
web count    pieces count           1     54      1
---------------------------------------------------
changed                             6  1,824

web count -> (no rule) count
  packet 3: tcp 10.0.0.1:40000 > 10.0.0.2:443
  packet 4: tcp 10.0.0.1:40000 > 10.0.0.2:443
  packet 5: tcp [2001:db8::1]:40000 > [2001:db8::2]:443

telnet drop -> telnet count
  packet 1: tcp 10.0.0.1:40000 > 10.0.0.2:23
  packet 2: tcp [2001:db8::1]:40000 > [2001:db8::2]:23

web count -> pieces count
  packet 6: tcp 10.0.0.1:40000 > 10.0.0.2:443

The heaviest flows that change:
  tcp 10.0.0.1:40000 > 10.0.0.2:443: web count -> (no rule) count, 2 packets, 1,568 bytes
  tcp 10.0.0.1:40000 > 10.0.0.2:23: telnet drop -> telnet count, 1 packet, 54 bytes
  tcp [2001:db8::1]:40000 > [2001:db8::2]:23: telnet drop -> telnet count, 1 packet, 74 bytes
  tcp [2001:db8::1]:40000 > [2001:db8::2]:443: web count -> (no rule) count, 1 packet, 74 bytes
  tcp 10.0.0.1:40000 > 10.0.0.2:443: web count -> pieces count, 1 packet, 54 bytes

6 of 13 packets change: the verdict of 2 is another one; of 4 the verdict stays, and another rule counts them.
`,
  );
});

t.test('what changes is told in one sentence, whatever it is', async (t) => {
  const { report } = await compare([sample], before, after);
  for (const [packets, verdict_packets, sentence] of [
    [1, 1, '1 of 13 packets changes: its verdict is another one.'],
    [1, 0, '1 of 13 packets changes: its verdict stays, and another rule counts it.'],
    [5, 5, '5 of 13 packets change: the verdict of all is another one.'],
    [5, 0, '5 of 13 packets change: the verdict stays, and another rule counts them.'],
  ] as const) {
    const changed = { ...report.changed, packets, verdict_packets };
    t.ok(comparisonText({ ...report, changed }).endsWith(`\n${sentence}\n`), sentence);
  }
});

t.test('a rule file that cannot be read is told with the flag that names it', async (t) => {
  for (const [args, flags] of [
    [['--rules', before, '--against', '/nowhere.yaml'], '--against'],
    [['--rules', '/nowhere.yaml', '--against', after], '--rules or UPE_RULES_FILE'],
  ] as const) {
    t.strictSame(await upe.run(['replay', sample, ...args]), {
      exitCode: 1,
      stdout: '',
      stderr: `upe: rule file /nowhere.yaml does not exist; give a readable YAML file with ${flags}\n`,
    });
  }
  const { exitCode } = await upe.run(['check', '--rules', '/nowhere.yaml']);
  t.equal(exitCode, 2, 'check is asked about the file');
});

t.test('a pipe is read as a file is', async (t) => {
  const args = ['replay', '-', '--json', '--rules', before, '--against', after];
  const script = 'file=$1; shift; (head -c 100 "$file"; sleep 0.3; tail -c +101 "$file") | "$@"';
  const shell = startProgram(t, 'sh', ['-c', script, 'sh', sample, process.execPath, UPE_MAIN, ...args]);
  const { exitCode, stdout } = await shell.ended;
  t.equal(exitCode, 3);
  const { report } = await compare([sample], before, after);
  t.strictSame(JSON.parse(stdout).changed, report.changed);
  t.strictSame(
    JSON.parse(stdout).changes[1].examples.map((own: { number: number }) => own.number),
    [1, 2],
  );
});

t.test('a damaged capture is compared as far as it can be read, and is a failure', async (t) => {
  const damaged = write('damaged.pcap', SAMPLE_CAPTURE.subarray(0, 24 + 16 + 54 + 16 + 74 + 30));
  const { exitCode, stderr, report } = await compare([damaged], before, after);
  t.equal(exitCode, 1);
  t.match(stderr, new RegExp(`^upe: ${damaged}: byte 184: .*\n$`));
  t.equal(report.changed.packets, 2);
});

t.test('a signal ends it with what has been compared, and is a failure', async (t) => {
  const args = ['--json', '--rules', before, '--against', after];
  const { exitCode, stdout, stderr } = await interruptedReplay(t, folder, args);
  t.equal(exitCode, 1);
  t.equal(stderr, 'upe: interrupted: the comparison is of the packets read so far\n');
  const { received } = JSON.parse(stdout) as ComparisonReport;
  t.ok(received.packets > 0 && received.packets <= INTERRUPTED_PACKETS, `${received.packets} packets`);
});
