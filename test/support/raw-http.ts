import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** How long an exchange waits for an answer or the end of the connection, milliseconds. */
const PATIENCE_MS = 15_000;

/** What came back over a connection that sent what a client need not send. */
export interface RawAnswer {
  /** Status of each answer, in their order; interim ones (1xx) are left out. */
  readonly statuses: readonly number[];
  /** Everything that came, byte by byte. */
  readonly text: string;
  /** True when the server has closed the connection, or refused it. */
  readonly isClosed: boolean;
}

export interface ExchangeOptions {
  /** By TLS, as this client. */
  readonly tls?: ConnectionOptions;
  /** Answers after which the client is content; 1 if not given. */
  readonly answers?: number;
  /** Leaves the sending side open: the server cannot know that nothing more comes. */
  readonly keepOpen?: boolean;
}

/** Sends bytes to a port of this machine and reads until there is an answer, or the connection ends. */
export function exchange(
  port: number,
  bytes: string | Uint8Array,
  options: ExchangeOptions = {},
): Promise<RawAnswer> {
  const { tls, answers = 1, keepOpen = false } = options;
  return new Promise((resolve) => {
    let text = '';
    const send = () => {
      if (keepOpen) socket.write(bytes);
      else socket.end(bytes);
    };
    const socket: Socket =
      tls === undefined
        ? connect(port, '127.0.0.1', send)
        : connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...tls }, send);
    const finish = (isClosed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ statuses: statusesOf(text), text, isClosed });
    };
    const timer = setTimeout(() => finish(false), PATIENCE_MS);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      // An answer is whole when its headers are: no test here asks for what comes after them in pieces.
      if (text.endsWith('\n') && statusesOf(text).length >= answers)
        setImmediate(() => finish(socket.destroyed));
    });
    // A server that has closed may answer what still comes with a reset: the end all the same.
    socket.on('error', () => finish(true));
    socket.on('end', () => finish(true));
    socket.on('close', () => finish(true));
  });
}

function statusesOf(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)]
    .map(([, status]) => Number(status))
    .filter((status) => status >= 200);
}
