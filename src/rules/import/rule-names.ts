import type { ForeignRule } from './foreign-rules.js';

/** Room for a number behind the name of a rule that becomes several: 64 characters are possible. */
const LENGTH_MAX = 57;

/**
 * A name for each rule, of the letters that a rule file allows: from its comment, or else from its place. A
 * rule that becomes several gets `.1`, `.2`... behind it, so that `NAME(\.[0-9]+)?` finds all of it.
 */
export function nameRules(rules: Iterable<ForeignRule>): ReadonlyMap<ForeignRule, string> {
  const names = new Map<ForeignRule, string>();
  const taken = new Set<string>();
  for (const rule of rules) {
    const candidates = [rule.comment, rule.placeName, `${rule.comment}-${rule.placeName}`].map(asName);
    let name = candidates.find((candidate) => candidate !== '' && !taken.has(candidate));
    for (let n = 2; name === undefined; n++) {
      const numbered = `${asName(rule.placeName).slice(0, LENGTH_MAX - 6)}-${n}`;
      if (!taken.has(numbered)) name = numbered;
    }
    taken.add(name);
    names.set(rule, name);
  }
  return names;
}

/** The text as a name, without anything at its end that looks like the number of a part. */
export function asName(text: string | null): string {
  return (text ?? '')
    .replaceAll(/[^A-Za-z0-9_.-]+/g, '-')
    .slice(0, LENGTH_MAX)
    .replaceAll(/^[-.]+|[-.]+$/g, '')
    .replace(/\.(?=[0-9]+$)/, '-');
}
