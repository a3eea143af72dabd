import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type * as fastifyPackage from 'fastify';
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';
import { EnvironmentError } from '../errors.js';
import type { Logger } from '../log.js';
import type { Captures } from './capture/captures.js';
import type { EngineState } from './engine-state.js';
import type { Exposer } from './exposition.js';
import { Api, OPENAPI_PATH } from './http/api.js';
import { Bcrypt } from './http/bcrypt.js';
import { EventsEndpoint } from './http/events-endpoint.js';
import { Gate, RELOAD_PATH } from './http/gate.js';
import { LandingEndpoint } from './http/landing-endpoint.js';
import { LATE_COMPILERS } from './http/late-compilers.js';
import { BODY_BYTES_MAX } from './http/limits.js';
import { answerNonsense, Listener } from './http/listener.js';
import { Passwords } from './http/passwords.js';
import { API_PREFIX, PROBLEM_TYPE, problemDocument, sendProblem } from './http/problem.js';
import { ReloadEndpoint } from './http/reload-endpoint.js';
import { acceptsGzip, Scrapes } from './http/scrapes.js';
import { asksWhoComes, type WebConfig } from './http/web-config.js';
import { WebConfigWatch } from './http/web-config-watch.js';
import { EventStreams } from './live/event-streams.js';
import { lastPass } from './live/pass-event.js';
import { RuleChanges } from './live/rule-changes.js';
import type { ReloadOutcome } from './stats-messages.js';

/**
 * Not by `import`, for which Node.js 20 reads the whole source of a CommonJS module for the names that it exports, with
 * a lexer in JavaScript. TurboFan took half a second to optimise that one for fastify.js: a quarter of a start.
 */
const { fastify, LogController } = createRequire(import.meta.url)('fastify') as typeof fastifyPackage;

/** A scrape that finds the last pass older than this runs one, milliseconds. */
const PASS_AGE_MS_MAX = 100;
/** The engine is healthy while its last stats pass is younger than this, milliseconds, or than three intervals. */
const HEALTHY_MS = 3000;

/** Where to listen. */
export interface HttpAddress {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** Where to listen, and whom to let in. */
export interface HttpSettings extends HttpAddress {
  /** TLS and passwords; `null`: neither. */
  readonly webConfigFile: string | null;
  /** Whether requests may change something. */
  readonly lifecycle: boolean;
  /** The folder that captures may be written to; `null`: none. */
  readonly captureDir: string | null;
  /** Whether a web configuration that lets in everybody is refused. */
  readonly mustAuthenticate: boolean;
}

export interface HttpServerConfig extends HttpSettings {
  /** Time between two stats passes, milliseconds. */
  readonly intervalMs: number;
}

export interface HttpServerDeps {
  readonly state: EngineState;
  readonly exposer: Exposer;
  readonly log: Logger;
  /** Brings the totals up to date. */
  readonly pass: () => Promise<unknown>;
  /** Monotonic: somebody who sets the clock must not make a pass old, or young for ever. */
  readonly nowMs: () => number;
  /** Why the engine is not ready, or `null` when it is. */
  readonly notReadyBecause: () => string | null;
  /** Has the rules loaded again. */
  readonly reload: () => Promise<ReloadOutcome>;
  readonly captures: Captures;
}

/** Serves the engine's numbers. Everything here runs on the stats thread. */
export class HttpServer {
  private readonly webConfig: WebConfigWatch;
  private readonly bcrypt = new Bcrypt();
  private readonly passwords: Passwords;
  private readonly gate: Gate;
  private readonly scrapes: Scrapes;
  private readonly reloads: ReloadEndpoint;
  private readonly streams: EventStreams;
  private readonly api: Api;
  private readonly landing: LandingEndpoint;
  private listener: Listener | null = null;
  private app: FastifyInstance | null = null;

  constructor(
    private readonly config: HttpServerConfig,
    private readonly deps: HttpServerDeps,
  ) {
    this.webConfig = new WebConfigWatch(
      { file: config.webConfigFile, mustAuthenticate: config.mustAuthenticate },
      { log: deps.log, onChange: (changed) => this.renew(changed) },
    );
    this.passwords = new Passwords({ compare: (password, hash) => this.bcrypt.compare(password, hash) });
    this.gate = new Gate(config, {
      headers: () => this.webConfig.current.headers,
      asksWhoComes: () => asksWhoComes(this.webConfig.current),
      asksPasswords: () => this.webConfig.current.users.size > 0,
      judge: (authorization) => this.passwords.judge(authorization, this.webConfig.current.users),
      isCurrent: (socket) => this.listener?.isCurrent(socket) === true,
      lacksCertificate: (socket) => this.listener?.lacksCertificate(socket) === true,
      onError: (error) => deps.log.error({ err: error }, 'a request could not be judged'),
    });
    this.scrapes = new Scrapes({
      refresh: () => this.refresh(),
      render: (openMetrics) => deps.exposer.render(openMetrics),
      state: () => {
        const { aggregator, reload } = deps.state;
        return [
          aggregator.totals.passedMs,
          reload.generation,
          reload.successful,
          reload.failure?.atMs,
        ].join();
      },
    });
    this.reloads = new ReloadEndpoint(deps.reload);
    const { state, notReadyBecause } = deps;
    const { intervalMs } = config;
    const refresh = () => this.refresh();
    this.streams = new EventStreams({
      changes: new RuleChanges(state),
      pass: () => lastPass(state, { notReadyBecause: notReadyBecause(), intervalMs }),
    });
    const keepOpen = (response: ServerResponse) => this.gate.keepOpen(response);
    this.api = new Api(config, {
      state,
      refresh,
      captures: deps.captures,
      keepOpen,
      events: new EventsEndpoint({ streams: this.streams, refresh, keepOpen }),
    });
    this.landing = new LandingEndpoint({ state, intervalMs, refresh, notReadyBecause });
  }

