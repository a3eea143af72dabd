import type { FastifyInstance } from 'fastify';
import type { CapturesEndpoint } from './captures-endpoint.js';
import {
  BEGIN_RESPONSES,
  CAPTURE_BODY,
  CAPTURE_PARAMS,
  CAPTURE_RESPONSES,
  CAPTURES_RESPONSES,
  END_RESPONSES,
  PCAPNG_TYPE,
} from './captures-schema.js';
import { CAPTURES_PATH } from './gate.js';
import { type ApiRoute, NO_QUERY } from './openapi.js';
import { sendInvalid } from './problem.js';

export const LIST_CAPTURES = {
  path: CAPTURES_PATH,
  operation: 'listCaptures',
  summary: 'Lists the captures that run, and the last ones that have ended.',
  query: NO_QUERY,
  responses: CAPTURES_RESPONSES,
} satisfies ApiRoute;

export const GET_CAPTURE = {
  path: `${CAPTURES_PATH}/:id`,
  operation: 'getCapture',
  summary: 'One capture of those.',
  params: CAPTURE_PARAMS,
  query: NO_QUERY,
  responses: CAPTURE_RESPONSES,
} satisfies ApiRoute;

export const END_CAPTURE = {
  path: `${CAPTURES_PATH}/:id`,
  method: 'delete',
  operation: 'endCapture',
  summary: 'Ends a capture, and says what it has. Needs UPE_HTTP_LIFECYCLE=true.',
  params: CAPTURE_PARAMS,
  query: NO_QUERY,
  responses: END_RESPONSES,
} satisfies ApiRoute;

export const BEGIN_CAPTURE = {
  path: CAPTURES_PATH,
  method: 'post',
  operation: 'beginCapture',
  summary:
    'Captures what a rule sees, until a limit is reached: the packets are the answer, or go to a file. Needs UPE_HTTP_LIFECYCLE=true.',
  query: NO_QUERY,
  body: CAPTURE_BODY,
  stream: PCAPNG_TYPE,
  responses: BEGIN_RESPONSES,
} satisfies ApiRoute;

/** The route that begins one reads what the request has in its body, which no other one does. */
export function addBeginCapture(app: FastifyInstance, endpoint: CapturesEndpoint): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    const parseJson = scope.getDefaultJsonParser('error', 'error');
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, parseJson);
    const { path, query, body, responses } = BEGIN_CAPTURE;
    const schema = { querystring: query, body, response: responses };
    scope.post(path, { attachValidation: true, schema }, (request, reply) => {
      const { validationError } = request;
      if (validationError === undefined) return endpoint.begin(request, reply);
      return validationError.validationContext === 'body'
        ? sendInvalid(reply, validationError, body, request.body)
        : sendInvalid(reply, validationError, query);
    });
  });
}
