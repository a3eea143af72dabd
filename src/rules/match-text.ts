import { eachScalar } from './field-values.js';
import { resolved, type YamlMap } from './yaml-tree.js';

/** The length of the `match` label; longer texts end in an ellipsis. */
export const MATCH_TEXT_LENGTH_MAX = 200;

/**
 * A rule's match on one line, fields in the order of the file, aliases replaced by their values:
 * `protocol: tcp, dst_port: [80, 443]`.
 *
 * @returns at most `MATCH_TEXT_LENGTH_MAX` characters; empty for a match without fields.
 */
export function matchText(match: YamlMap): string {
  const parts: string[] = [];
  let length = 0;
  for (const [field, { node }] of match.entries) {
    const texts: string[] = [];
    // A list can have thousands of values: what lies beyond the limit is not even collected.
    eachScalar(node, ({ text }) => {
      if (length > MATCH_TEXT_LENGTH_MAX) return;
      texts.push(text);
      length += text.length + 1;
    });
    const isList = resolved(node).kind === 'list';
    parts.push(`${field}: ${isList ? `[${texts.join(', ')}]` : texts.join('')}`);
  }
  const text = parts.join(', ');
  return text.length <= MATCH_TEXT_LENGTH_MAX ? text : `${text.slice(0, MATCH_TEXT_LENGTH_MAX - 1)}…`;
}
