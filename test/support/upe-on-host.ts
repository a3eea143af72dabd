import type { Host } from './lab.js';
import { Scrape } from './scrape.js';
import {
  type Ended,
  eventually,
  type Program,
  startProgram,
  type TestScope,
  UPE_MAIN,
} from './upe-process.js';

/** `upe run` at work on a host of a lab. */
export interface UpeOnHost {
  readonly program: Program;
  /** The answer to a scrape, as Prometheus gets it. */
  scrapeText(): Promise<string>;
  scrape(): Promise<Scrape>;
  /**
   * Waits until so many frames have been read, or lost, and all of them have been judged.
   *
   * @param packets frames since the start, over all interfaces that are read.
   */
  scrapeAfter(packets: number): Promise<Scrape>;
  /** Waits until a series has at least that value, which a test can do where hosts speak of themselves. */
  scrapeWhen(series: string, value: number): Promise<Scrape>;
  /** Ends it by SIGTERM and waits for that. */
  stop(): Promise<Ended>;
}

/** Starts `upe` on a host; the process is that of Node.js, which ip(8) becomes. */
export function startOnHost(
  t: TestScope,
  host: Host,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Program {
  const [program, ...rest] = [...host.prefix, process.execPath, UPE_MAIN, ...args];
  return startProgram(t, program, rest, { env });
}

/** Starts `upe run` with the afpacket source on a host, and waits until it is ready. */
export async function startUpeOn(
  t: TestScope,
  host: Host,
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<UpeOnHost> {
  const settings = { UPE_SOURCE: 'afpacket', UPE_HTTP_PORT: '0', ...env };
  return reachUpe(host, startOnHost(t, host, ['run', ...args], settings));
}

/** Waits until `upe run`, however it was started on that host, is ready. */
export async function reachUpe(host: Host, program: Program): Promise<UpeOnHost> {
  const { msg } = await program.waitForLog('metrics at http://');
  const url = `${new URL(msg.slice('metrics at '.length)).origin}/metrics`;
  const scrapeText = async () => {
    const { exitCode, output } = await host.finish('curl', '--silent', '--show-error', '--fail', url);
    if (exitCode !== 0) throw new Error(`curl ${url}: ${output}`);
    return output;
  };
  const scrape = async () => new Scrape(await scrapeText());
  return {
    program,
    scrapeText,
    scrape,
    scrapeAfter: (packets) =>
      eventually(`scrape with ${packets} packets judged`, async () => {
        const now = await scrape();
        const seen = now.sum('upe_rx_packets_total') + now.sum('upe_rx_kernel_dropped_packets_total');
        return seen >= packets && now.value('upe_in_flight_packets') === 0 && now;
      }),
    scrapeWhen: (series, value) =>
      eventually(`scrape with ${value} in ${series}`, async () => {
        const now = await scrape();
        return now.value(series) >= value && now;
      }),
    stop: () => {
      program.signal('SIGTERM');
      return program.ended;
    },
  };
}
