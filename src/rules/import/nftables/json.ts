/** What JSON of another program holds is unknown until it is looked at. */
export type Json = unknown;

/** The value as an object, or null. */
export function objectOf(value: Json): Readonly<Record<string, Json>> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return value as Record<string, Json>;
}

/** The one key of an object and what it has: how nftables writes expressions and statements. */
export function entryOf(value: Json): readonly [key: string, content: Json] | null {
  const object = objectOf(value);
  if (object === null) return null;
  const keys = Object.keys(object);
  return keys.length === 1 ? [keys[0], object[keys[0]]] : null;
}

export function listOf(value: Json): readonly Json[] | null {
  return Array.isArray(value) ? value : null;
}

/** The text of a field, or null. */
export function textIn(value: Json, field: string): string | null {
  const object = objectOf(value);
  const text = object !== null && Object.hasOwn(object, field) ? object[field] : null;
  return typeof text === 'string' ? text : null;
}
