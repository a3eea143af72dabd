import { mkdirSync, writeFileSync } from 'node:fs';
import type { Host } from './lab.js';
import { missingPrograms } from './missing-programs.js';
import { type Ended, eventually, startProgram, type TestScope } from './upe-process.js';

/**
 * Where podman keeps what these tests make: apart from the machine's own images, because they carry the names
 * of others. It stays there, so that a second run need not make the base image again.
 */
export const STORE = '/var/tmp/upe-test-containers';

const PROGRAMS = [
  'podman',
  'podman-compose',
  'runc',
  'iptables',
  'debootstrap',
  'prometheus',
  'curl',
  'flock',
];
const HELPERS = ['/usr/lib/podman/netavark', '/usr/lib/podman/aardvark-dns'];

/** A root that cannot be written. Podman would add a few folders in memory, which Docker does not. */
export const READ_ONLY = ['--read-only', '--read-only-tmpfs=false'];

/** Between two questions to podman, each of which is a program of some size, milliseconds. */
export const PODMAN_REST_MS = 300;

/** The option that puts a container on the network of a lab's host. */
export function networkOf(host: Host): string {
  return `--network=ns:/run/netns/${host.name}`;
}

/** Why no containers can be run here, or `false`: for tap's `skip`. */
export function containersMissing(): string | false {
  if (process.getuid?.() !== 0) return 'containers need root';
  const missing = missingPrograms([...PROGRAMS, ...HELPERS]);
  return missing.length > 0 && `not installed: ${missing.join(', ')}`;
}

/**
 * The ulimits are lower than podman's own, which not every machine allows. Debian's crun is an alternative to
 * runc that is not always installed.
 */
const CONTAINERS_CONF = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "${STORE}/networks"
`;

const STORAGE_CONF = `
[storage]
driver = "overlay"
graphroot = "${STORE}/images"
runroot = "${STORE}/run"
`;

let names = 0;

/** Podman with a store of its own. Containers that it has started go when the test ends. */
export class ContainerEngine {
  private readonly environment = {
    CONTAINERS_CONF: `${STORE}/containers.conf`,
    CONTAINERS_STORAGE_CONF: `${STORE}/storage.conf`,
  };

  constructor() {
    mkdirSync(STORE, { recursive: true });
    writeFileSync(this.environment.CONTAINERS_CONF, CONTAINERS_CONF);
    writeFileSync(this.environment.CONTAINERS_STORAGE_CONF, STORAGE_CONF);
  }

  /** Runs a program that uses podman to its end. */
  async run(
    t: TestScope,
    program: string,
    args: readonly string[],
    options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
  ): Promise<Ended> {
    const env = { ...options.env, ...this.environment };
    const ended = await startProgram(t, program, args, { ...options, env }).ended;
    // Without systemd there is no timer for health checks; podman says so at every start.
    const stderr = ended.stderr.replace(/^(time=".*|failed to connect to syslog.*)\n/gm, '');
    return { ...ended, stderr };
  }

  /** Runs podman to its end. */
  podman(t: TestScope, ...args: string[]): Promise<Ended> {
    return this.run(t, 'podman', args);
  }

  /** Runs podman to its end. Returns what it printed; throws with its complaint when it fails. */
  async ask(t: TestScope, ...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.podman(t, ...args);
    if (exitCode !== 0) throw new Error(`podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  /** Whether there is an image of that name. */
  async hasImage(t: TestScope, image: string): Promise<boolean> {
    return (await this.podman(t, 'image', 'exists', image)).exitCode === 0;
  }

  /**
   * Starts a container.
   *
   * @param options of `podman run`.
   * @param command what it is to run, instead of what its image says.
   */
  async start(
    t: TestScope,
    image: string,
    options: readonly string[],
    command: readonly string[] = [],
  ): Promise<Container> {
    const name = `upe-test-${process.pid}-${names++}`;
    t.teardown(() =>
      this.podman({ teardown: () => undefined }, 'rm', '--force', '--volumes', '--time=0', name),
    );
    await this.ask(t, 'run', '--detach', `--name=${name}`, ...options, image, ...command);
    return new Container(this, name);
  }
}

/** A container that has been started, by whom ever. */
export class Container {
  constructor(
    private readonly engine: ContainerEngine,
    readonly name: string,
  ) {}

  /** Fields of what podman knows about it, as a Go template names them; in the answer a space is between them. */
  inspect(t: TestScope, ...fields: readonly string[]): Promise<string> {
    const format = fields.map((field) => `{{${field}}}`).join(' ');
    return this.engine.ask(t, 'inspect', `--format=${format}`, this.name);
  }

  /** The number of its first process on this machine. */
  async pid(t: TestScope): Promise<number> {
    return Number(await this.inspect(t, '.State.Pid'));
  }

  /** Runs a program in it. */
  exec(t: TestScope, ...command: string[]): Promise<Ended> {
    return this.engine.podman(t, 'exec', this.name, ...command);
  }

  /** What it has printed, standard output and standard error apart. */
  logs(t: TestScope): Promise<Ended> {
    return this.engine.podman(t, 'logs', this.name);
  }

  /** Waits until it has logged a line. */
  waitForLog(t: TestScope, text: string): Promise<string> {
    const look = async () => {
      const { stdout, stderr } = await this.logs(t);
      if ((await this.inspect(t, '.State.Status')) === 'exited') throw new Error(`it has ended: ${stderr}`);
      return stdout.split('\n').find((line) => line.includes(text));
    };
    return eventually(`"${text}" in the log of ${this.name}`, look, PODMAN_REST_MS);
  }

  /** What its health check says now. */
  health(t: TestScope): Promise<Ended> {
    return this.engine.podman(t, 'healthcheck', 'run', this.name);
  }

  /** Where a port of it is published on this machine. */
  async address(t: TestScope, port: number): Promise<string> {
    return this.engine.ask(t, 'port', this.name, `${port}/tcp`);
  }

  /** Sends SIGTERM to its first process. Returns the exit code; 137 is that of one who had to be killed. */
  async stop(t: TestScope): Promise<number> {
    await this.engine.ask(t, 'stop', '--time=10', this.name);
    return Number(await this.inspect(t, '.State.ExitCode'));
  }
}
