import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import {
  CONNECTIONS_MAX,
  HEADER_BYTES_MAX,
  HEADERS_MS_MAX,
  KEEP_ALIVE_MS,
  LATE_CHECK_MS,
  REQUEST_MS_MAX,
} from './limits.js';
import type { ClientCertificates, TlsSettings } from './tls-settings.js';

const OPTIONS: ServerOptions = {
  headersTimeout: HEADERS_MS_MAX,
  requestTimeout: REQUEST_MS_MAX,
  keepAliveTimeout: KEEP_ALIVE_MS,
  connectionsCheckingInterval: LATE_CHECK_MS,
  maxHeaderSize: HEADER_BYTES_MAX,
};

/** The HTTP server with its limits on connections, with TLS or without. */
export class Listener {
  readonly server: Server;
  private readonly tlsServer: ReturnType<typeof createTlsServer> | null = null;
  private clientCertificates: ClientCertificates;
  /** Connections that were accepted under the TLS settings in use; others end with their next request. */
  private accepted = new WeakSet<Socket>();

  constructor(tls: TlsSettings | null, handler: RequestListener) {
    this.clientCertificates = tls?.clientCertificates ?? 'none';
    if (tls === null) this.server = createServer(OPTIONS, handler);
    else {
      this.tlsServer = createTlsServer(
        {
          ...OPTIONS,
          ...tls.context,
          handshakeTimeout: HEADERS_MS_MAX,
          // Who has no certificate, or a wrong one, is judged below: a health check needs none.
          requestCert: tls.clientCertificates !== 'none',
          rejectUnauthorized: false,
        },
        handler,
      );
      this.server = this.tlsServer;
      this.tlsServer.on('secureConnection', (socket: TLSSocket) => this.admit(socket));
    }
    this.server.maxConnections = CONNECTIONS_MAX;
    this.server.setTimeout(KEEP_ALIVE_MS);
  }

  /** Uses other certificates for connections from now on, and ends those that wait for a request. */
  renew(tls: TlsSettings): void {
    this.tlsServer?.setSecureContext(tls.context);
    this.clientCertificates = tls.clientCertificates;
    this.accepted = new WeakSet();
    this.server.closeIdleConnections();
  }

  /** False when a connection was accepted under other TLS settings than those in use. */
  isCurrent(socket: Socket): boolean {
    return this.tlsServer === null || this.accepted.has(socket);
  }

  /** True when a connection has no client certificate and needs one. */
  lacksCertificate(socket: Socket): boolean {
    const isNeeded = this.clientCertificates === 'any' || this.clientCertificates === 'verified';
    return isNeeded && !hasCertificate(socket as TLSSocket);
  }

  private admit(socket: TLSSocket): void {
    const verifies =
      this.clientCertificates === 'verified' || this.clientCertificates === 'verified-if-given';
    if (verifies && hasCertificate(socket) && !socket.authorized) socket.destroy();
    else this.accepted.add(socket);
  }
}

function hasCertificate(socket: TLSSocket): boolean {
  return socket.getPeerX509Certificate() !== undefined;
}

/** What is answered to bytes that are no request; a connection that cannot be answered any more is closed. */
export function answerNonsense(
  error: NodeJS.ErrnoException,
  socket: Socket,
  headers: ReadonlyMap<string, string>,
): void {
  // Whatever else fails, a TLS handshake for one, leaves nobody to answer to; nor may an answer be cut in two.
  const isHttp = /^HPE_|^ERR_HTTP_REQUEST_TIMEOUT$/.test(error.code ?? '');
  if (!isHttp || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const [status, sentence] = nonsenseStatus(error.code);
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(
    `HTTP/1.1 ${status}\r\n${lines}content-type: text/plain\r\ncontent-length: ${sentence.length}\r\nconnection: close\r\n\r\n${sentence}`,
  );
}

function nonsenseStatus(code: string | undefined): [status: string, sentence: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        '431 Request Header Fields Too Large',
        `The headers have more than ${HEADER_BYTES_MAX} bytes.\n`,
      ];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return ['413 Payload Too Large', 'The body is too large.\n'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['408 Request Timeout', 'The request took too long.\n'];
    default:
      return ['400 Bad Request', 'This is no HTTP request.\n'];
  }
}
