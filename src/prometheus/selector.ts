/** A label, an operator and a text in quotation marks: one condition of a PromQL selector. */
const MATCHER = /^\s*[a-zA-Z_][a-zA-Z0-9_]*\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\s*/;

/**
 * The conditions of a PromQL selector, as they go between braces.
 *
 * @param text like `{job="edge", site=~"eu-.*"}`, with the braces or without.
 * @returns `null` when it is no list of conditions. What their regular expressions are worth is for Prometheus to say.
 */
export function parseSelector(text: string): string | null {
  const trimmed = text.trim();
  const isBraced = trimmed.startsWith('{') && trimmed.endsWith('}');
  let rest = isBraced ? trimmed.slice(1, -1) : trimmed;
  const matchers: string[] = [];
  while (rest.trim() !== '') {
    const [matcher] = MATCHER.exec(rest) ?? [];
    if (matcher === undefined) return null;
    matchers.push(matcher.trim());
    rest = rest.slice(matcher.length);
    if (rest === '') break;
    if (!rest.startsWith(',')) return null;
    rest = rest.slice(1);
  }
  return matchers.length === 0 ? null : matchers.join(',');
}

/** A selector of series: those of a metric that fulfil conditions, and are of certain rules where these are given. */
export function selectorOf(metric: string, conditions: string, rules: readonly string[] | null): string {
  const own = rules === null ? [] : [`rule=~${JSON.stringify(rules.map(literal).join('|'))}`];
  return `${metric}{${[...(conditions === '' ? [] : [conditions]), ...own].join(',')}}`;
}

/** As a regular expression that means the text itself. */
function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
