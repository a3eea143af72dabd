import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { pcapFile } from '../fixtures/capture-builder.js';
import { SAMPLE_CAPTURE, SAMPLE_RECORDS, SAMPLE_REPORT, SAMPLE_RULES } from '../fixtures/sample-capture.js';
import { temporaryFolder, writeCapture } from '../support/engine-fixture.js';
import { INTERRUPTED_PACKETS, interruptedReplay } from '../support/interrupted-replay.js';
import { LoadedUpe } from '../support/loaded-upe.js';
import { type Ended, runUpe, startProgram, UPE_MAIN } from '../support/upe-process.js';

const folder = temporaryFolder(t);
const sample = write('sample.pcap', SAMPLE_CAPTURE);
const rules = write('rules.yaml', SAMPLE_RULES);

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const upe = new LoadedUpe(t);

/** The report of a replay that must have gone well. */
function reportOf({ exitCode, stdout, stderr }: Ended) {
  t.equal(stderr, '');
  t.equal(exitCode, 0);
  return JSON.parse(stdout);
}

t.test('--json gives the exact outcome of every frame', async (t) => {
  const report = reportOf(await runUpe(t, ['replay', sample, '--json', '--rules', rules]));
  t.strictSame(report, { ...SAMPLE_REPORT, files: [{ file: sample, packets: 13, error: null }] });
});

t.test('the table says the same to a person', async (t) => {
  const { exitCode, stdout, stderr } = await runUpe(t, ['replay', sample, '--rules', rules]);
  t.equal(stderr, '');
  t.equal(exitCode, 0);
  t.equal(
    stdout,
    `rule            action               packets  bytes
---------------------------------------------------
telnet          drop                       2    128
web             count                      4  1,696
pieces          count                      1     66
never           drop                       0      0
(no rule)       count                      1     42
(malformed)     ethernet_short             1
(malformed)     ipv4_header_length         1
(malformed)     ipv6_payload_length        1
(unclassified)  arp                        1
(unclassified)  lldp                       1
---------------------------------------------------
received                                  13  2,148

anomaly fragment: 2, counted above as well
Every packet is accounted for.
`,
  );
});

t.test('the bundled rules are used where none are named', async (t) => {
  const { rules, received } = reportOf(await upe.run(['replay', sample, '--json']));
  const packets = Object.fromEntries(
    rules.map((rule: { rule: string; packets: number }) => [rule.rule, rule.packets]),
  );
  // The first fragment shows its port, but the rule for fragments comes before the one for https.
  t.match(packets, { 'block-telnet': 2, fragments: 2, https: 3, dns: 1, inside: 0 });
  t.equal(received.packets, 13);
});

t.test('several files are read in their order and summed', async (t) => {
  const two = write('two.pcap', pcapFile(SAMPLE_RECORDS.slice(0, 2)));
  const report = reportOf(
    await upe.run(['replay', two, sample, two, '--json', '--rules', rules, '--workers', '2']),
  );
  t.strictSame(report.files, [
    { file: two, packets: 2, error: null },
    { file: sample, packets: 13, error: null },
    { file: two, packets: 2, error: null },
  ]);
  t.strictSame(report.received, { packets: 17, bytes: 2148 + 2 * 128 });
  t.strictSame(report.rules[0], { rule: 'telnet', action: 'drop', packets: 6, bytes: 3 * 128 });
});

t.test('- is standard input', async (t) => {
  const expected = { ...SAMPLE_REPORT, files: [{ file: '-', packets: 13, error: null }] };
  const args = [UPE_MAIN, 'replay', '-', '--json', '--rules', rules];
  await t.test('from a pipe', async (t) => {
    const script = 'file=$1; shift; cat "$file" | "$@"';
    const shell = startProgram(t, 'sh', ['-c', script, 'sh', sample, process.execPath, ...args]);
    t.strictSame(reportOf(await shell.ended), expected);
  });
  await t.test('from a file', async (t) => {
    const script = 'file=$1; shift; "$@" < "$file"';
    const shell = startProgram(t, 'sh', ['-c', script, 'sh', sample, process.execPath, ...args]);
    t.strictSame(reportOf(await shell.ended), expected);
  });
  await t.test('from a socket, which is what Node.js gives to its children', async (t) => {
    t.strictSame(
      reportOf(await startProgram(t, process.execPath, args, { input: SAMPLE_CAPTURE }).ended),
      expected,
    );
  });
});

