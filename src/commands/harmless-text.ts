/**
 * What another program has answered, with every control character in its texts replaced: none of them may speak to the
 * terminal.
 *
 * @param answer as it came as JSON.
 */
export function harmless<Answer>(answer: Answer): Answer {
  return JSON.parse(JSON.stringify(answer), (_key, value: unknown) =>
    typeof value === 'string' ? value.replaceAll(/\p{Cc}/gu, '?') : value,
  );
}
