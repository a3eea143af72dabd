import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { ANSWER_MS_MAX, BODY_BYTES_MAX, REQUESTS_PER_CONNECTION_MAX } from './limits.js';
import type { Judgement } from './passwords.js';
import { API_PREFIX, PROBLEM_TYPE, problemDocument } from './problem.js';

export const RELOAD_PATH = '/-/reload';
export const CAPTURES_PATH = '/api/v1/captures';
const ONE_CAPTURE = /^\/api\/v1\/captures\/[^/]+$/;
/**
 * Open to everybody who reaches the address: what a container engine or a kubelet asks has neither a password nor
 * a certificate, and learns one sentence.
 */
const HEALTH_PATHS: readonly (string | undefined)[] = ['/-/healthy', '/-/ready'];

/** Of every answer; the landing page has a content security policy of its own. */
const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  // What is said to be text is text, whatever a browser makes of its first bytes.
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'deny'],
  ['referrer-policy', 'no-referrer'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-resource-policy', 'same-origin'],
  ['cache-control', 'no-store'],
];

export interface GateConfig {
  /** Whether there is something here that a request may change. */
  readonly lifecycle: boolean;
  /** The address that the server listens at, as it is configured. */
  readonly host: string;
}

export interface GateDeps {
  /** Headers that the user wants beside ours, or instead of them. */
  readonly headers: () => ReadonlyMap<string, string>;
  /** Whether users are asked for a password. */
  readonly asksPasswords: () => boolean;
  /** Whether everybody who is let in is known, by a password or a certificate. */
  readonly asksWhoComes: () => boolean;
  readonly judge: (authorization: string | undefined) => Promise<Judgement>;
  readonly isCurrent: (socket: Socket) => boolean;
  readonly lacksCertificate: (socket: Socket) => boolean;
  /** A request could not be judged, and was not let in. */
  readonly onError: (error: Error) => void;
}

/** Why a request is not let in. */
interface Refusal {
  readonly status: number;
  readonly sentence: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Stands before the routes: every request passes it, whatever its path, and every answer has its headers. Who
 * comes is judged first; to one who is not known, nothing is said of what there is.
 */
export class Gate {
  /** Answers that are not with their client yet, by connection. */
  private readonly open = new WeakMap<Socket, Set<ServerResponse>>();
  /** What ends an answer that takes too long. */
  private readonly late = new WeakMap<ServerResponse, NodeJS.Timeout>();

  constructor(
    private readonly config: GateConfig,
    private readonly deps: GateDeps,
  ) {}

  /** The listener that lets through to another one. */
  before(routes: RequestListener): RequestListener {
    return (request, response) => {
      this.receive(request, response, routes).catch((error: Error) => {
        // Nobody was let in, and nobody can be until it is known why.
        this.deps.onError(error);
        request.socket.destroy();
      });
    };
  }

  headers(): ReadonlyMap<string, string> {
    return new Map([...SECURITY_HEADERS, ...this.deps.headers()]);
  }

  private async receive(
    request: IncomingMessage,
    response: ServerResponse,
    routes: RequestListener,
  ): Promise<void> {
    const { socket } = request;
    const open = this.openOn(socket);
    if (open.size >= REQUESTS_PER_CONNECTION_MAX || !this.deps.isCurrent(socket)) {
      socket.destroy();
      return;
    }
    open.add(response);
    // A client that reads slowly would keep what is rendered for it, and its place.
    const late = setTimeout(() => cutOff(socket), ANSWER_MS_MAX);
    this.late.set(response, late);
    response.once('close', () => {
      clearTimeout(late);
      open.delete(response);
    });
    for (const [name, value] of this.headers()) response.setHeader(name, value);
    const refusal = (await this.whoComes(request)) ?? this.refusalOf(request);
    // The client may have gone while its password was looked at.
    if (response.closed || socket.destroyed) return;
    if (refusal === null) routes(request, response);
    else refuse(response, refusal, request.method === 'HEAD');
  }

  /** Lets an answer take as long as it does; whoever wants that bounds what it holds. */
  keepOpen(response: ServerResponse): void {
    clearTimeout(this.late.get(response));
    response.req.socket.setTimeout(0);
  }

  private openOn(socket: Socket): Set<ServerResponse> {
    const known = this.open.get(socket);
    if (known !== undefined) return known;
    const open = new Set<ServerResponse>();
    this.open.set(socket, open);
    // Node.js tells nothing of the end to an answer that waits behind another one of its connection; what is held
    // for it would be held for ever.
    socket.once('close', () => {
      for (const response of open) response.emit('close');
    });
    return open;
  }

  /** Why this client is not let in, or `null`. */
  private async whoComes(request: IncomingMessage): Promise<Refusal | null> {
    if (HEALTH_PATHS.includes(request.url) && isRead(request)) return null;
    if (this.deps.lacksCertificate(request.socket)) {
      return { status: 403, sentence: 'A client certificate is needed here.' };
    }
    if (!this.deps.asksPasswords()) return null;
    switch (await this.deps.judge(request.headers.authorization)) {
      case 'right':
        return null;
      case 'busy':
        return {
          status: 503,
          sentence: 'Too many passwords wait to be looked at.',
          headers: { 'retry-after': '1' },
        };
      case 'wrong':
        return {
          status: 401,
          // Which of the two is wrong, nobody is told who may be guessing.
          sentence:
            request.headers.authorization === undefined
              ? 'A user name and a password are needed here.'
              : 'The user name or the password is wrong.',
          headers: { 'www-authenticate': 'Basic realm="UPE", charset="UTF-8"' },
        };
    }
  }

