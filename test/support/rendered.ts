import type { Exposer } from '../../src/stats/exposition.js';

/** What a scrape would be given, as text. */
export async function rendered(
  exposer: Exposer,
  openMetrics: boolean,
): Promise<{ readonly contentType: string; readonly text: string }> {
  const { contentType, body } = await exposer.render(openMetrics);
  return { contentType, text: body.toString() };
}
