import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestScope } from './upe-process.js';

/**
 * Answers scrapes on a loopback port with what `read` returns, until the test ends: for an engine that a
 * Prometheus of the test cannot reach, or for one that says what no test can bring about.
 *
 * @param read called for every scrape; text in the Prometheus format.
 * @returns the port.
 */
export async function relayScrapes(t: TestScope, read: () => Promise<string>): Promise<number> {
  const server = createServer((_, response) => {
    read().then(
      (text) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(text),
      (error: unknown) => response.writeHead(502).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => server.closeAllConnections());
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/**
 * A scrape in which some counters say more than they do.
 *
 * @param more what is added to every series of these families.
 */
export function raised(scrape: string, families: ReadonlySet<string>, more: number): string {
  return scrape
    .split('\n')
    .map((line) => {
      const name = line.split(/[{ ]/, 1)[0];
      if (!families.has(name)) return line;
      const end = line.lastIndexOf(' ');
      return `${line.slice(0, end)} ${Number(line.slice(end + 1)) + more}`;
    })
    .join('\n');
}
