import { readFileSync } from 'node:fs';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { EnvironmentError } from '../errors.js';
import { README_FILE } from '../package-files.js';
import type { EngineState } from './engine-state.js';
import type { Exposer } from './exposition.js';
import { LANDING_PAGE_POLICY, landingPage } from './landing/page.js';

/** A scrape that finds the last pass older than this runs one, milliseconds. */
const PASS_AGE_MS_MAX = 100;
/** The engine is healthy while its last stats pass is younger than this, milliseconds, or than three intervals. */
const HEALTHY_MS = 3000;
/** fastify's own default is no limit at all. */
const REQUEST_MS_MAX = 10_000;
/** A scraper asks every 15 to 60 seconds: it should find its connection open. */
const KEEP_ALIVE_MS = 65_000;
const REQUEST_BYTES_MAX = 16_384;
/** Where the README of this version is, as text. */
const DOCUMENTATION_PATH = '/docs';

/** Where to listen. */
export interface HttpAddress {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

export interface HttpServerConfig extends HttpAddress {
  /** Time between two stats passes, milliseconds. */
  readonly intervalMs: number;
}

export interface HttpServerDeps {
  readonly state: EngineState;
  readonly exposer: Exposer;
  readonly log: FastifyBaseLogger;
  /** Brings the totals up to date. */
  readonly pass: () => Promise<unknown>;
  readonly unixMs: () => number;
  /** Why the engine is not ready, or `null` when it is. */
  readonly notReadyBecause: () => string | null;
}

/** Serves the engine's numbers. Everything here runs on the stats thread. */
export class HttpServer {
  private readonly app: FastifyInstance;

  constructor(
    private readonly config: HttpServerConfig,
    private readonly deps: HttpServerDeps,
  ) {
    this.app = fastify({
      loggerInstance: deps.log,
      logController: new LogController({ disableRequestLogging: true }),
      requestTimeout: REQUEST_MS_MAX,
      connectionTimeout: KEEP_ALIVE_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      bodyLimit: REQUEST_BYTES_MAX,
      forceCloseConnections: true,
    });
    this.addRoutes();
  }

  /** Listens. Returns the port; throws EnvironmentError when that is not possible. */
  async start(): Promise<number> {
    const { host, port } = this.config;
    try {
      await this.app.listen({ host, port });
    } catch (error) {
      throw listenError(error as NodeJS.ErrnoException, host, port);
    }
    const address = this.app.server.address();
    return address !== null && typeof address === 'object' ? address.port : port;
  }

  async stop(): Promise<void> {
    await this.app.close();
  }

  private addRoutes(): void {
    const { app, deps } = this;
    const documentation = readDocumentation();
    const links = [
      '/metrics',
      '/-/healthy',
      '/-/ready',
      ...(documentation === null ? [] : [DOCUMENTATION_PATH]),
    ];
    // What is said to be text is text, whatever a browser makes of its first bytes.
    app.addHook('onRequest', async (_request, reply) => {
      reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    });
    app.get('/metrics', async (request, reply) => {
      await this.refresh();
      const wantsOpenMetrics = (request.headers.accept ?? '').includes('application/openmetrics-text');
      const { contentType, text } = await deps.exposer.render(wantsOpenMetrics);
      return reply.type(contentType).send(text);
    });
    app.get('/', async (_request, reply) => {
      await this.refresh();
      reply.headers({ 'content-security-policy': LANDING_PAGE_POLICY, 'cache-control': 'no-store' });
      const page = landingPage(deps.state, { notReadyBecause: deps.notReadyBecause(), links });
      return reply.type('text/html; charset=utf-8').send(page);
    });
    if (documentation !== null) {
      app.get(DOCUMENTATION_PATH, async (_request, reply) =>
        reply.type('text/plain; charset=utf-8').send(documentation),
      );
    }
    app.get('/-/healthy', async (_request, reply) => {
      const ageMs = deps.unixMs() - deps.state.aggregator.totals.atMs;
      if (ageMs < Math.max(HEALTHY_MS, 3 * this.config.intervalMs))
        return reply.type('text/plain').send('UPE is healthy.\n');
      const seconds = Math.round(ageMs / 1000);
      return reply.code(503).type('text/plain').send(`The last stats pass is ${seconds} s old.\n`);
    });
    app.get('/-/ready', async (_request, reply) => {
      const reason = deps.notReadyBecause();
      if (reason === null) return reply.type('text/plain').send('UPE is ready.\n');
      return reply.code(503).type('text/plain').send(`${reason}\n`);
    });
    app.setNotFoundHandler((_request, reply) =>
      reply.code(404).type('text/plain').send('Nothing is here. Try /, /metrics, /-/healthy or /-/ready.\n'),
    );
  }

  private async refresh(): Promise<void> {
    const { state, pass, unixMs } = this.deps;
    if (unixMs() - state.aggregator.totals.atMs > PASS_AGE_MS_MAX) await pass();
  }
}

/** The README, or `null` where somebody has left it out of the installation. */
function readDocumentation(): string | null {
  try {
    return readFileSync(README_FILE, 'utf8');
  } catch {
    return null;
  }
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): EnvironmentError {
  switch (error.code) {
    case 'EADDRINUSE':
      return new EnvironmentError(
        `port ${port} on ${host} is in use: stop what listens there, or set UPE_HTTP_PORT`,
      );
    case 'EACCES':
      return new EnvironmentError(
        `no permission to listen on port ${port} of ${host}: set UPE_HTTP_PORT to 1024 or more`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new EnvironmentError(`${host} is no address of this machine: set UPE_HTTP_HOST to one`);
    default:
      return new EnvironmentError(`cannot listen on port ${port} of ${host}: ${error.message}`);
  }
}
