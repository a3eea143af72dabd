import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import t from 'tap';
import type { TopAnswer } from '../../src/stats/http/top-schema.js';
import { mixedFrames, temporaryFolder, writeCapture } from '../support/engine-fixture.js';
import { LoadedUpe } from '../support/loaded-upe.js';
import { eventually, runUpe, startUpe, type TestScope } from '../support/upe-process.js';

const RULES = `rules:
  - { name: web, match: { dst_port: 443 }, action: count }
  - { name: dns, match: { protocol: udp, dst_port: 53 }, action: count }
`;
/** Of each of the 192 flows that have an IP header. */
const PACKETS_A_FLOW = 10;

/** Plays a capture slowly enough for each packet to be looked at, and waits until all of it has been judged. */
async function startPlayed(t: TestScope & { teardown(clean: () => void): unknown }, env = {}) {
  const folder = temporaryFolder(t);
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, RULES);
  const upe = await startUpe(t, {
    UPE_SOURCE: 'pcap',
    UPE_PCAP_FILE: writeCapture(folder, PACKETS_A_FLOW * mixedFrames().length),
    UPE_PCAP_PACE: '2000',
    UPE_RULES_FILE: file,
    UPE_WORKERS: '2',
    ...env,
  });
  await upe.program.waitForLog('the source has finished');
  const top = (...args: readonly string[]) =>
    runUpe(t, ['top', ...args], { env: { UPE_HTTP_PORT: String(upe.port), ...env } });
  return { folder, upe, top };
}

