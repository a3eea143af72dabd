import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../support/lab.js';
import { Scrape } from '../../support/scrape.js';
import { eventually, UPE_MAIN } from '../../support/upe-process.js';

/** Let what is under way arrive before anything is compared, milliseconds. */
const SETTLE_MS = 300;
/** tcpdump lets the kernel gather frames for up to a second before it looks at them. */
const TCPDUMP_SETTLE_MS = 1500;

/** A program that receives frames on a host, and what it says of them. */
export interface Receiver {
  readonly name: string;
  readonly pid: number;
  /** Frames received so far. Programs that tell only at their end answer 0 before. */
  received(): number;
  /** Processor time of the whole process so far, seconds. */
  cpuSeconds(): number;
  /** Resident memory now, bytes. */
  residentBytes(): number;
  /** Ends it. Returns the frames received in all. */
  stop(): Promise<number>;
}

/**
 * Processor time of all threads of a process, seconds: the first field of their schedstat, nanoseconds.
 * The times in /proc/PID/stat come from sampling a hundred times a second, and miss short work.
 */
export function cpuSecondsOf(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const times = tasks.map(
    (task) => readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0],
  );
  return times.reduce((sum, nanoseconds) => sum + Number(nanoseconds), 0) / 1e9;
}

function residentBytesOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

const PORT = 9912;

/** `upe run` on a host, with the variables given. */
export async function startUpe(
  host: Host,
  env: Readonly<Record<string, string>>,
  rules: string,
): Promise<Receiver & { scrape(): Scrape }> {
  const file = join(tmpdir(), `upe-bench-rules-${process.pid}.yaml`);
  writeFileSync(file, rules, { mode: 0o644 });
  const settings = { UPE_RULES_FILE: file, UPE_LOG_LEVEL: 'warn', ...env };
  const words = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const child = host.start('env', '-u', 'NODE_OPTIONS', ...words, process.execPath, UPE_MAIN, 'run');
  child.stdout?.pipe(process.stderr);
  child.stderr?.pipe(process.stderr);
  const scrape = () => new Scrape(host.run('curl', '-sf', `http://127.0.0.1:${PORT}/metrics`));
  await eventually('answer from upe', () => {
    if (child.exitCode !== null) throw new Error(`upe has ended with code ${child.exitCode}`);
    try {
      return host.run('curl', '-sf', `http://127.0.0.1:${PORT}/-/ready`);
    } catch {
      return undefined;
    }
  });
  const pid = child.pid!;
  const received = () => scrape().sum('upe_rx_packets_total');
  return {
    name: 'upe',
    pid,
    scrape,
    received,
    cpuSeconds: () => cpuSecondsOf(pid),
    residentBytes: () => residentBytesOf(pid),
    stop: async () => {
      await sleep(SETTLE_MS);
      const total = received();
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(file, { force: true });
      return total;
    },
  };
}

/** tcpdump as it is by default, but writing to /dev/null. */
export async function startTcpdump(host: Host, interfaceName: string): Promise<Receiver> {
  const child = host.start('tcpdump', '-i', interfaceName, '-n', '-w', '/dev/null', '-Z', 'root');
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await eventually('listening tcpdump', () => text.includes('listening on'));
  const pid = child.pid!;
  return {
    name: 'tcpdump',
    pid,
    received: () => 0,
    cpuSeconds: () => cpuSecondsOf(pid),
    residentBytes: () => residentBytesOf(pid),
    stop: async () => {
      await sleep(TCPDUMP_SETTLE_MS);
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      await ended;
      return Number(/^(\d+) packets? captured$/m.exec(text)?.[1]);
    },
  };
}
