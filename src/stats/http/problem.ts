import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifySchemaValidationError } from 'fastify';

/** One of several things that are wrong with a request. */
export interface ProblemPart {
  /** The parameter, as the request names it. */
  readonly parameter: string;
  readonly detail: string;
}

/** What the API cannot do, and why. */
export interface Problem {
  readonly status: 400 | 404 | 409 | 413 | 422 | 500 | 503;
  /** One sentence or more. */
  readonly detail: string;
  /** Each thing that is wrong, where there may be several. */
  readonly errors?: readonly ProblemPart[];
}

/** A problem document (RFC 9457): the API's answer to what it cannot do. */
export const PROBLEM_SCHEMA = {
  type: 'object',
  description: 'A problem document (RFC 9457).',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { parameter: { type: 'string' }, detail: { type: 'string' } },
        required: ['parameter', 'detail'],
      },
    },
  },
  required: ['type', 'title', 'status', 'detail'],
};

/** The media type of problem documents. */
export const PROBLEM_TYPE = 'application/problem+json';

/** Answers with a problem document. `about:blank` says that the status is all there is to its type (RFC 9457, 4.2.1). */
export function sendProblem(reply: FastifyReply, { status, detail, errors }: Problem): FastifyReply {
  const document = { type: 'about:blank', title: STATUS_CODES[status] ?? '', status, detail };
  return reply
    .code(status)
    .type(PROBLEM_TYPE)
    .send(errors === undefined ? document : { ...document, errors });
}

/**
 * Answers a request whose parameters its schema refuses.
 *
 * @param error what Fastify has attached to the request.
 * @param query the schema, whose properties are the parameters that there are.
 */
export function sendInvalidQuery(
  reply: FastifyReply,
  error: { readonly validation?: readonly FastifySchemaValidationError[] | undefined },
  query: { readonly properties: Readonly<Record<string, unknown>> },
): FastifyReply {
  const known = Object.keys(query.properties).join(', ');
  const errors = (error.validation ?? []).map(({ keyword, instancePath, params, message }) =>
    keyword === 'additionalProperties'
      ? {
          parameter: String(params.additionalProperty),
          detail: `does not exist; the parameters are ${known}`,
        }
      : {
          parameter: instancePath.slice(1),
          detail: keyword === 'type' ? 'is given more than once' : `${message}`,
        },
  );
  const detail = errors.map((own) => `${own.parameter}: ${own.detail}.`).join(' ');
  return sendProblem(reply, { status: 400, detail, errors });
}
