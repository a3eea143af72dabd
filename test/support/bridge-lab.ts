import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Host, Lab } from './lab.js';
import type { Scrape } from './scrape.js';
import type { UpeOnHost } from './upe-on-host.js';
import { eventually, type TestScope } from './upe-process.js';

/** Addresses of the two hosts at the ends. */
export const LEFT = { ipv4: '10.9.0.1', ipv6: 'fd00:9::1' } as const;
export const RIGHT = { ipv4: '10.9.0.2', ipv6: 'fd00:9::2' } as const;

/**
 * Two hosts with a third in between, which joins them with `upe`: left's eth0 is cabled to mid's eth0, and
 * mid's eth1 to right's eth0. Left and right have IPv4 addresses.
 */
export interface BridgeLab {
  readonly lab: Lab;
  readonly left: Host;
  readonly mid: Host;
  readonly right: Host;
}

/** @param mtu bytes, of all interfaces. */
export function bridgeLab(t: TestScope, mtu = 1500): BridgeLab {
  const lab = Lab.of(t);
  const [left, mid, right] = [lab.host('left'), lab.host('mid'), lab.host('right')];
  lab.cable(left, 'eth0', mid, 'eth0', mtu);
  lab.cable(mid, 'eth1', right, 'eth0', mtu);
  lab.address(left, 'eth0', `${LEFT.ipv4}/24`);
  lab.address(right, 'eth0', `${RIGHT.ipv4}/24`);
  return { lab, left, mid, right };
}

/** Gives both ends IPv6 addresses, and waits until the hosts are sure that nobody else has them. */
export async function addIpv6({ lab, left, right }: BridgeLab): Promise<void> {
  lab.address(left, 'eth0', `${LEFT.ipv6}/64`);
  lab.address(right, 'eth0', `${RIGHT.ipv6}/64`);
  for (const host of [left, right]) {
    await eventually('end of the search for duplicate addresses', () => {
      return host.run('ip', '-6', 'addr', 'show', 'dev', 'eth0', 'tentative') === '';
    });
  }
}

/** A scrape in which every frame that was read is sent, failed, or dropped; fails when there is none. */
export function balancedScrape(upe: UpeOnHost): Promise<Scrape> {
  return eventually('scrape with every frame sent or dropped', async () => {
    const scrape = await upe.scrape();
    const fates =
      scrape.sum('upe_tx_packets_total') +
      scrape.sum('upe_tx_failed_packets_total') +
      scrape.value('upe_verdict_packets_total{verdict="drop"}') +
      scrape.sum('upe_rx_dropped_packets_total');
    return scrape.sum('upe_rx_packets_total') === fates && scrape;
  });
}

/** Ends the bridge, whose books must be balanced. */
export async function stopBalanced(t: Test, upe: UpeOnHost): Promise<void> {
  const scrape = await balancedScrape(upe);
  t.equal(scrape.value('upe_accounting_violations_total'), 0, 'no accounting violations');
  t.equal(scrape.sum('upe_rx_kernel_dropped_packets_total'), 0, 'no kernel drops');
  const { exitCode } = await upe.stop();
  t.equal(exitCode, 0, 'stopped with every packet accounted for');
}

/** Writes a file of random bytes. Returns its path. */
export function randomFile(folder: string, name: string, byteCount: number): string {
  const file = join(folder, name);
  writeFileSync(file, randomBytes(byteCount));
  return file;
}

/** Serves a file by HTTP, over IPv4 and IPv6, until the lab is closed. Comes back when it listens. */
export async function serve(host: Host, port: number, file: string): Promise<void> {
  const code = `require('node:http')
    .createServer((_, response) => require('node:fs').createReadStream(process.argv[1]).pipe(response))
    .listen(${port}, '::', () => console.log('listening'))`;
  const server = host.start(process.execPath, '-e', code, file);
  await once(server.stdout!, 'data');
}

/** Gets a file by HTTP. */
export function download(host: Host, url: string, file: string, seconds = 20) {
  return host.finish('curl', '--silent', '--show-error', '--max-time', `${seconds}`, '--output', file, url);
}
