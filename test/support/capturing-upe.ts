import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { Scrape } from './scrape.js';
import {
  type Ended,
  eventually,
  type Program,
  startProgram,
  startUpe,
  type TestScope,
  UPE_MAIN,
} from './upe-process.js';

const USER = 'alice';
const PASSWORD = 'secret';
export const AUTHORIZATION = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
/** Magic, version, time zone, accuracy, snap length, Ethernet. */
const PCAP_HEADER = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');

export const CAPTURE_RULES = `
default_action: count
rules:
  - { name: dns, match: { dst_port: 53 }, action: count }
  - { name: web, match: { dst_port: 443 }, action: drop }
  - { name: ssh, match: { dst_port: 22 }, action: count }
  - { name: ntp, match: { dst_port: 123 }, action: count }
  - { name: ftp, match: { dst_port: 21 }, action: count }
`;

/** What the API says of a capture. */
export interface CaptureAnswer {
  readonly id: number;
  readonly state: string;
  readonly end: string | null;
  readonly file: string | null;
  readonly packets: number;
  readonly bytes: number;
  readonly dropped_ring_full: number;
  readonly dropped_unwritten: number;
  readonly [field: string]: unknown;
}

/**
 * `upe run` with a password, over a capture file that the test writes while it is read: what it sends is what there is.
 */
export class CapturingUpe {
  readonly dir: string;
  readonly rulesFile: string;
  readonly passwordFile: string;
  readonly usersFile: string;
  private feed = -1;
  private port = 0;
  private program: Program | null = null;

  private constructor(folder: string) {
    this.dir = join(folder, 'captures');
    this.rulesFile = join(folder, 'rules.yaml');
    this.passwordFile = join(folder, 'password');
    this.usersFile = join(folder, 'users.yml');
  }

  /** Starts it; both it and the feed end with the test. */
  static async start(
    t: TestScope,
    folder: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<CapturingUpe> {
    const upe = new CapturingUpe(folder);
    mkdirSync(upe.dir, { recursive: true });
    writeFileSync(upe.rulesFile, CAPTURE_RULES);
    writeFileSync(upe.passwordFile, `${PASSWORD}\n`);
    writeFileSync(upe.usersFile, `basic_auth_users: { ${USER}: ${hashSync(PASSWORD, 4)} }\n`);
    const fifo = join(folder, `feed-${process.hrtime.bigint()}`);
    execFileSync('mkfifo', [fifo]);
    // For reading too, so that opening it waits for nobody.
    upe.feed = openSync(fifo, 'r+');
    t.teardown(() => closeSync(upe.feed));
    writeSync(upe.feed, PCAP_HEADER);
    const running = await startUpe(t, {
      UPE_SOURCE: 'pcap',
      UPE_PCAP_FILE: fifo,
      UPE_PCAP_PACE: 'max',
      UPE_WORKERS: '2',
      UPE_RULES_FILE: upe.rulesFile,
      UPE_HTTP_LIFECYCLE: 'true',
      UPE_WEB_CONFIG_FILE: upe.usersFile,
      UPE_CAPTURE_DIR: upe.dir,
      ...env,
    });
    upe.port = running.port;
    upe.program = running.program;
    return upe;
  }

  /** Gives frames to the engine, each as often as is said. */
  send(frames: readonly Uint8Array[], times = 1): void {
    const records = frames.flatMap((frame) => {
      const header = Buffer.alloc(16);
      header.writeUInt32LE(frame.length, 8);
      header.writeUInt32LE(frame.length, 12);
      return [header, frame];
    });
    const bytes = Buffer.concat(records);
    for (let i = 0; i < times; i++) {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.feed, bytes, done);
    }
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: AUTHORIZATION, ...init.headers };
    return fetch(`http://127.0.0.1:${this.port}${path}`, { ...init, headers });
  }

  /** Asks for a capture. */
  begin(body: unknown, init: RequestInit = {}): Promise<Response> {
    return this.ask('/api/v1/captures', {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
      headers: { 'content-type': 'application/json', ...init.headers },
    });
  }

  async scrape(): Promise<Scrape> {
    return new Scrape(await (await this.ask('/metrics')).text());
  }

  /** Waits until a rule has counted so many packets. */
  async counted(rule: string, packets: number): Promise<void> {
    await eventually(`${packets} packets of ${rule}`, async () => {
      const answer = (await (await this.ask(`/api/v1/rules/${rule}`)).json()) as { packets: number };
      return answer.packets === packets;
    });
  }

  /** Waits until so many captures run. */
  async running(count: number): Promise<void> {
    await eventually(
      `${count} captures`,
      async () => (await this.scrape()).value('upe_captures_running') === count,
    );
  }

  async capture(id: number): Promise<CaptureAnswer> {
    return (await (await this.ask(`/api/v1/captures/${id}`)).json()) as CaptureAnswer;
  }

  /** Waits until a capture has ended, and its file or client has all of it. */
  ended(id: number): Promise<CaptureAnswer> {
    return eventually(`the end of capture ${id}`, async () => {
      const capture = await this.capture(id);
      return capture.state === 'ended' && capture;
    });
  }

  /** Ends a capture. */
  async end(id: number): Promise<CaptureAnswer> {
    return (await (await this.ask(`/api/v1/captures/${id}`, { method: 'DELETE' })).json()) as CaptureAnswer;
  }

  /** Starts `upe capture` against it. */
  command(t: TestScope, ...args: string[]): Program {
    const who = ['--username', USER, '--password-file', this.passwordFile];
    return startProgram(t, process.execPath, [UPE_MAIN, 'capture', ...args, ...who], {
      env: { UPE_HTTP_PORT: String(this.port) },
    });
  }

  stop(): Promise<Ended> {
    this.program?.signal('SIGTERM');
    return this.program!.ended;
  }
}
