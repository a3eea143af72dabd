/** The JSON Schema of an object of which no property is missing. */
export function complete(properties: Readonly<Record<string, object>>) {
  return { type: 'object', properties, required: Object.keys(properties) };
}
