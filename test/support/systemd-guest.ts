import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './engine-fixture.js';
import { missingPrograms } from './missing-programs.js';
import { ROOT } from './package-root.js';
import { eventually, type Program, startProgram, type TestScope } from './upe-process.js';

const SYSTEMD = '/lib/systemd/systemd';

/** Units that any service needs, reduced to what is needed here: none of the machine's own is started. */
const UNITS: Readonly<Record<string, string>> = {
  'sysinit.target': '[Unit]\nDefaultDependencies=no\nWants=systemd-journald.socket\n',
  'basic.target': '[Unit]\nDefaultDependencies=no\nRequires=sysinit.target\nAfter=sysinit.target\n',
  'shutdown.target': '[Unit]\nDefaultDependencies=no\nRefuseManualStart=yes\n',
  'network.target': '[Unit]\nDefaultDependencies=no\n',
  'guest.target': '[Unit]\nRequires=basic.target\n',
};
const MACHINE_UNITS = [
  'systemd-journald.service',
  'systemd-journald.socket',
  'systemd-journald-dev-log.socket',
];

/** Makes the guest's file system, a copy on write of the machine's, in a mount namespace; becomes systemd. */
const BOOT = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mkdir -p opt/upe etc/upe guest old
mount --bind "$2" guest
mount --bind "$3" opt/upe
touch usr/local/bin/guest-node usr/local/bin/upe
mount --bind "$4" usr/local/bin/guest-node
rm -f usr/local/bin/upe
printf '#!/bin/sh\\nexec /usr/local/bin/guest-node /opt/upe/dist/src/main.js "$@"\\n' > usr/local/bin/upe
chmod 755 usr/local/bin/upe
cp guest/etc/* etc/upe/
mount --bind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
ip link set lo up
pivot_root . old
umount -l /old
exec env -i container=guest PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH=/guest/units \\
  SYSTEMD_GENERATOR_PATH=/guest/none ${SYSTEMD} --system --unit=guest.target --log-target=console --show-status=0
`;

/** Why no guest can be started here, or `false`: for tap's `skip`. */
export function guestMissing(): string | false {
  if (process.getuid?.() !== 0) return 'a guest of systemd needs root';
  const missing = missingPrograms([SYSTEMD, 'systemctl', 'unshare', 'nsenter', 'ip', 'curl']);
  return missing.length > 0 && `not installed: ${missing.join(', ')}`;
}

export interface GuestSetup {
  /** Text of the unit upe.service. */
  readonly unit: string;
  /** Files in /etc/upe, by name. */
  readonly etc: Readonly<Record<string, string>>;
}

/**
 * systemd as the first process of namespaces of its own (mounts, processes, network), with UPE installed and
 * no other service. It goes when the test ends.
 */
export class SystemdGuest {
  private constructor(
    private readonly program: Program,
    private readonly pid: number,
  ) {}

  static async start(t: TestScope, setup: GuestSetup): Promise<SystemdGuest> {
    const folder = temporaryFolder(t);
    for (const name of ['units', 'etc', 'root']) mkdirSync(join(folder, name));
    for (const [name, text] of Object.entries({ ...UNITS, 'upe.service': setup.unit })) {
      writeFileSync(join(folder, 'units', name), text);
    }
    for (const name of MACHINE_UNITS) {
      writeFileSync(join(folder, 'units', name), readFileSync(`/lib/systemd/system/${name}`));
    }
    for (const [name, text] of Object.entries(setup.etc)) writeFileSync(join(folder, 'etc', name), text);
    const namespaces = ['--mount', '--pid', '--net', '--uts', '--ipc', '--fork', '--kill-child'];
    const boot = ['sh', '-c', BOOT, 'boot', join(folder, 'root'), folder, ROOT, process.execPath];
    const program = startProgram(t, 'unshare', [...namespaces, ...boot]);
    const children = `/proc/${program.pid}/task/${program.pid}/children`;
    const pid = await eventually(
      'first process of the guest',
      () => Number(readFileSync(children, 'utf8')) || false,
    );
    const guest = new SystemdGuest(program, pid);
    await eventually(
      'systemd in the guest',
      () => guest.run('systemctl', 'is-active', 'guest.target').status === 0,
    );
    return guest;
  }

  /** Runs a program in the guest. Returns its exit code and what it printed on both streams. */
  run(...command: string[]): { status: number | null; output: string } {
    const args = ['-u', 'NODE_OPTIONS', 'nsenter', '-t', String(this.pid), '-m', '-p', '-n', '-u', '-i'];
    const { status, stdout, stderr } = spawnSync('env', [...args, ...command], { encoding: 'utf8' });
    return { status, output: stdout + stderr };
  }

  /** A property of the service, as `systemctl show` has it. */
  property(name: string): string {
    return this.run('systemctl', 'show', 'upe', '--value', '--property', name).output.trim();
  }

  /** What systemd and the service have said. */
  get words(): string {
    const journal = this.run('journalctl', '--unit', 'upe', '--output', 'cat', '--no-pager').output;
    return this.program.stdout + this.program.stderr + journal;
  }
}
