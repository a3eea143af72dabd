import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { EventStreams } from '../live/event-streams.js';
import { EVENTS_RESPONSES } from './events-schema.js';
import { EVENT_STREAMS_MAX } from './limits.js';
import { type ApiRoute, NO_QUERY } from './openapi.js';
import { type Problem, sendInvalid, sendProblem } from './problem.js';

export const EVENTS = {
  path: '/api/v1/events',
  operation: 'watch',
  summary:
    'Server-sent events, without end: `table` (TableEvent) at first and when other rules come into use, `counts` (CountsEvent) and `pass` (PassEvent) after each pass of the statistics.',
  query: NO_QUERY,
  stream: 'text/event-stream',
  responses: EVENTS_RESPONSES,
} satisfies ApiRoute;

const TOO_MANY: Problem = {
  status: 503,
  detail: `${EVENT_STREAMS_MAX} clients are being told of every pass: try again when one has gone.`,
};

export interface EventsEndpointDeps {
  readonly streams: EventStreams;
  /** Brings the totals up to date where they are old. */
  readonly refresh: () => Promise<void>;
  /** The answer has no end of its own, and need not be with the client in time. */
  readonly keepOpen: (response: ServerResponse) => void;
}

/** The API's answer that has no end. */
export class EventsEndpoint {
  constructor(private readonly deps: EventsEndpointDeps) {}

  addRoute(app: FastifyInstance): void {
    const { streams, refresh, keepOpen } = this.deps;
    const options = {
      attachValidation: true,
      exposeHeadRoute: false,
      schema: { querystring: EVENTS.query },
    };
    app.get(EVENTS.path, options, async (request, reply) => {
      if (request.validationError !== undefined) {
        return sendInvalid(reply, request.validationError, EVENTS.query);
      }
      await refresh();
      if (streams.isFull) return sendProblem(reply.header('retry-after', '5'), TOO_MANY);
      reply.hijack();
      if (reply.raw.closed || reply.raw.destroyed) return;
      keepOpen(reply.raw);
      streams.add(reply.raw);
    });
  }
}
