import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Identity } from '../support/certificates.js';
import type { TestScope } from '../support/upe-process.js';

/** What a stand-in answers: a status and a body, and where it leads to. */
export interface StandInAnswer {
  readonly status?: number;
  readonly body: unknown;
  readonly location?: string;
}

/** One request, as it came. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly parameters: URLSearchParams;
}

/** An answer of a Prometheus to an instant or a range query. */
export function series(result: readonly object[], resultType = 'vector'): StandInAnswer {
  return { body: { status: 'success', data: { resultType, result } } };
}

/** The answer to `time()`. */
export const TIME = {
  body: { status: 'success', data: { resultType: 'scalar', result: [1_700_000_000.5, '1'] } },
};

export function refusal(status: number, error: string): StandInAnswer {
  return { status, body: { status: 'error', errorType: 'execution', error } };
}

/**
 * Something that answers by HTTP in the place of a Prometheus, for what a real one does not do on request.
 *
 * @returns its address, and what it was asked.
 */
export async function startStandIn(
  t: TestScope,
  answer: (asked: Asked) => StandInAnswer,
  tls?: Identity,
): Promise<{ readonly url: string; readonly asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const listener: RequestListener = async (request, response) => {
    const url = new URL(request.url ?? '', 'http://stand-in');
    const parameters =
      request.method === 'POST' ? new URLSearchParams(await text(request)) : url.searchParams;
    const own = { path: url.pathname, headers: request.headers, parameters };
    asked.push(own);
    const { status = 200, body, location } = answer(own);
    response.writeHead(status, location === undefined ? {} : { location });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, asked };
}
