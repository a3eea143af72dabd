import { once } from 'node:events';
import type { Host } from './lab.js';

/** What the receiving end of an iperf3 run says of it. */
export interface IperfRun {
  readonly bits_per_second: number;
  readonly bytes: number;
}

/**
 * Sends TCP as fast as it goes from one host to the other, through a server that takes one client and ends:
 * a server that stays turns away a client that comes before it has done with the last one.
 *
 * @param seconds whole seconds.
 * @param args further options of the client, as `--reverse`.
 * @throws what iperf3 complains of. In JSON it says so in `error` alone, and exits with 0.
 */
export async function iperf(
  from: Host,
  to: Host,
  address: string,
  seconds: number,
  ...args: string[]
): Promise<IperfRun> {
  const server = to.start('iperf3', '--server', '--one-off', '--forceflush');
  const ended = once(server, 'close');
  // What it says first is that it listens; or it ends.
  const isListening = await Promise.race([
    once(server.stdout!, 'data').then(() => true),
    ended.then(() => false),
  ]);
  if (!isListening) throw new Error(`the server of iperf3 has ended with ${server.exitCode}`);
  const { output } = await from.finish(
    ...['iperf3', '--json', '--client', address, '--time', `${seconds}`, ...args],
  );
  const { end, error } = JSON.parse(output);
  if (error !== undefined) {
    server.kill();
    throw new Error(`iperf3: ${error}`);
  }
  await ended;
  return end.sum_received;
}
