import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '../../src/config/load.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { ROOT } from '../support/package-root.js';

const FOLDER = join(ROOT, 'deploy/systemd');
const unit = readFileSync(join(FOLDER, 'upe.service'), 'utf8');

/** Exposure as systemd-analyze counts it: 0 is a service that can do nothing, 10 one without any limits. */
const EXPOSURE_MAX = 2.6;

const skip = spawnSync('systemd-analyze', ['--version']).status !== 0 && 'systemd-analyze is not installed';

/** The values of a directive, in the order of the unit. */
function valuesOf(directive: string): string[] {
  return unit
    .split('\n')
    .filter((line) => line.startsWith(`${directive}=`))
    .map((line) => line.slice(directive.length + 1));
}

/** The unit in a folder of its own, with a program in place of the one that is not installed here. */
function unitFile(t: Parameters<typeof temporaryFolder>[0], text = unit): string {
  const folder = temporaryFolder(t);
  const program = join(folder, 'upe');
  symlinkSync('/bin/true', program);
  const file = join(folder, 'upe.service');
  writeFileSync(file, text.replace('=/usr/local/bin/upe ', `=${program} `));
  return file;
}

function analyze(...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, {
    encoding: 'utf8',
    env: { ...process.env, SYSTEMD_COLORS: '0' },
  });
  return { status, output: stdout + stderr };
}

t.test('systemd-analyze verify has nothing to say', { skip }, (t) => {
  t.strictSame(analyze('verify', unitFile(t)), { status: 0, output: '' });
  t.match(analyze('verify', unitFile(t, `${unit}Nonsense=yes\n`)).output, /Nonsense/, 'it would have');
  t.end();
});

t.test(`its exposure is at most ${EXPOSURE_MAX}`, { skip }, (t) => {
  const { output } = analyze('security', '--offline=true', unitFile(t));
  const exposure = /Overall exposure level for upe\.service: (\d+\.\d)/.exec(output)?.[1];
  t.ok(Number(exposure) <= EXPOSURE_MAX, `it is ${exposure}`);
  t.end();
});

t.test('it starts as root with what UPE needs to open its sockets and to become nobody', (t) => {
  t.strictSame(valuesOf('User'), []);
  t.strictSame(valuesOf('AmbientCapabilities'), [], 'a thread of Node.js would keep them');
  t.strictSame(valuesOf('CapabilityBoundingSet'), ['CAP_NET_RAW CAP_SETUID CAP_SETGID']);
  t.strictSame(valuesOf('NoNewPrivileges'), ['yes']);
  t.strictSame(valuesOf('MemoryDenyWriteExecute'), [], 'V8 could not compile');
  t.end();
});

t.test('a reload is SIGHUP, sent with all privileges: root without CAP_KILL may not signal nobody', (t) => {
  t.strictSame(valuesOf('ExecReload'), ['+/bin/kill -HUP $MAINPID']);
  t.strictSame(valuesOf('Restart'), ['on-failure']);
  t.strictSame(valuesOf('RestartPreventExitStatus'), ['2']);
  t.end();
});

t.test('the sample of settings is valid, and so is each that is commented out', (t) => {
  t.strictSame(valuesOf('EnvironmentFile'), ['/etc/upe/upe.env']);
  const lines = readFileSync(join(FOLDER, 'upe.env'), 'utf8').split('\n');
  const pair = (line: string) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)];
  const given = Object.fromEntries(lines.filter((line) => line.startsWith('UPE_')).map(pair));
  const config = loadConfig(given, {});
  t.equal(config.source, 'afpacket');
  t.equal(config.rulesFile, '/etc/upe/rules.yaml');
  const choices = lines.filter((line) => line.startsWith('#UPE_')).map((line) => pair(line.slice(1)));
  t.ok(choices.length > 0);
  for (const [name, value] of choices) {
    // A bridge and the interfaces that are watched exclude each other where they name the same.
    const { UPE_INTERFACE: _, ...rest } = given;
    t.doesNotThrow(() => loadConfig({ ...(name === 'UPE_BRIDGE' ? rest : given), [name]: value }, {}), name);
  }
  t.end();
});
