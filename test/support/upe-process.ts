import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Scrape } from './scrape.js';

/** The program under test, seen from the compiled module `dist/test/support/upe-process.js`. */
export const UPE_MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** How long a test waits for anything, milliseconds: far more than it takes on a loaded machine. */
const PATIENCE_MS = 20_000;
const POLL_MS = 20;

/** The part of a tap test that is needed to clean up after it. */
export interface TestScope {
  teardown(clean: () => unknown): unknown;
}

export interface ProgramOptions {
  /** Variables beside those of the test's own environment, from which all `UPE_*` are taken out. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it finds on its standard input; without it there is nothing to read. */
  readonly input?: Uint8Array;
  readonly cwd?: string;
}

/** What a program has left behind. */
export interface Ended {
  /** `null` when a signal has ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One line of the log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  /** ISO 8601. */
  readonly time: string;
  readonly [field: string]: unknown;
}

/** A program under test, from its start to its end; killed when the test ends before it does. */
export class Program {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ended>;
  private isRunning = true;

  constructor(
    t: TestScope,
    private readonly child: ChildProcess,
  ) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => {
        this.isRunning = false;
        resolve({ exitCode, stdout: this.stdout, stderr: this.stderr });
      });
    });
    t.teardown(async () => {
      if (this.isRunning) child.kill('SIGKILL');
      await this.ended;
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  get hasEnded(): boolean {
    return !this.isRunning;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The lines that it has logged so far, in their order. */
  get log(): LogLine[] {
    const lines = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
  }

  /**
   * Waits until a line has been logged.
   *
   * @param text what its message begins with.
   * @param nth which of several such lines, from 1.
   */
  waitForLog(text: string, nth = 1): Promise<LogLine> {
    return eventually(`"${text}" in the log`, () => {
      const line = this.log.filter(({ msg }) => msg.startsWith(text))[nth - 1];
      if (line === undefined && !this.isRunning) {
        throw new Error(`it has ended without "${text}" in its log: ${this.stdout}${this.stderr}`);
      }
      return line;
    });
  }
}

/**
 * Starts any program in an environment without `UPE_*` variables but those given, and without tap: its
 * coverage makes a program several times slower and larger than it is at a user's. tap puts itself into
 * NODE_OPTIONS whenever a test spawns something, so only env(1), in between, can take it out again.
 */
export function startProgram(
  t: TestScope,
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Program {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('UPE_'));
  const child = spawn('env', ['-u', 'NODE_OPTIONS', command, ...args], {
    cwd: options.cwd,
    env: { ...Object.fromEntries(inherited), ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  // A program that fails early need not have read its input.
  child.stdin?.on('error', () => undefined).end(options.input);
  return new Program(t, child);
}

/** Runs `upe` to its end. */
export function runUpe(t: TestScope, args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return startProgram(t, process.execPath, [UPE_MAIN, ...args], options).ended;
}

/** `upe run` at work. */
export interface RunningUpe {
  readonly program: Program;
  readonly port: number;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  scrape(): Promise<Scrape>;
  /** Ends it by a signal and waits for that. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

/** Starts `upe run` on a free port and waits until it is ready. */
export async function startUpe(
  t: TestScope,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<RunningUpe> {
  const program = startProgram(t, process.execPath, [UPE_MAIN, 'run', ...args], {
    env: { UPE_HTTP_PORT: '0', ...env },
  });
  const { msg } = await program.waitForLog('metrics at http');
  const { port, origin } = new URL(msg.slice('metrics at '.length));
  const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${origin}${path}`, { headers });
  return {
    program,
    port: Number(port),
    get,
    scrape: async () => new Scrape(await (await get('/metrics')).text()),
    stop: (signal = 'SIGTERM') => {
      program.signal(signal);
      return program.ended;
    },
  };
}

/**
 * Asks again and again until there is an answer.
 *
 * @param what is waited for, for the error.
 * @param look returns `undefined` or `false` for not yet.
 * @param restMs before it is asked again, milliseconds: more where the question is a burden to what is waited for.
 */
export async function eventually<Answer>(
  what: string,
  look: () => Answer | undefined | false | Promise<Answer | undefined | false>,
  restMs = POLL_MS,
): Promise<Answer> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await look();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > endMs) throw new Error(`no ${what} within ${PATIENCE_MS / 1000} s`);
    await sleep(restMs);
  }
}
