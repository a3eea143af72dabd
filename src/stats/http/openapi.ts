import { STATUS_CODES } from 'node:http';
import { PROBLEM_SCHEMA, PROBLEM_TYPE } from './problem.js';

/** The JSON Schema of an object, as far as it is looked into here. */
interface ObjectSchema {
  readonly type: string;
  readonly properties: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
}

/** Of a route without parameters. */
export const NO_QUERY = { type: 'object', properties: {}, additionalProperties: false };

/** A question that the API answers, as its description tells of it. */
export interface ApiRoute {
  /** As the server takes it: a part of it that may vary is `:name`. */
  readonly path: string;
  /** A name for the question, for programs that are generated from the description. */
  readonly operation: string;
  readonly summary: string;
  /** What varies in the path. */
  readonly params?: ObjectSchema;
  readonly query: ObjectSchema;
  /** `get` where it is not given. */
  readonly method?: 'get' | 'post' | 'delete';
  /** Of the JSON object that is sent. */
  readonly body?: ObjectSchema;
  /** The media type of an answer that is no JSON object, with status 200. */
  readonly stream?: string;
  /** By status. */
  readonly responses: Readonly<Record<number, object>>;
}

/**
 * Describes routes as an OpenAPI 3.1 document, whose schemas are JSON Schema as the server's own are: they go into it
 * as they are.
 *
 * @param version of UPE.
 * @param schemas what answers speak of and that is no answer by itself, by name.
 */
export function openApiDocument(
  version: string,
  routes: readonly ApiRoute[],
  schemas: Readonly<Record<string, object>> = {},
): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'UPE, the userspace packet engine',
      description: 'What the rules of one instance do, and what they have counted.',
      version,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    // Either of them: what the instance wants is said by its web configuration.
    security: [{}, { basic: [] }],
    paths: pathsOf(routes),
    components: {
      schemas: { Problem: PROBLEM_SCHEMA, ...schemas },
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic', description: 'Where UPE_WEB_CONFIG_FILE names users' },
      },
    },
  };
}

function pathsOf(routes: readonly ApiRoute[]): Readonly<Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method ?? 'get']: operationOf(route) };
  }
  return paths;
}

function operationOf({ operation, summary, params, query, body, stream, responses }: ApiRoute): object {
  const streamed =
    stream === undefined
      ? {}
      : { 200: { description: STATUS_CODES[200], content: { [stream]: { schema: {} } } } };
  const sent =
    body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: body } } } };
  return {
    operationId: operation,
    summary,
    parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
    ...sent,
    responses: { ...streamed, ...answersOf(responses) },
  };
}

function answersOf(responses: ApiRoute['responses']): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(responses).map(([status, schema]) => [
      status,
      {
        description: STATUS_CODES[status] ?? '',
        content:
          schema === PROBLEM_SCHEMA
            ? { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } }
            : { 'application/json': { schema } },
      },
    ]),
  );
}

function parametersOf(place: 'path' | 'query', parameters: ObjectSchema | undefined): object[] {
  const required: readonly string[] = parameters?.required ?? [];
  return Object.entries(parameters?.properties ?? {}).map(([name, schema]) => {
    const { description, ...own } = schema as { readonly description?: string };
    return { name, in: place, required: required.includes(name), description, schema: own };
  });
}