t.test('a damaged file among good ones is counted as far as it can be read, and named', async (t) => {
  // Two whole records of 54 and 74 bytes, and 30 bytes of a third one.
  const damaged = write('damaged.pcap', SAMPLE_CAPTURE.subarray(0, 24 + 16 + 54 + 16 + 74 + 30));
  const missing = join(folder, 'missing.pcap');
  const { exitCode, stdout, stderr } = await runUpe(t, [
    'replay',
    sample,
    damaged,
    missing,
    sample,
    '--json',
    '--rules',
    rules,
  ]);
  t.equal(exitCode, 1);
  const report = JSON.parse(stdout);
  const errors = report.files.map((own: { error: string | null }) => own.error);
  t.equal(errors[0], null);
  t.match(errors[1], new RegExp(`^${damaged}: byte 184: `));
  t.match(errors[2], `${missing}: does not exist`);
  t.equal(errors[3], null);
  t.strictSame(
    report.files.map((own: { packets: number }) => own.packets),
    [13, 2, 0, 13],
  );
  t.strictSame(report.received, { packets: 28, bytes: 2 * 2148 + 128 });
  t.equal(report.balanced, true);
  t.equal(stderr, `upe: ${errors[1]}\nupe: ${errors[2]}\n`);
});

t.test(
  'for a person, damage stands beside the totals, and in place of them where there are none',
  async (t) => {
    const damaged = write('cut.pcap', SAMPLE_CAPTURE.subarray(0, 24 + 16 + 54 + 16 + 30));
    const partly = await runUpe(t, ['replay', sample, damaged, '--rules', rules]);
    t.equal(partly.exitCode, 1);
    t.match(
      partly.stdout,
      /\nNot read to its end: 1 of 2 files\. Every packet that was read is accounted for\.\n$/,
    );
    const missing = join(folder, 'missing.pcap');
    const nothing = await runUpe(t, ['replay', missing, '--rules', rules]);
    t.equal(nothing.exitCode, 1);
    t.equal(nothing.stdout, '');
    t.match(nothing.stderr, `upe: ${missing}: does not exist`);
  },
);

t.test('a forward verdict stays one, and is counted as not transmitted', async (t) => {
  const forward = write(
    'forward.yaml',
    `default_action: forward
rules:
  - name: elsewhere
    match: { protocol: tcp, dst_port: 443 }
    action: { forward: eth9 }
`,
  );
  const report = reportOf(await upe.run(['replay', sample, '--json', '--rules', forward]));
  t.strictSame(report.rules, [{ rule: 'elsewhere', action: 'forward', packets: 4, bytes: 1696 }]);
  // Two of telnet, a later fragment and DNS.
  t.strictSame(report.unmatched, { action: 'forward', packets: 4, bytes: 54 + 74 + 66 + 42 });
  t.strictSame(report.transmit_failed, { no_transmitter: 8 });
  t.equal(report.balanced, true);
});

t.test('any number of workers gives the same totals', async (t) => {
  const capture = writeCapture(folder, 20_000);
  const args = ['replay', capture, '--json', '--rules', rules, '--ring-slots', '64', '--workers'];
  const alone = reportOf(await upe.run([...args, '1']));
  t.equal(alone.received.packets, 20_000);
  t.equal(alone.balanced, true);
  for (const workers of ['2', '4']) {
    t.strictSame(reportOf(await upe.run([...args, workers])), alone, `${workers} workers`);
  }
});

t.test('a signal ends it with the totals of what has been read', async (t) => {
  const args = ['--json', '--rules', rules];
  const { exitCode, stdout, stderr } = await interruptedReplay(t, folder, args);
  t.equal(exitCode, 1);
  t.equal(stderr, 'upe: interrupted: the totals are of the packets read so far\n');
  const report = JSON.parse(stdout);
  t.equal(report.balanced, true);
  t.ok(
    report.received.packets > 0 && report.received.packets <= INTERRUPTED_PACKETS,
    `${report.received.packets} packets`,
  );
});
