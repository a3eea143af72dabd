/** What the API cannot do, in its own words (RFC 9457). */
export class ApiProblem extends Error {}

/** How long an answer is waited for, milliseconds. */
const PATIENCE_MS = 10_000;

/**
 * Asks the API.
 *
 * @param path of it, with its parameters.
 * @returns the answer's JSON. Throws an ApiProblem with a sentence for people where there is none.
 */
export async function ask<Answer>(path: string): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new ApiProblem('UPE does not answer.');
  }
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  const body = isJson ? await response.json() : null;
  if (response.ok && body !== null) return body as Answer;
  throw new ApiProblem(String((body as { detail?: string } | null)?.detail ?? response.statusText));
}

/** Parameters as a query; those without a text are left out. */
export function query(parameters: Readonly<Record<string, string>>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== '');
  return new URLSearchParams(given).toString();
}
