import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import type { Captures } from '../capture/captures.js';
import type { EngineState } from '../engine-state.js';
import { CapturesEndpoint } from './captures-endpoint.js';
import {
  addBeginCapture,
  BEGIN_CAPTURE,
  END_CAPTURE,
  GET_CAPTURE,
  LIST_CAPTURES,
} from './captures-routes.js';
import { EVENTS, type EventsEndpoint } from './events-endpoint.js';
import { EVENT_SCHEMAS } from './events-schema.js';
import { EXPLAIN_PATH, ExplainEndpoint } from './explain-endpoint.js';
import { EXPLAIN_QUERY, EXPLAIN_RESPONSES, type ExplainQuery } from './explain-schema.js';
import { API_ANSWERS_MAX } from './limits.js';
import { type ApiRoute, NO_QUERY, openApiDocument } from './openapi.js';
import { type Problem, sendInvalid, sendProblem } from './problem.js';
import { RULES_PATH, RulesEndpoint } from './rules-endpoint.js';
import {
  RULE_PARAMS,
  RULE_RESPONSES,
  RULES_QUERY,
  RULES_RESPONSES,
  type RulesQuery,
} from './rules-schema.js';
import { TOP_PATH, TopEndpoint } from './top-endpoint.js';
import { TOP_QUERY, TOP_RESPONSES, type TopQuery } from './top-schema.js';

export const OPENAPI_PATH = '/api/v1/openapi.json';

const EXPLAIN = {
  path: EXPLAIN_PATH,
  operation: 'explain',
  summary: 'Says what the rules in use do with a packet, and why.',
  query: EXPLAIN_QUERY,
  responses: EXPLAIN_RESPONSES,
} satisfies ApiRoute;

const RULES = {
  path: RULES_PATH,
  operation: 'listRules',
  summary: 'Lists the rules in use with their counts, rates and last match.',
  query: RULES_QUERY,
  responses: RULES_RESPONSES,
} satisfies ApiRoute;

const RULE = {
  path: `${RULES_PATH}/:name`,
  operation: 'getRule',
  summary: 'One rule of those in use.',
  params: RULE_PARAMS,
  query: NO_QUERY,
  responses: RULE_RESPONSES,
} satisfies ApiRoute;

const TOP = {
  path: TOP_PATH,
  operation: 'listTopTalkers',
  summary: 'The flows, sources or destinations that send most packets or bytes to a rule.',
  query: TOP_QUERY,
  responses: TOP_RESPONSES,
} satisfies ApiRoute;

const ROUTES: readonly ApiRoute[] = [
  EXPLAIN,
  RULES,
  RULE,
  TOP,
  EVENTS,
  LIST_CAPTURES,
  BEGIN_CAPTURE,
  GET_CAPTURE,
  END_CAPTURE,
];

export interface ApiConfig {
  /** The folder that captures may be written to, or `null`. */
  readonly captureDir: string | null;
}

export interface ApiDeps {
  readonly state: EngineState;
  /** Brings the totals up to date where they are old. */
  readonly refresh: () => Promise<void>;
  readonly events: EventsEndpoint;
  readonly captures: Captures;
  /** Lets an answer take as long as it does. */
  readonly keepOpen: (response: ServerResponse) => void;
}

const TOO_MANY: Problem = {
  status: 503,
  detail: `${API_ANSWERS_MAX} answers of the API are under way: try again.`,
};

/** The JSON API: its routes, and the description that is made of their schemas. */
export class Api {
  private readonly explanations: ExplainEndpoint;
  private readonly rules: RulesEndpoint;
  private readonly captures: CapturesEndpoint;
  private readonly top: TopEndpoint;
  private openCount = 0;

  constructor(
    config: ApiConfig,
    private readonly deps: ApiDeps,
  ) {
    this.explanations = new ExplainEndpoint(deps.state);
    this.rules = new RulesEndpoint(deps.state);
    this.captures = new CapturesEndpoint({ dir: config.captureDir }, deps);
    this.top = new TopEndpoint(deps.state);
  }

  addRoutes(app: FastifyInstance): void {
    this.add<ExplainQuery>(app, EXPLAIN, ({ query }) => this.explanations.answer(query));
    this.add<RulesQuery>(app, RULES, async ({ query }) => {
      await this.deps.refresh();
      return this.rules.answer(query);
    });
    this.add<unknown, { name: string }>(app, RULE, async ({ params }) => {
      await this.deps.refresh();
      return this.rules.answerOne(params.name);
    });
    this.add<TopQuery>(app, TOP, ({ query }) => this.top.answer(query));
    this.deps.events.addRoute(app);
    this.add(app, LIST_CAPTURES, () => this.captures.list());
    this.add<unknown, { id: number }>(app, GET_CAPTURE, ({ params }) => this.captures.one(params.id));
    this.add<unknown, { id: number }>(app, END_CAPTURE, ({ params }) => this.captures.end(params.id));
    addBeginCapture(app, this.captures);
    const description = JSON.stringify(openApiDocument(this.deps.state.version, ROUTES, EVENT_SCHEMAS));
    app.get(OPENAPI_PATH, async (_request, reply) =>
      reply.type('application/json; charset=utf-8').send(description),
    );
  }

  private add<Query, Params = unknown>(
    app: FastifyInstance,
    { path, method = 'get', params, query, responses }: ApiRoute,
    answer: (request: { query: Query; params: Params }) => object | Promise<object>,
  ): void {
    const schema: FastifySchema = { querystring: query, response: responses };
    if (params !== undefined) schema.params = params;
    const handler = async (request: FastifyRequest, reply: FastifyReply) => {
      const { validationError } = request;
      if (validationError !== undefined) {
        return validationError.validationContext === 'params'
          ? sendInvalid(reply, validationError, params ?? query, request.params)
          : sendInvalid(reply, validationError, query);
      }
      if (!this.takes(reply.raw)) return sendProblem(reply.header('retry-after', '1'), TOO_MANY);
      const answered = await answer(request as { query: Query; params: Params });
      return 'status' in answered ? sendProblem(reply, answered as Problem) : reply.send(answered);
    };
    app[method](path, { attachValidation: true, schema }, handler);
  }

  /** Whether there is room for another answer. Its place is free again when its client has it, or has gone. */
  private takes(response: ServerResponse): boolean {
    if (this.openCount >= API_ANSWERS_MAX) return false;
    if (response.closed) return true;
    this.openCount++;
    response.once('close', () => {
      this.openCount--;
    });
    return true;
  }
}
