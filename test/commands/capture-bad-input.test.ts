import { chmodSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CapturingUpe } from '../support/capturing-upe.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { LoadedUpe } from '../support/loaded-upe.js';
import { runUpe, startUpe, UPE_MAIN } from '../support/upe-process.js';

interface Problem {
  readonly status: number;
  readonly detail: string;
}

async function problemOf(response: Response): Promise<Problem> {
  const { status, detail } = (await response.json()) as Problem;
  return { status, detail };
}

/** What is asked for, the status, and what the problem says. */
const BAD_BODIES: readonly (readonly [body: unknown, status: number, detail: RegExp])[] = [
  [{ rule: 'nobody' }, 404, /^No rule in use has the name "nobody"\.$/],
  [{ rule: '' }, 404, /^No rule in use/],
  [{}, 400, /^rule: is missing\.$/],
  [[], 400, /^body: must be a JSON object\.$/],
  ['"web"', 400, /^body: must be a JSON object\.$/],
  ['{', 400, /JSON/],
  ['', 400, /cannot be empty/],
  [{ rule: 'web', speed: 1 }, 400, /^speed: does not exist; the parameters are rule, to, file, packets/],
  [{ rule: 'web', to: 'printer' }, 400, /^to: must be one of stream, file\.$/],
  [{ rule: 'web', packets: 0 }, 400, /^packets: must be a whole number from 1 to 10000000\.$/],
  [{ rule: 'web', packets: 10_000_001 }, 400, /^packets: must be a whole number/],
  [{ rule: 'web', packets: 1.5 }, 400, /^packets: must be a whole number/],
  [{ rule: 'web', packets: [1] }, 400, /^packets: must be a whole number/],
  [{ rule: 'web', packets: null }, 400, /^packets: must be a whole number/],
  [{ rule: 'web', bytes: 4095 }, 400, /^bytes: must be a whole number from 4096 to 4294967296\.$/],
  [{ rule: 'web', bytes: 4_294_967_297 }, 400, /^bytes: /],
  [{ rule: 'web', seconds: 0 }, 400, /^seconds: must be a whole number from 1 to 3600\.$/],
  [{ rule: 'web', seconds: 3601 }, 400, /^seconds: /],
  [{ rule: 'web', snap_length: 0 }, 400, /^snap_length: must be a whole number from 1 to 65536\.$/],
  [{ rule: 'web', snap_length: 65_537 }, 400, /^snap_length: /],
  [{ rule: 'web', to: 'stream', file: 'x.pcapng' }, 400, /^file: is only for captures to a file\.$/],
  ...['../x', '/etc/x', 'a/b', '.hidden', '..', '', 'a\0b', 'a'.repeat(121), 'a b', '-x'].map(
    (file) => [{ rule: 'web', file }, 400, /^file: must be a plain name/] as const,
  ),
];

const folder = temporaryFolder(t);
const upe = await CapturingUpe.start(t, folder);

t.test('what is asked for wrongly is refused with a problem document', async (t) => {
  for (const [body, status, detail] of BAD_BODIES) {
    const response = await upe.begin(body);
    const label = JSON.stringify(body);
    t.equal(response.status, status, label);
    t.match(response.headers.get('content-type'), 'application/problem+json', label);
    t.match((await problemOf(response)).detail, detail, label);
  }
  const text = await upe.begin('rule=web', { headers: { 'content-type': 'text/plain' } });
  t.equal((await problemOf(text)).status, 415);
  const foreign = await upe.begin({ rule: 'web' }, { headers: { origin: 'http://elsewhere.example' } });
  t.equal((await problemOf(foreign)).detail, 'This request comes from another site.');
  const long = await upe.begin({ rule: 'web', to: ' '.repeat(2000) });
  t.equal((await problemOf(long)).status, 413);
  for (const [path, method, status] of [
    ['/api/v1/captures', 'DELETE', 405],
    ['/api/v1/captures', 'PUT', 405],
    ['/api/v1/captures/1', 'POST', 405],
    ['/api/v1/captures/1', 'GET', 404],
    ['/api/v1/captures/1', 'DELETE', 404],
    ['/api/v1/captures/0', 'DELETE', 400],
    ['/api/v1/captures/one', 'GET', 400],
    ['/api/v1/captures?all=1', 'GET', 400],
    ['/api/v1/%63aptures', 'POST', 405],
    ['/api/v1/captures/1/2', 'DELETE', 405],
  ] as const) {
    const response = await upe.ask(path, { method });
    t.equal((await problemOf(response)).status, status, `${method} ${path}`);
  }
  t.strictSame(readdirSync(upe.dir), [], 'nothing was made');
  t.equal((await upe.scrape()).value('upe_captures_running'), 0);
});

