import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import type { EngineState } from '../engine-state.js';
import { EXPLAIN_PATH, ExplainEndpoint } from './explain-endpoint.js';
import { EXPLAIN_QUERY, EXPLAIN_RESPONSES, type ExplainQuery } from './explain-schema.js';
import { API_ANSWERS_MAX } from './limits.js';
import { type ApiRoute, openApiDocument } from './openapi.js';
import { type Problem, sendInvalidQuery, sendProblem } from './problem.js';
import { RULES_PATH, RulesEndpoint } from './rules-endpoint.js';
import {
  RULE_PARAMS,
  RULE_RESPONSES,
  RULES_QUERY,
  RULES_RESPONSES,
  type RulesQuery,
} from './rules-schema.js';

export const OPENAPI_PATH = '/api/v1/openapi.json';

const NO_QUERY = { type: 'object', properties: {}, additionalProperties: false };

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

export interface ApiDeps {
  readonly state: EngineState;
  /** Brings the totals up to date where they are old. */
  readonly refresh: () => Promise<void>;
}

const TOO_MANY: Problem = {
  status: 503,
  detail: `${API_ANSWERS_MAX} answers of the API are under way: try again.`,
};

/** The JSON API: its routes, and the description that is made of their schemas. */
export class Api {
  private readonly explanations: ExplainEndpoint;
  private readonly rules: RulesEndpoint;
  private openCount = 0;

  constructor(private readonly deps: ApiDeps) {
    this.explanations = new ExplainEndpoint(deps.state);
    this.rules = new RulesEndpoint(deps.state);
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
    const description = JSON.stringify(openApiDocument(this.deps.state.version, [EXPLAIN, RULES, RULE]));
    app.get(OPENAPI_PATH, async (_request, reply) =>
      reply.type('application/json; charset=utf-8').send(description),
    );
  }

  private add<Query, Params = unknown>(
    app: FastifyInstance,
    { path, params, query, responses }: ApiRoute,
    answer: (request: { query: Query; params: Params }) => object | Promise<object>,
  ): void {
    const schema: FastifySchema = { querystring: query, response: responses };
    if (params !== undefined) schema.params = params;
    app.get(
      path,
      { attachValidation: true, schema },
      async (request: FastifyRequest, reply: FastifyReply) => {
        const { validationError } = request;
        if (validationError !== undefined) return sendInvalidQuery(reply, validationError, query);
        if (!this.takes(reply.raw)) return sendProblem(reply.header('retry-after', '1'), TOO_MANY);
        const answered = await answer(request as { query: Query; params: Params });
        return 'status' in answered ? sendProblem(reply, answered as Problem) : reply.send(answered);
      },
    );
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
