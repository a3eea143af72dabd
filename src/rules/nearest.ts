import { closest, distance } from 'fastest-levenshtein';

/**
 * The known word that was probably meant, for a message.
 *
 * @returns the nearest of `known` when it differs in two letters (two that changed places are such),
 * or in three of a long word; else null.
 */
export function nearest(word: string, known: readonly string[]): string | null {
  const lower = word.slice(0, 64).toLowerCase();
  const found = closest(lower, known);
  return distance(lower, found) <= (lower.length < 6 ? 2 : 3) ? found : null;
}
