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
  readonly status: number;
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

/** What every path of the API begins with: what goes wrong there is answered with a problem document. */
export const API_PREFIX = '/api/';

/** The document itself. `about:blank` says that the status is all there is to its type (RFC 9457, 4.2.1). */
export function problemDocument({ status, detail, errors }: Problem): object {
  const document = { type: 'about:blank', title: STATUS_CODES[status] ?? '', status, detail };
  return errors === undefined ? document : { ...document, errors };
}

/** Answers with a problem document. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type(PROBLEM_TYPE).send(problemDocument(problem));
}

/** The schema of a parameter, as far as a message tells of it. */
interface ParameterSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

/**
 * Answers a request whose parameters its schema refuses.
 *
 * @param error what Fastify has attached to the request.
 * @param schema whose properties are the parameters that there are.
 * @param given the parameters of the request.
 */
export function sendInvalid(
  reply: FastifyReply,
  error: { readonly validation?: readonly FastifySchemaValidationError[] | undefined },
  schema: { readonly properties: Readonly<Record<string, object>> },
  given: unknown = reply.request.query,
): FastifyReply {
  const names = Object.keys(schema.properties);
  const known = names.length === 0 ? 'there are none here' : `the parameters are ${names.join(', ')}`;
  const values = (given ?? {}) as Readonly<Record<string, unknown>>;
  const errors = (error.validation ?? []).map(({ keyword, instancePath, params, message }) => {
    if (keyword === 'additionalProperties') {
      const parameter = String(params.additionalProperty);
      return { parameter, detail: `does not exist; ${known}` };
    }
    if (keyword === 'required') return { parameter: String(params.missingProperty), detail: 'is missing' };
    const parameter = instancePath.slice(1);
    if (parameter === '') return { parameter: 'body', detail: 'must be a JSON object' };
    const isList = given === reply.request.query && Array.isArray(values[parameter]);
    if (isList) return { parameter, detail: 'is given more than once' };
    return { parameter, detail: expectation(schema.properties[parameter]) ?? `${message}` };
  });
  const detail = errors.map((own) => `${own.parameter}: ${own.detail}.`).join(' ');
  return sendProblem(reply, { status: 400, detail, errors });
}

/** What a parameter must be; `null` where any text will do. */
function expectation(schema: ParameterSchema = {}): string | null {
  if (schema.enum !== undefined) return `must be one of ${schema.enum.join(', ')}`;
  if (schema.pattern !== undefined) return 'must be a plain name: letters, digits and _ . -, at most 120';
  if (schema.type === 'boolean') return 'must be true or false';
  if (schema.type === 'integer') return `must be a whole number from ${schema.minimum} to ${schema.maximum}`;
  return null;
}
