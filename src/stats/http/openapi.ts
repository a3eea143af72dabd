import { STATUS_CODES } from 'node:http';
import { PROBLEM_SCHEMA, PROBLEM_TYPE } from './problem.js';

/** The JSON Schema of an object, as far as it is looked into here. */
interface ObjectSchema {
  readonly type: string;
  readonly properties: Readonly<Record<string, object>>;
  readonly required?: readonly string[];
}

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
  /** By status. */
  readonly responses: Readonly<Record<number, object>>;
}

/**
 * Describes routes as an OpenAPI 3.1 document, whose schemas are JSON Schema as the server's own are: they go into it
 * as they are.
 *
 * @param version of UPE.
 */
export function openApiDocument(version: string, routes: readonly ApiRoute[]): object {
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
    paths: Object.fromEntries(
      routes.map((route) => [route.path.replaceAll(/:(\w+)/g, '{$1}'), { get: operationOf(route) }]),
    ),
    components: {
      schemas: { Problem: PROBLEM_SCHEMA },
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic', description: 'Where UPE_WEB_CONFIG_FILE names users' },
      },
    },
  };
}

function operationOf({ operation, summary, params, query, responses }: ApiRoute): object {
  return {
    operationId: operation,
    summary,
    parameters: [...parametersOf('path', params), ...parametersOf('query', query)],
    responses: Object.fromEntries(
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
    ),
  };
}

function parametersOf(place: 'path' | 'query', parameters: ObjectSchema | undefined): object[] {
  const required: readonly string[] = parameters?.required ?? [];
  return Object.entries(parameters?.properties ?? {}).map(([name, schema]) => {
    const { description, ...own } = schema as { readonly description?: string };
    return { name, in: place, required: required.includes(name), description, schema: own };
  });
}
