/** One change of a method's text: what is there, once, and what takes its place. */
export interface Mutation {
  readonly method: string;
  readonly replace: string;
  readonly by: string;
}

/**
 * A class with its methods' text changed, to see that a test finds the defect: the production file stays
 * as it is, and the mutant is made of its very text, so that it differs in nothing else.
 *
 * @param scope what the methods use of their module, by name.
 * @throws Error when the text to be replaced is not there exactly once.
 */
export function mutantOf<Class extends new (...given: never[]) => object>(
  original: Class,
  mutations: readonly Mutation[],
  scope: Readonly<Record<string, unknown>> = {},
): Class {
  const texts = new Map<string, string>();
  for (const { method, replace, by } of mutations) {
    const text = texts.get(method) ?? String(Reflect.get(original.prototype, method));
    if (text.split(replace).length !== 2) throw new Error(`${method} has not exactly one: ${replace}`);
    texts.set(
      method,
      text.replace(replace, () => by),
    );
  }
  const body = `return class extends Original { ${[...texts.values()].join('\n')} }`;
  return new Function('Original', ...Object.keys(scope), body)(original, ...Object.values(scope)) as Class;
}
