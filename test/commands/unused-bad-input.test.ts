import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { refusal, series, startStandIn, TIME } from '../prometheus/prometheus-stand-in.js';
import { Certificates, opensslMissing } from '../support/certificates.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { LoadedUpe } from '../support/loaded-upe.js';
import { runUpe } from '../support/upe-process.js';

const URL_EXPECTED =
  '--prometheus must be an address that begins with http:// or https://, like http://localhost:9090.';
const HERE = ['--prometheus', 'http://127.0.0.1:1'];

/** Arguments, and what standard error says. */
const BAD: readonly [args: readonly string[], problems: readonly string[]][] = [
  ...['localhost:9090', 'ftp://a', '/tmp', '', 'http://', 'http://a:99999', 'me:secret@a'].map(
    (url): [string[], string[]] => [['--prometheus', url], [URL_EXPECTED]],
  ),
  [['--prometheus', 'http://a/?x=1'], ['--prometheus must be an address without ? and #.']],
  [['--prometheus', 'http://a/#x'], ['--prometheus must be an address without ? and #.']],
  [
    ['--prometheus', 'http://a/api/v1/'],
    ['--prometheus must be the address in front of /api/v1; leave that out.'],
  ],
  ...['0', '-0', '1.5', '90d', '3651', '1e2', 'x', '99999'].map((days): [string[], string[]] => [
    [...HERE, `--days=${days}`],
    [`--days is ${JSON.stringify(days)}, but it must be a whole number from 1 to 3650.`],
  ]),
  ...['job', 'up{job="a"}', 'a="b"} or up{c="d"'].map((selector): [string[], string[]] => [
    [...HERE, '--selector', selector],
    [
      `--selector is ${JSON.stringify(selector)}, but it must be conditions on labels, like job="edge",site=~"eu-.*".`,
    ],
  ]),
  [
    ['--prometheus', 'a', '--days', '0', '--selector', 'b'],
    [
      URL_EXPECTED,
      '--days is "0", but it must be a whole number from 1 to 3650.',
      '--selector is "b", but it must be conditions on labels, like job="edge",site=~"eu-.*".',
    ],
  ],
];

t.test('flags that are wrong are told all at once, and nobody is asked', async (t) => {
  const upe = new LoadedUpe(t);
  for (const [i, [args, problems]] of BAD.entries()) {
    const { exitCode, stdout, stderr } = await upe.runNth(i, ['unused', ...args]);
    t.equal(exitCode, 2, args.join(' '));
    t.equal(stdout, '');
    t.equal(stderr, problems.map((problem) => `upe: ${problem}\n`).join(''), args.join(' '));
  }
});

t.test('a rule file that is invalid is told with its places', async (t) => {
  const file = join(temporaryFolder(t), 'rules.yaml');
  writeFileSync(file, 'rules: [{ name: a, action: explode }]\n');
  const { exitCode, stderr } = await runUpe(t, ['unused', ...HERE, '--rules', file]);
  t.equal(exitCode, 2);
  t.match(stderr, new RegExp(`^${file}:1:\\d+: `));
});

t.test('where no instance has a rule of the file, nothing was judged, and that is no success', async (t) => {
  const at = 1_700_000_000;
  const { url } = await startStandIn(t, ({ path, parameters }) => {
    const query = parameters.get('query') ?? '';
    if (query === 'time()') return TIME;
    const metric = query.includes('by (job, instance)')
      ? { job: 'upe', instance: 'edge' }
      : { rule: 'theirs' };
    return path.endsWith('query_range')
      ? series([{ metric, values: [[at, '1']] }], 'matrix')
      : series([{ metric, value: [at, '1'] }]);
  });
  const file = join(temporaryFolder(t), 'rules.yaml');
  writeFileSync(file, 'rules: [{ name: mine, action: count }]\n');
  const { exitCode, stdout, stderr } = await runUpe(t, ['unused', '--prometheus', url, '--rules', file]);
  t.equal(exitCode, 1);
  t.match(stdout, /1 of the 1 rules of the file: mine\.\nNo rule was judged\.\n$/);
  t.equal(stderr, `upe: no instance has had any rule of ${file}: nothing was judged\n`);
  const asJson = await runUpe(t, ['unused', '--prometheus', url, '--rules', file, '--json']);
  t.equal(asJson.exitCode, 1);
  t.match(JSON.parse(asJson.stdout), { rules: 0, no_data: ['mine'] });
  writeFileSync(file, 'rules: []\n');
  const empty = await runUpe(t, ['unused', '--prometheus', url, '--rules', file]);
  t.equal(empty.exitCode, 1);
  t.equal(empty.stderr, `upe: ${file} has no rules: there is nothing to judge\n`);
});

t.test('headers come from a file, and no message repeats one', async (t) => {
  const { url, asked } = await startStandIn(t, () => refusal(400, 'no'));
  const file = join(temporaryFolder(t), 'headers');
  const run = (text: string) => {
    writeFileSync(file, text);
    return runUpe(t, ['unused', '--prometheus', url, '--headers-file', file]);
  };
  const good = await run('# for Mimir\n\nAuthorization: Bearer s3cret \r\nX-Scope-OrgID:upe\n');
  t.equal(good.stderr, `upe: ${url} refuses a query: no\n`);
  t.equal(good.exitCode, 1);
  t.match(asked[0].headers, { authorization: 'Bearer s3cret', 'x-scope-orgid': 'upe' });

  const bad = await run(
    'Authorization Bearer s3cret\nX-A: b\n: s3cret\nX B: s3cret\nX-C: s3\u0001cret\nX-D:\n',
  );
  t.equal(bad.exitCode, 2);
  t.equal(
    bad.stderr,
    [1, 3, 4, 5, 6].map((line) => `upe: ${file}:${line}: this is no header; write Name: value.\n`).join(''),
  );
  const none = await runUpe(t, ['unused', '--prometheus', url, '--headers-file', '/nonexistent']);
  t.equal(none.exitCode, 1);
  t.match(none.stderr, /^upe: cannot read \/nonexistent: no such file or directory\n$/);
  t.equal(asked.length, 1, 'nobody is asked then');
});

t.test(
  'a certificate must be known; NODE_EXTRA_CA_CERTS makes it so',
  { skip: opensslMissing },
  async (t) => {
    const identity = new Certificates(temporaryFolder(t)).make('server');
    const { url } = await startStandIn(t, () => refusal(400, 'no'), identity);
    const args = ['unused', '--prometheus', url];
    const stranger = await runUpe(t, args);
    t.equal(stranger.exitCode, 1);
    t.match(
      stranger.stderr,
      /^upe: https:\/\/127\.0\.0\.1:\d+ does not answer: self[- ]signed certificate[^\n]*\n$/,
    );
    const known = await runUpe(t, args, { env: { NODE_EXTRA_CA_CERTS: identity.certFile } });
    t.equal(known.stderr, `upe: ${url} refuses a query: no\n`);
  },
);

t.test('an unknown variable is told, as by every command', async (t) => {
  const { exitCode, stderr } = await runUpe(t, ['unused', ...HERE], { env: { UPE_RULE_FILE: 'x' } });
  t.equal(exitCode, 2);
  t.match(stderr, /UPE_RULE_FILE/);
});