  /** Listens. Returns the port; throws an UpeError when that is not possible. */
  async start(): Promise<number> {
    const { host, port } = this.config;
    await this.webConfig.start();
    const app = this.createApp();
    this.app = app;
    this.addRoutes(app);
    try {
      await app.listen({ host, port });
    } catch (error) {
      throw listenError(error as NodeJS.ErrnoException, host, port);
    }
    const address = app.server.address();
    return address !== null && typeof address === 'object' ? address.port : port;
  }

  /** Tells whoever watches of the last pass. */
  publish(): void {
    this.streams.publish();
  }

  async stop(): Promise<void> {
    this.webConfig.stop();
    this.streams.end();
    await this.app?.close();
    await this.bcrypt.stop();
  }

  private createApp(): FastifyInstance {
    return fastify({
      loggerInstance: this.deps.log,
      logController: new LogController({ disableRequestLogging: true }),
      bodyLimit: BODY_BYTES_MAX,
      schemaController: LATE_COMPILERS,
      // A parameter that does not exist is a mistake. Texts become numbers where the schema wants them, and lists nowhere.
      ajv: { customOptions: { removeAdditional: false, coerceTypes: true, allErrors: false } },
      forceCloseConnections: true,
      serverFactory: (routes) => {
        this.listener = new Listener(this.webConfig.current.tls, this.gate.before(routes));
        return this.listener.server;
      },
      clientErrorHandler: (error, socket) => answerNonsense(error, socket, this.gate.headers()),
      frameworkErrors: (error, request, reply) => {
        const answer = reply.code(400 as never);
        if (!isOfApi(request)) return answer.type('text/plain').send(`${error.message}\n` as never);
        return answer
          .type(PROBLEM_TYPE)
          .send(problemDocument({ status: 400, detail: error.message }) as never);
      },
    }) as unknown as FastifyInstance;
  }

  private addRoutes(app: FastifyInstance): void {
    const { deps } = this;
    app.get('/metrics', async (request, reply) => {
      const metrics = await this.scrapes.answer(reply.raw, {
        openMetrics: (request.headers.accept ?? '').includes('application/openmetrics-text'),
        gzip: acceptsGzip(request.headers['accept-encoding']),
      });
      reply.header('vary', 'accept, accept-encoding');
      if (metrics !== null) {
        if (metrics.isZipped) reply.header('content-encoding', 'gzip');
        return reply.type(metrics.contentType).send(metrics.body);
      }
      reply.code(503).type('text/plain').header('retry-after', '1');
      return reply.send('Too many scrapes are being answered.\n');
    });
    this.landing.addRoutes(app);
    app.get('/-/healthy', async (_request, reply) => {
      const ageMs = deps.nowMs() - deps.state.aggregator.totals.passedMs;
      if (ageMs < Math.max(HEALTHY_MS, 3 * this.config.intervalMs))
        return reply.type('text/plain').send('UPE is healthy.\n');
      const reason = Number.isFinite(ageMs)
        ? `The last stats pass is ${Math.round(ageMs / 1000)} s old.`
        : 'There has been no stats pass yet.';
      return reply.code(503).type('text/plain').send(`${reason}\n`);
    });
    app.get('/-/ready', async (_request, reply) => {
      const reason = deps.notReadyBecause();
      if (reason === null) return reply.type('text/plain').send('UPE is ready.\n');
      return reply.code(503).type('text/plain').send(`${reason}\n`);
    });
    this.addReload(app);
    this.api.addRoutes(app);
    this.addFallbacks(app);
  }

  private addFallbacks(app: FastifyInstance): void {
    const { log } = this.deps;
    app.setNotFoundHandler((request, reply) => {
      if (isOfApi(request)) {
        const detail = `There is nothing at this path: ${OPENAPI_PATH} says what there is.`;
        return sendProblem(reply, { status: 404, detail });
      }
      return reply
        .code(404)
        .type('text/plain')
        .send('Nothing is here. Try /, /docs, /metrics, /api/v1/rules, /-/healthy or /-/ready.\n');
    });
    app.setErrorHandler((error: FastifyError, request, reply) => {
      const status = error.statusCode ?? 500;
      if (status >= 500) log.error({ err: error }, 'a request could not be answered');
      const sentence = status >= 500 ? 'The request could not be answered.' : error.message;
      if (isOfApi(request)) return sendProblem(reply, { status, detail: sentence });
      return reply.code(status).type('text/plain').send(`${sentence}\n`);
    });
  }

  private addReload(app: FastifyInstance): void {
    // A body is allowed, because clients send one unasked, and nobody reads it.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));
    app.post(RELOAD_PATH, async (_request, reply) => {
      const { status, text } = await this.reloads.answer();
      if (status === 503) reply.header('retry-after', '1');
      return reply.code(status).type('text/plain; charset=utf-8').send(text);
    });
  }

  /** Whoever watches has been let in under another configuration: they come again, and are judged again. */
  private renew({ tls }: WebConfig): void {
    if (tls !== null) this.listener?.renew(tls);
    this.streams.end();
    this.deps.captures.endStreams();
  }

  private async refresh(): Promise<void> {
    const { state, pass, nowMs } = this.deps;
    if (nowMs() - state.aggregator.totals.passedMs > PASS_AGE_MS_MAX) await pass();
  }
}

function isOfApi({ url }: Pick<FastifyRequest, 'url'>): boolean {
  return url.startsWith(API_PREFIX);
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
