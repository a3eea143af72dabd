import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import t, { type Test } from 'tap';
import { Certificates, opensslMissing } from '../support/certificates.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { LoadedUpe } from '../support/loaded-upe.js';
import { type RunningUpe, runUpe, startUpe } from '../support/upe-process.js';

const folder = temporaryFolder(t);
const users = write('users.yml', `basic_auth_users: { alice: ${hashSync('secret', 4)} }\n`);
const open = write('open.yml', 'http_server_config: { http2: false }\n');
const broken = write('broken.yml', 'basic_auth_users: { alice: secret }\n');
const GOOD = 'rules:\n  - { name: web, match: { dst_port: 443 }, action: count }\n';

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** UPE on demo traffic, with a rule file that the test may change. */
async function start(t: Test, env: Record<string, string>): Promise<{ upe: RunningUpe; file: string }> {
  const file = write('rules.yaml', GOOD);
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '1000', UPE_RULES_FILE: file, ...env });
  return { upe, file };
}

async function reload({ port }: RunningUpe, headers: Record<string, string> = {}): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}/-/reload`, { method: 'POST', headers });
  return [response.status, await response.text()];
}

t.test('a reload is answered with what became of it', async (t) => {
  const { upe, file } = await start(t, { UPE_HTTP_LIFECYCLE: 'true' });
  t.strictSame(await reload(upe), [200, 'Generation 2 is in use: 1 rule.\n']);
  writeFileSync(file, `${GOOD}  - { name: dns, match: { dst_port: 53 }, action: count }\n`);
  t.strictSame(await reload(upe), [200, 'Generation 3 is in use: 2 rules.\n']);

  writeFileSync(file, 'rules:\n  - { name: a b, action: count }\n  - { name: c, action: fly }\n');
  const [status, text] = await reload(upe);
  t.equal(status, 400);
  const [first, second, ...rest] = text.split('\n');
  t.match(first, `${file}:2:13: name: "a b"`);
  t.match(second, `${file}:3:24: action: `);
  t.strictSame(rest, ['']);
  const scrape = await upe.scrape();
  t.equal(scrape.value('upe_rules_generation'), 3, 'the old rules stay');
  t.equal(scrape.value('upe_config_last_reload_successful'), 0);

  writeFileSync(file, GOOD);
  const answers = await Promise.all(Array.from({ length: 10 }, () => reload(upe)));
  for (const [each] of answers) t.equal(each, 200);
  const generation = (await upe.scrape()).value('upe_rules_generation');
  t.ok(
    generation >= 4 && generation <= 6,
    `ten requests at once were two or three loads (generation ${generation})`,
  );
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('requests to reload while it stops: an answer each, or a closed connection', async (t) => {
  const { upe } = await start(t, { UPE_HTTP_LIFECYCLE: 'true' });
  const asking = Array.from({ length: 10 }, () =>
    reload(upe).then(
      ([status]) => status,
      () => 'closed',
    ),
  );
  const ended = upe.stop();
  const late = Array.from({ length: 10 }, () =>
    reload(upe).then(
      ([status]) => status,
      () => 'closed',
    ),
  );
  for (const outcome of await Promise.all([...asking, ...late])) {
    t.ok([200, 503, 'closed'].includes(outcome), String(outcome));
  }
  t.equal((await ended).exitCode, 0);
});

t.test('without UPE_HTTP_LIFECYCLE nothing is reloaded', async (t) => {
  const { upe } = await start(t, {});
  const [status, text] = await reload(upe);
  t.equal(status, 403);
  t.match(text, /^Reloading over HTTP is off; .*UPE_HTTP_LIFECYCLE=true.*\n$/);
  t.equal((await upe.scrape()).value('upe_rules_generation'), 1);
});

t.test('where others reach the address, reloading needs a password', async (t) => {
  const { upe } = await start(t, {
    UPE_HTTP_LIFECYCLE: 'true',
    UPE_HTTP_HOST: '0.0.0.0',
    UPE_WEB_CONFIG_FILE: users,
  });
  t.equal((await reload(upe))[0], 401);
  const authorization = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
  t.equal((await reload(upe, { authorization }))[0], 200);
  t.match(await upe.program.waitForLog('passwords cross the network in the clear'), { level: 40 });
  const env = { UPE_HTTP_PORT: String(upe.port), UPE_WEB_CONFIG_FILE: users, UPE_HTTP_HOST: '0.0.0.0' };
  t.strictSame(await runUpe(t, ['healthcheck', '--ready'], { env }), {
    exitCode: 0,
    stdout: 'UPE is ready.\n',
    stderr: '',
  });
});

t.test('a health check by TLS, also while the file is broken', { skip: opensslMissing }, async (t) => {
  new Certificates(folder).make('server');
  const file = write('tls.yml', 'tls_server_config: { cert_file: server.pem, key_file: server.key }\n');
  const { upe } = await start(t, { UPE_WEB_CONFIG_FILE: file });
  t.match(upe.program.log.at(-1)?.msg, /^metrics at https:\/\//);
  const env = { UPE_HTTP_PORT: String(upe.port), UPE_WEB_CONFIG_FILE: file };
  t.equal((await runUpe(t, ['healthcheck', '--ready'], { env })).stdout, 'UPE is ready.\n');
  writeFileSync(file, 'nonsense');
  await upe.program.waitForLog('web configuration cannot be used: the old one stays');
  t.equal((await runUpe(t, ['healthcheck', '--ready'], { env })).stdout, 'UPE is ready.\n');
  const lines = upe.program.log.filter(({ msg }) => msg.startsWith('web configuration'));
  t.equal(lines.length, 1, 'said once');
  t.strictSame(lines[0].problems, [`${file}:1:1: a web configuration must be a mapping`]);
});

/** What is refused at the start, by `run` and by `check`: settings, and the line. */
const REFUSED: readonly [name: string, env: Record<string, string>, line: RegExp][] = [
  [
    'no web configuration',
    {},
    /^(upe: )?UPE_HTTP_LIFECYCLE is "true", and others reach 0\.0\.0\.0.*UPE_WEB_CONFIG_FILE/,
  ],
  ['one that asks nobody', { UPE_WEB_CONFIG_FILE: open }, /open\.yml:1:1: nothing here asks who comes/],
  ['a broken one', { UPE_WEB_CONFIG_FILE: broken }, /broken\.yml:1:28: not a bcrypt hash/],
  [
    'one that is not there',
    { UPE_WEB_CONFIG_FILE: join(folder, 'none') },
    /web configuration .*none does not exist/,
  ],
];

for (const [name, env, line] of REFUSED) {
  t.test(`refused at the start: reloading for others with ${name}`, async (t) => {
    const settings = {
      UPE_SOURCE: 'demo',
      UPE_HTTP_PORT: '0',
      UPE_HTTP_LIFECYCLE: '1',
      UPE_HTTP_HOST: '0.0.0.0',
      ...env,
    };
    const upe = new LoadedUpe(t);
    for (const command of ['run', 'check']) {
      const { exitCode, stderr } = await upe.run([command], settings);
      t.equal(exitCode, 2, command);
      t.match(stderr.split('\n')[0], line, command);
      t.notMatch(stderr, / at .*\.js/, command);
    }
  });
}

t.test('on loopback addresses, no authentication is needed', async (t) => {
  const upe = new LoadedUpe(t);
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1', 'localhost']) {
    const env = { UPE_HTTP_LIFECYCLE: 'true', UPE_HTTP_HOST: host };
    t.equal((await upe.run(['check'], env)).exitCode, 0, host);
  }
  for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'upe.example']) {
    const env = { UPE_HTTP_LIFECYCLE: 'true', UPE_HTTP_HOST: host };
    t.equal((await upe.run(['check'], env)).exitCode, 2, host);
  }
});
