import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { missingPrograms } from './missing-programs.js';
import type { TestScope } from './upe-process.js';

/** Offloads that would join, split or leave unfinished what goes over a veth pair. */
const OFFLOADS = ['tx', 'rx', 'sg', 'tso', 'gso', 'gro'];
/** How long a program may take to end after SIGTERM, milliseconds. */
const END_MS = 2000;

/** Why there can be no lab here, or `false`: for tap's `skip`. */
export function labMissing(programs: readonly string[] = []): string | false {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const missing = missingPrograms(['ip', 'ethtool', ...programs]);
  return missing.length > 0 && `not installed: ${missing.join(', ')}`;
}

/** A host of the lab: a network namespace. */
export class Host {
  constructor(
    readonly name: string,
    private readonly children: Set<ChildProcess>,
  ) {}

  /** The words in front of a command that is to run on this host. */
  get prefix(): readonly string[] {
    // tap puts itself into NODE_OPTIONS of whatever a test spawns; only env(1) can take it out again. Both
    // programs become the command, so that its process number is the child's.
    return ['env', '-u', 'NODE_OPTIONS', 'ip', 'netns', 'exec', this.name];
  }

  /** Runs a program to its end. Returns what it printed; throws with its complaint when it fails. */
  run(...command: string[]): string {
    const [program, ...args] = [...this.prefix, ...command];
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Starts a program that the lab ends with itself, if it has not ended before. */
  start(...command: string[]): ChildProcess {
    const [program, ...args] = [...this.prefix, ...command];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }

  /** Runs a program to its end without blocking this process. Returns what it printed on both streams. */
  async finish(...command: string[]): Promise<{ exitCode: number | null; output: string }> {
    const child = this.start(...command);
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    const [exitCode] = (await once(child, 'close')) as [number | null];
    return { exitCode, output };
  }
}

/** The command that shows an interface if it is up and has a carrier, and nothing otherwise. */
function showUp(name: string): string[] {
  return ['sh', '-c', `ip -o link show dev ${name} | grep LOWER_UP | grep 'state UP' || true`];
}

let labs = 0;

/**
 * Hosts on this machine that are joined by cables of their own: network namespaces and veth pairs. All of
 * it goes when `close` is called, programs that still run included.
 */
export class Lab {
  private readonly hosts: Host[] = [];
  private readonly children = new Set<ChildProcess>();
  private readonly prefix = `upe-${process.pid}-${labs++}`;

  /** A lab that is closed when the test ends. */
  static of(t: TestScope): Lab {
    const lab = new Lab();
    t.teardown(() => lab.close());
    return lab;
  }

  /** A new host, with its loopback up. */
  host(label: string): Host {
    const host = new Host(`${this.prefix}-${label}`, this.children);
    execFileSync('ip', ['netns', 'add', host.name]);
    this.hosts.push(host);
    host.run('ip', 'link', 'set', 'lo', 'up');
    return host;
  }

  /**
   * Joins two hosts: an interface on each, up, without addresses, all offloads off.
   *
   * @param mtu bytes.
   */
  cable(a: Host, aInterface: string, b: Host, bInterface: string, mtu = 1500): void {
    const ends = ['type', 'veth', 'peer', 'name', bInterface, 'netns', b.name];
    execFileSync('ip', ['link', 'add', aInterface, 'netns', a.name, ...ends]);
    for (const [host, name] of [
      [a, aInterface],
      [b, bInterface],
    ] as const) {
      // Without these a host speaks of itself (neighbour discovery), and counts would not be exact.
      host.run('sysctl', '-qw', `net.ipv6.conf.${name}.disable_ipv6=1`);
      host.run('ethtool', '-K', name, ...OFFLOADS.flatMap((offload) => [offload, 'off']));
      host.run('ip', 'link', 'set', name, 'mtu', String(mtu), 'up');
    }
    // The kernel notices a carrier a little later.
    while (![a.run(...showUp(aInterface)), b.run(...showUp(bInterface))].every((line) => line !== ''));
  }

  /**
   * Gives an interface an address: IPv4 or IPv6 with a prefix length. With one of IPv6 the interface takes
   * part in neighbour discovery, from the search for duplicates on.
   */
  address(host: Host, name: string, address: string): void {
    if (address.includes(':')) host.run('sysctl', '-qw', `net.ipv6.conf.${name}.disable_ipv6=0`);
    host.run('ip', 'addr', 'add', address, 'dev', name);
  }

  async close(): Promise<void> {
    const running = [...this.children];
    const ended = running.map((child) => once(child, 'exit'));
    for (const child of running) child.kill('SIGTERM');
    const killer = setTimeout(() => {
      for (const child of this.children) child.kill('SIGKILL');
    }, END_MS);
    await Promise.all(ended);
    clearTimeout(killer);
    for (const { name } of this.hosts) spawnSync('ip', ['netns', 'del', name]);
  }
}

/** A host that listens at the end of a cable: left's eth0 is joined with mid's eth0. */
export function watchLab(t: TestScope): { lab: Lab; left: Host; mid: Host } {
  const lab = Lab.of(t);
  const [left, mid] = [lab.host('left'), lab.host('mid')];
  lab.cable(left, 'eth0', mid, 'eth0');
  return { lab, left, mid };
}