  /** Why this request is not answered, whoever sends it, or `null`. */
  private refusalOf(request: IncomingMessage): Refusal | null {
    const path = request.url?.split('?')[0] ?? '';
    const { method } = request;
    if (path === RELOAD_PATH) {
      if (method !== 'POST') return methodRefusal('POST');
      return this.config.lifecycle ? (bodyRefusal(request) ?? this.originRefusal(request)) : RELOAD_IS_OFF;
    }
    const change = path === CAPTURES_PATH ? 'POST' : ONE_CAPTURE.test(path) ? 'DELETE' : null;
    if (change !== null && method === change) {
      return this.captureRefusal() ?? bodyRefusal(request) ?? this.originRefusal(request);
    }
    if (!isRead(request)) return methodRefusal(change === null ? 'GET, HEAD' : `GET, HEAD, ${change}`);
    if (bodyBytes(request) === 0) return null;
    return { status: 400, sentence: 'A request with a body: nothing here reads one.' };
  }

  /** Packets are told to nobody who is not known, from wherever the request comes. */
  private captureRefusal(): Refusal | null {
    if (!this.config.lifecycle) return CAPTURES_ARE_OFF;
    return this.deps.asksWhoComes() ? null : CAPTURES_NEED_USERS;
  }

  /**
   * A page from elsewhere must not make the browser of somebody on this machine reload. Its name may have been
   * made to lead here (DNS rebinding), so where no password protects, only names of this server's own count.
   */
  private originRefusal({ headers, socket }: IncomingMessage): Refusal | null {
    const { origin, host = '' } = headers;
    const site = headers['sec-fetch-site'];
    const scheme = 'encrypted' in socket ? 'https' : 'http';
    const isForeign =
      (origin !== undefined && origin.toLowerCase() !== `${scheme}://${host.toLowerCase()}`) ||
      (site !== undefined && site !== 'same-origin' && site !== 'none');
    if (isForeign) return { status: 403, sentence: 'This request comes from another site.' };
    if (this.deps.asksPasswords() || this.isOwnName(host)) return null;
    return { status: 403, sentence: 'The Host header names another server: use an address or localhost.' };
  }

  private isOwnName(host: string): boolean {
    const name = host
      .toLowerCase()
      .replace(/:\d*$/, '')
      .replace(/^\[|\]$/g, '');
    return isIP(name) !== 0 || name === 'localhost' || name === this.config.host.toLowerCase();
  }
}

/** Ends a connection with what the kernel still has to send over it, where that can be: not under TLS. */
function cutOff(socket: Socket): void {
  if ('encrypted' in socket) socket.destroy();
  else socket.resetAndDestroy();
}

const RELOAD_IS_OFF: Refusal = {
  status: 403,
  sentence: 'Reloading over HTTP is off; start UPE with UPE_HTTP_LIFECYCLE=true, or send SIGHUP.',
};

const CAPTURES_ARE_OFF: Refusal = {
  status: 403,
  sentence:
    'Captures over HTTP are off; start UPE with UPE_HTTP_LIFECYCLE=true and with a UPE_WEB_CONFIG_FILE that asks who comes.',
};

const CAPTURES_NEED_USERS: Refusal = {
  status: 403,
  sentence:
    'A capture hands out what is in packets, and nobody is asked here who comes; set UPE_WEB_CONFIG_FILE to a file with basic_auth_users, or with client_auth_type: RequireAndVerifyClientCert.',
};

function methodRefusal(allow: string): Refusal {
  return { status: 405, sentence: `This method is not allowed here, but ${allow}.`, headers: { allow } };
}

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** What the request says of its body; infinite where it does not say. */
function bodyBytes({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return Number.POSITIVE_INFINITY;
  return Number(headers['content-length'] ?? 0);
}

function bodyRefusal(request: IncomingMessage): Refusal | null {
  const bytes = bodyBytes(request);
  if (bytes <= BODY_BYTES_MAX) return null;
  return bytes === Number.POSITIVE_INFINITY
    ? { status: 411, sentence: 'The length of the body must be given.' }
    : { status: 413, sentence: `A body of more than ${BODY_BYTES_MAX} bytes; none is needed.` };
}

/** The connection ends with it, where a body comes that nobody wants. */
function refuse(response: ServerResponse, { status, sentence, headers }: Refusal, isHead: boolean): void {
  if (bodyBytes(response.req) > 0) response.setHeader('connection', 'close');
  const isOfApi = response.req.url?.startsWith(API_PREFIX) === true;
  const text = isOfApi ? JSON.stringify(problemDocument({ status, detail: sentence })) : `${sentence}\n`;
  const type = isOfApi ? `${PROBLEM_TYPE}; charset=utf-8` : 'text/plain';
  response.writeHead(status, { 'content-type': type, 'content-length': text.length, ...headers });
  response.end(isHead ? undefined : text);
}
