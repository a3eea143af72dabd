import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { temporaryFolder } from '../support/engine-fixture.js';
import { labMissing, watchLab } from '../support/lab.js';
import { accountOf, four, NO_CAPABILITY } from '../support/process-account.js';
import { reachUpe, startOnHost, startUpeOn } from '../support/upe-on-host.js';
import { startProgram, UPE_MAIN } from '../support/upe-process.js';

const skip = labMissing(['curl', 'sysctl', 'setpriv']);
const folder = temporaryFolder(t);
chmodSync(folder, 0o755);
const rules = join(folder, 'rules.yaml');
writeFileSync(rules, 'rules: []\n');
const SETTINGS = { UPE_SOURCE: 'afpacket', UPE_HTTP_PORT: '0', UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules };

/** Numbers of an ordinary user, without an account of its own. */
const UID = 54_321;
const UNPRIVILEGED = ['setpriv', `--reuid=${UID}`, `--regid=${UID}`, '--clear-groups', '--no-new-privs'];

const AMBIENT = ['--inh-caps=+net_raw', '--ambient-caps=+net_raw'];

/** Why an ordinary user cannot run the program here, or `false`. */
function unreadable(): string | false {
  if (skip !== false) return skip;
  const { status } = spawnSync('setpriv', [
    ...UNPRIVILEGED.slice(1),
    process.execPath,
    UPE_MAIN,
    '--version',
  ]);
  return status !== 0 && 'other users cannot read this folder, or not run Node.js';
}

/** An account by its name or number: the fields of passwd(5). */
function account(name: string): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))!;
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

const nobody = account('nobody');
const daemon = account('daemon');
for (const { name, env, uid, gid } of [
  { name: 'started as root it is nobody', env: {}, ...nobody },
  { name: 'UPE_USER by name', env: { UPE_USER: 'daemon' }, ...daemon },
  { name: 'UPE_USER by number', env: { UPE_USER: `${daemon.uid}` }, ...daemon },
  { name: 'UPE_USER and UPE_GROUP', env: { UPE_USER: 'daemon', UPE_GROUP: 'nogroup' }, ...daemon, gid: -1 },
  { name: 'numbers without accounts', env: { UPE_USER: `${UID}`, UPE_GROUP: `${UID}` }, uid: UID, gid: UID },
]) {
  t.test(`${name}, in all threads and without a capability`, { skip }, async (t) => {
    const expectedGid = gid >= 0 ? gid : nobody.gid;
    const upe = await startUpeOn(t, watchLab(t).mid, { ...SETTINGS, ...env, UPE_WORKERS: '2' });
    const found = accountOf(t, upe.program.pid);
    t.strictSame(found, {
      uids: four(uid),
      gids: four(expectedGid),
      groups: `${expectedGid}`,
      capabilities: NO_CAPABILITY,
    });
    t.equal((await upe.scrape()).value('upe_interface_up{interface="eth0"}'), 1);
    t.strictSame(
      upe.program.log.filter(({ level }) => level >= 40),
      [],
      'no warnings',
    );
    t.equal((await upe.stop()).exitCode, 0);
  });
}

for (const { env, says } of [
  { env: { UPE_USER: 'nosuchuser' }, says: 'upe: UPE_USER is "nosuchuser", and there is no such user.\n' },
  {
    env: { UPE_USER: 'nobody', UPE_GROUP: 'nosuchgroup' },
    says: 'upe: UPE_GROUP is "nosuchgroup", and there is no such group.\n',
  },
  {
    env: { UPE_USER: `${UID}` },
    says: `upe: UPE_USER is "${UID}", a number without an account: set UPE_GROUP as well.\n`,
  },
  { env: { UPE_GROUP: 'nogroup' }, says: /^upe: UPE_GROUP is set without UPE_USER; set both\.\n$/ },
]) {
  t.test(`refuses ${JSON.stringify(env)}`, { skip }, async (t) => {
    const { exitCode, stderr } = await startOnHost(t, watchLab(t).mid, ['run'], { ...SETTINGS, ...env })
      .ended;
    t.equal(exitCode, 2);
    t.match(stderr, says);
  });
}

t.test('without a privilege it says in one line which one it needs', { skip: unreadable() }, async (t) => {
  const [program, ...args] = [...watchLab(t).mid.prefix, ...UNPRIVILEGED, process.execPath, UPE_MAIN, 'run'];
  const { exitCode, stdout, stderr } = await startProgram(t, program, args, { env: SETTINGS }).ended;
  t.equal(exitCode, 1);
  t.equal(stdout, '');
  t.match(stderr, /^upe: .*CAP_NET_RAW.*--cap-add NET_RAW.*AmbientCapabilities.*setcap [^\n]*\n$/);
});

t.test('CAP_NET_RAW alone is enough', { skip: unreadable() }, async (t) => {
  const { mid } = watchLab(t);
  const [program, ...args] = [...mid.prefix, ...UNPRIVILEGED, ...AMBIENT, process.execPath, UPE_MAIN, 'run'];
  const upe = await reachUpe(mid, startProgram(t, program, args, { env: SETTINGS }));
  t.equal((await upe.scrape()).value('upe_interface_up{interface="eth0"}'), 1);
  t.strictSame(accountOf(t, upe.program.pid).uids, four(UID));
  const warnings = upe.program.log.filter(({ level }) => level === 40).map(({ msg }) => msg);
  t.equal(warnings.length, 1);
  t.match(warnings[0], /keep the capability/);
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('it cannot become another user without the privilege to', { skip: unreadable() }, async (t) => {
  const command = [...watchLab(t).mid.prefix, ...UNPRIVILEGED, ...AMBIENT, process.execPath, UPE_MAIN, 'run'];
  const env = { ...SETTINGS, UPE_USER: 'nobody' };
  const { exitCode, stderr } = await startProgram(t, command[0], command.slice(1), { env }).ended;
  t.equal(exitCode, 1);
  t.match(stderr, /^upe: cannot change to user nobody .*CAP_SETUID[^\n]*\n$/);
});
