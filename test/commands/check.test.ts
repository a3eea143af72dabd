import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { SAMPLE_RULES } from '../fixtures/sample-capture.js';
import { temporaryFolder } from '../support/engine-fixture.js';
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