t.test('one capture of a rule at a time, and four of all', async (t) => {
  for (const rule of ['dns', 'web', 'ssh']) {
    t.equal((await upe.begin({ rule, to: 'file' })).status, 201);
  }
  t.strictSame(await problemOf(await upe.begin({ rule: 'web' })), {
    status: 409,
    detail: 'The rule web is captured already: capture 2.',
  });
  const both = await Promise.all(['a', 'b'].map((file) => upe.begin({ rule: 'ntp', file })));
  t.strictSame(both.map(({ status }) => status).sort(), [201, 409], 'at the same moment as well');
  t.equal((await problemOf(await upe.begin({ rule: 'ftp' }))).status, 503);
  t.equal((await upe.end(2)).end, 'asked');
  t.equal((await upe.end(2)).end, 'asked', 'it may be ended twice');
  t.equal((await upe.begin({ rule: 'web', to: 'file' })).status, 201);
  const { captures } = (await (await upe.ask('/api/v1/captures')).json()) as { captures: { id: number }[] };
  for (const { id } of captures) await upe.end(id);
  await upe.running(0);
});

t.test('a file that cannot be made', async (t) => {
  symlinkSync(join(folder, 'elsewhere'), join(upe.dir, 'link.pcapng'));
  t.equal((await upe.begin({ rule: 'web', file: 'link.pcapng' })).status, 409, 'no link is followed');
  const one = await upe.begin({ rule: 'web', file: 'one.pcapng' });
  t.equal(one.status, 201);
  await upe.end(((await one.json()) as { id: number }).id);
  t.equal((await upe.begin({ rule: 'web', file: 'one.pcapng' })).status, 409, 'nothing is written over');
  chmodSync(upe.dir, 0o500);
  t.teardown(() => chmodSync(upe.dir, 0o700));
  if (process.getuid?.() !== 0) {
    const refused = await problemOf(await upe.begin({ rule: 'web', file: 'two.pcapng' }));
    t.equal(refused.status, 500);
    t.match(refused.detail, /^The file cannot be written: EACCES/);
  }
  const without = await CapturingUpe.start(t, temporaryFolder(t), { UPE_CAPTURE_DIR: '' });
  const refused = await problemOf(await without.begin({ rule: 'web', to: 'file' }));
  t.equal(refused.status, 403);
  t.match(refused.detail, /UPE_CAPTURE_DIR/);
});

t.test('packets are for those who are known, on this machine too', async (t) => {
  const begin = (port: number) =>
    fetch(`http://127.0.0.1:${port}/api/v1/captures`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"rule":"dns"}',
    });
  const demo = { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '100' };
  const off = await startUpe(t, demo);
  t.match(await problemOf(await begin(off.port)), { status: 403, detail: /UPE_HTTP_LIFECYCLE=true/ });
  await off.stop();
  const open = await startUpe(t, { ...demo, UPE_HTTP_LIFECYCLE: 'true' });
  t.match(await problemOf(await begin(open.port)), { status: 403, detail: /basic_auth_users/ });
  const env = { UPE_HTTP_PORT: String(open.port) };
  const command = await runUpe(t, ['capture', '--rule', 'dns'], { env });
  t.equal(command.exitCode, 1);
  t.match(
    command.stderr,
    /^upe: http:\/\/127\.0\.0\.1:\d+: 403 A capture hands out [^\n]*basic_auth_users[^\n]*\n$/,
  );
  await open.stop();
  const wrong = await upe.begin({ rule: 'dns' }, { headers: { authorization: 'Basic YWxpY2U6d3Jvbmc=' } });
  t.equal((await problemOf(wrong)).status, 401);
});

