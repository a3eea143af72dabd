/** The selection at the top of every dashboard; it stands in every selector. */
const SELECTED = 'job=~"$job", instance=~"$instance"';

/** What tells one instance from another. */
export const INSTANCE = ['job', 'instance'] as const;

/**
 * A metric of the selected instances.
 *
 * @param matchers further ones: `action="drop"`.
 */
export function selected(metric: string, matchers = ''): string {
  return `${metric}{${SELECTED}${matchers === '' ? '' : `, ${matchers}`}}`;
}

/** A counter's rate, over a window that holds enough scrapes at any zoom. */
export function perSecond(counter: string, matchers = ''): string {
  return `rate(${selected(counter, matchers)}[$__rate_interval])`;
}

/** A counter's growth over the time range that the dashboard shows. */
export function inRange(counter: string, matchers = ''): string {
  return `increase(${selected(counter, matchers)}[$__range])`;
}

export function sum(expression: string, by: readonly string[] = []): string {
  return aggregate('sum', expression, by);
}

export function max(expression: string, by: readonly string[] = []): string {
  return aggregate('max', expression, by);
}

export function min(expression: string, by: readonly string[] = []): string {
  return aggregate('min', expression, by);
}

/** How many different rule files the selected instances use. */
export function differentTables(): string {
  return `count(count by (sha256) (${selected('upe_rules_info')}))`;
}

export function top(count: number, expression: string): string {
  return `topk(${count}, ${expression})`;
}

export function bits(bytes: string): string {
  return `8 * ${bytes}`;
}

/** 0 where there is nothing: only for expressions without labels, such as a sum of all. */
export function orZero(expression: string): string {
  return `(${expression} or vector(0))`;
}

/** A quotient that is 0, not NaN, while its divisor is 0. */
export function ratio(dividend: string, divisor: string, join = ''): string {
  return `${dividend} / ${join}(${divisor} > 0) or ${dividend} * 0`;
}

/** A quantile of the time from reception to verdict, seconds. */
export function latencyQuantile(quantile: number, by: readonly string[] = []): string {
  const buckets = sum(perSecond('upe_packet_latency_seconds_bucket'), ['le', ...by]);
  return `histogram_quantile(${quantile}, ${buckets})`;
}

function aggregate(operator: string, expression: string, by: readonly string[]): string {
  return by.length === 0 ? `${operator}(${expression})` : `${operator} by (${by.join(', ')}) (${expression})`;
}
