import { createRequire } from 'node:module';
import type { FastifySchemaValidationError, FastifyServerOptions } from 'fastify';

/** What Fastify makes of the schema of one part of a request. */
interface Validate {
  (value: unknown): boolean;
  errors?: FastifySchemaValidationError[] | null | undefined;
}
type Serialize = (answer: unknown) => string;
/** Makes something of one schema of a route. */
type Compile<Compiled> = (route: unknown) => Compiled;
/** Makes a compiler of the server's options. */
type CompilerFactory<Compiled> = (sharedSchemas: unknown, options: unknown) => Compile<Compiled>;

/** Fastify's own compilers, as it would load them. */
const requireAsFastify = createRequire(createRequire(import.meta.url).resolve('fastify'));

/**
 * Has Fastify compile the schema of a route when the first request needs it, and load its compilers then.
 *
 * It would load ajv and fast-json-stringify, a hundred modules, and compile all schemas before it listens: 80 ms of
 * processor time, a tenth of a start, for an engine that may never be asked for more than its metrics.
 */
export const LATE_COMPILERS = {
  compilersFactory: {
    buildValidator: ((sharedSchemas, options) => {
      const compile = once(() => factory<Validate>('@fastify/ajv-compiler')(sharedSchemas, options));
      return (route) => {
        const validator = once(() => compile()(route));
        const validate: Validate = (value) => {
          const isValid = validator()(value);
          // Fastify looks for the errors at the function that it was given.
          validate.errors = validator().errors;
          return isValid;
        };
        return validate;
      };
    }) satisfies CompilerFactory<Validate>,
    buildSerializer: ((sharedSchemas, options) => {
      const name = '@fastify/fast-json-stringify-compiler';
      const compile = once(() => factory<Serialize>(name)(sharedSchemas, options));
      return (route) => {
        const serializer = once(() => compile()(route));
        return (answer) => serializer()(answer);
      };
    }) satisfies CompilerFactory<Serialize>,
  },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;

/** @param name of a package of Fastify's that exports a maker of such factories. */
function factory<Compiled>(name: string): CompilerFactory<Compiled> {
  return (requireAsFastify(name) as () => CompilerFactory<Compiled>)();
}

/** Makes something when it is asked for first, and gives the same from then on. */
function once<Made extends object>(make: () => Made): () => Made {
  let made: Made | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