/** Flags of `upe capture`, its exit code and its line. */
const BAD_FLAGS: readonly [args: readonly string[], exitCode: number, line: RegExp][] = [
  [[], 2, /^upe: capture needs --rule NAME/],
  [
    ['--rule', 'a', '--packets', '0'],
    2,
    /^upe: --packets is "0", but it must be an integer from 1 to 10000000\.$/,
  ],
  [['--rule', 'a', '--packets', '1e3'], 2, /^upe: --packets is "1e3"/],
  [['--rule', 'a', '--bytes', '100'], 2, /^upe: --bytes is "100", but it must be an integer from 4096 to/],
  [['--rule', 'a', '--seconds', '3601'], 2, /^upe: --seconds is "3601"/],
  [['--rule', 'a', '--snap-length', '65537'], 2, /^upe: --snap-length is "65537"/],
  [['--rule', 'a', '--url', 'ftp://x'], 2, /^upe: --url must be the address of an engine/],
  [['--rule', 'a', '--url', 'http://u:p@x/y'], 2, /^upe: --url must be the address of an engine/],
  [
    ['--rule', 'a', '--url', 'https://u:50%off@x'],
    2,
    /^upe: --url has a user or a password with a % that is no escape/,
  ],
  [
    ['--rule', 'a', '--url', 'http://u:p@192.0.2.1'],
    2,
    /^upe: http:\/\/192\.0\.2\.1 speaks without TLS, and a password/,
  ],
  [['--rule', 'a', '--username', 'u'], 2, /^upe: --username and --password-file go together/],
  [['--rule', 'a', '--key-file', 'k'], 2, /^upe: --cert-file and --key-file go together/],
  [['--rule', 'a', '--ca-file', '/nowhere'], 1, /^upe: \/nowhere does not exist$/],
  [['--rule', 'a', '--http-port', '0'], 2, /^upe: UPE_HTTP_PORT is 0/],
  [['--rule', 'a', '--url', 'http://127.0.0.1:1'], 1, /^upe: no answer from http:\/\/127\.0\.0\.1:1: /],
];

t.test('upe capture says in one line what is wrong', async (t) => {
  const loaded = new LoadedUpe(t);
  for (const [i, [args, expected, line]] of BAD_FLAGS.entries()) {
    const { exitCode, stdout, stderr } = await loaded.runNth(i, ['capture', ...args]);
    t.equal(exitCode, expected, args.join(' '));
    t.match(stderr.replace(/\n$/, ''), line, args.join(' '));
    t.equal(stderr.split('\n').length, 2, 'one line');
    t.equal(stdout, '');
  }
  const { exitCode, stderr } = await upe.command(t, '--rule', 'nobody').ended;
  t.equal(exitCode, 1);
  t.match(stderr, /^upe: http:\/\/127\.0\.0\.1:\d+: 404 No rule in use has the name "nobody"\.\n$/);
  const unwritable = await upe.command(t, '--rule', 'web', '--write', '/nowhere/x.pcapng').ended;
  t.equal(unwritable.exitCode, 1);
  t.match(unwritable.stderr, /^upe: cannot write \/nowhere\/x\.pcapng: no such file or directory\n$/);
  for (const [dir, reason] of [
    ['/nowhere', 'does not exist'],
    [UPE_MAIN, 'is a file'],
  ]) {
    const run = await runUpe(t, ['run'], { env: { UPE_SOURCE: 'demo', UPE_CAPTURE_DIR: dir } });
    t.equal(run.exitCode, 1);
    t.equal(run.stderr, `upe: UPE_CAPTURE_DIR: ${dir} ${reason}; set it to a folder\n`);
  }
});