t.test('the heaviest of a rule, as a table and as JSON', async (t) => {
  const { upe, top } = await startPlayed(t);
  const whole = await eventually('all packets', async () => {
    const { exitCode, stdout, stderr } = await top('--json', '--limit', '100');
    t.equal(exitCode, 0, stderr);
    const answer = JSON.parse(stdout) as TopAnswer;
    return answer.total.packets === 192 * PACKETS_A_FLOW && answer;
  });
  t.match(whole, { rule: null, sampled: { one_in: 1, lost: { samples: 0 } } });
  t.equal(whole.top.length, 100);
  for (const talker of whole.top) t.match(talker, { packets: PACKETS_A_FLOW, low: 10, high: 10 });

  const web = await top('--rule', 'web', '--by', 'source', '--limit', '2');
  t.equal(web.exitCode, 0, web.stderr);
  const lines = web.stdout.split('\n');
  t.equal(lines[0], 'rule     web');
  t.match(lines[1], /^window {3}\d+\.\d s, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
  t.equal(lines[2], 'sampled  every packet');
  t.match(lines[3], /^total {4}640 packets, [0-9,]+ bytes$/);
  t.match(lines[5], /^share +packets +at least +at most +bytes +source$/);
  t.match(lines[7], /^1\.6 % {2}# +10 +10 +10 +\d+ {2}10\.0\.\d+\.1$/);
  t.equal(lines.at(-2), 'Every other source has at most 10 packets.');

  const unmatched = await top('--unmatched', '--of', 'bytes', '--limit', '1');
  t.match(unmatched.stdout, /^rule {5}none: packets that no rule matches\n/);
  t.match(unmatched.stdout, / tcp \[2001:db8::[0-9a-f]*\]:\d+ > \[[0-9a-f:]+\]:23\n/);
  t.match(unmatched.stdout, /\nshare +bytes +at least +at most +packets +flow\n/);
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('what the engine cannot tell: exit code 1 and its reason', async (t) => {
  const off = await startUpe(t, { UPE_SOURCE: 'demo', UPE_TOP_TALKERS: 'false' });
  const url = `http://127.0.0.1:${off.port}`;
  const env = { UPE_HTTP_PORT: String(off.port) };
  t.strictSame(await runUpe(t, ['top'], { env }), {
    exitCode: 1,
    stdout: '',
    stderr: `upe: ${url}: 404 Nobody looks for top talkers here: UPE_TOP_TALKERS=true does.\n`,
  });
  const on = await startUpe(t, { UPE_SOURCE: 'demo' });
  const unknown = await runUpe(t, ['top', '--rule', 'htps', '--http-port', String(on.port)]);
  t.equal(unknown.exitCode, 1);
  t.match(unknown.stderr, /: 404 No rule in use has the name "htps"\. Did you mean https\?\n$/);
  t.strictSame(await runUpe(t, ['top', '--http-port', '1']), {
    exitCode: 1,
    stdout: '',
    stderr:
      'upe: no answer from http://127.0.0.1:1/-/healthy: connect ECONNREFUSED 127.0.0.1:1; see whether UPE runs there, or say where with --url or --http-port\n',
  });
});

t.test('flags that are wrong are told all at once, and nobody is asked', async (t) => {
  const upe = new LoadedUpe(t);
  const { exitCode, stdout, stderr } = await upe.run([
    ...['top', '--by', 'port', '--of', 'flows', '--limit', '0', '--rule', 'a', '--unmatched'],
    ...['--http-port', '1'],
  ]);
  t.equal(exitCode, 2);
  t.equal(stdout, '');
  t.strictSame(stderr.trimEnd().split('\n'), [
    'upe: --unmatched does not go with --rule: no packet is of both; leave one of them out.',
    'upe: --by is "port", but it must be one of flow, source, destination.',
    'upe: --of is "flows", but it must be one of packets, bytes.',
    'upe: --limit is "0", but it must be a whole number from 1 to 100.',
  ]);
  for (const limit of ['101', '-0', '1e1', '1.5', '', 'ten']) {
    t.equal((await upe.run(['top', `--limit=${limit}`])).exitCode, 2, limit);
  }
  t.match((await upe.run(['top', '--http-port', '0'])).stderr, 'UPE_HTTP_PORT is 0, any free port');
});

t.test('who answers something else, or speaks to the terminal', async (t) => {
  let body = '';
  let status = 200;
  const server = createServer((_request, response) => void response.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const port = String((server.address() as AddressInfo).port);
  const upe = new LoadedUpe(t);
  for (const other of ['', 'hello', '{}', '[]', 'null', '{"top":[{}]}', '{"rule":null,"top":[]}']) {
    body = other;
    const { exitCode, stdout, stderr } = await upe.run(['top', '--http-port', port]);
    t.equal(exitCode, 1, other);
    t.equal(stdout, '');
    t.match(stderr, /^upe: http:\/\/\S+ answers something else: see whether UPE listens there\n$/, other);
  }
  status = 500;
  body = '{"detail":"\\u001b[31mred"}';
  t.match((await upe.run(['top', '--http-port', port])).stderr, /: 500 \?\[31mred\n$/);
});

t.test('where a password is asked for, it comes from a file', async (t) => {
  const folder = temporaryFolder(t);
  const webConfig = join(folder, 'web.yml');
  writeFileSync(webConfig, `basic_auth_users:\n  ops: ${bcrypt.hashSync('s3cret', 4)}\n`);
  const { top } = await startPlayed(t, { UPE_WEB_CONFIG_FILE: webConfig });
  const without = await top();
  t.equal(without.exitCode, 1);
  t.match(
    without.stderr,
    /: 401 A user name and a password are needed here\. Give --username and --password-file, or --headers-file\.\n$/,
  );
  const headers = join(folder, 'headers');
  writeFileSync(headers, `Authorization: Basic ${Buffer.from('ops:s3cret').toString('base64')}\n`);
  t.equal((await top('--headers-file', headers)).exitCode, 0);
  writeFileSync(headers, 'nonsense\n');
  t.equal((await top('--headers-file', headers)).exitCode, 2);
  const password = join(folder, 'password');
  writeFileSync(password, 's3cret\n');
  t.equal((await top('--username', 'ops', '--password-file', password)).exitCode, 0);
  writeFileSync(password, 'wrong\n');
  for (const name of ['ops', 'nobody']) {
    const { exitCode, stderr } = await top('--username', name, '--password-file', password);
    t.equal(exitCode, 1);
    t.match(
      stderr,
      /: 401 The user name or the password is wrong\. See whether both are those of the web configuration\.\n$/,
      name,
    );
  }
  t.match((await top('--username', 'ops')).stderr, '--username and --password-file go together');
});
