import {
  EMPTY_WHEN_HEALTHY as DASHBOARD_REASONS,
  dashboardExpressions,
  EVERYTHING,
  fillIn,
} from './dashboard-expressions.js';
import { prometheusRules, EMPTY_WHEN_HEALTHY as RULE_REASONS } from './prometheus-rules.js';
import type { QueriedSeries } from './prometheus-server.js';

/** An expression that ships with UPE, as a Prometheus is asked for it. */
export interface DeployedExpression {
  /** Dashboard and panel, or file and rule. */
  readonly where: string;
  readonly expression: string;
  /** Why it has no data while all is well, on demo traffic; `undefined`: it has some. */
  readonly emptyBecause: string | undefined;
}

/** Every expression of every panel, variable, annotation, recording rule and alert. */
export function deployedExpressions(): readonly DeployedExpression[] {
  const dashboards = dashboardExpressions().map(({ where, expression }) => ({
    where,
    expression: fillIn(expression, EVERYTHING),
    emptyBecause: DASHBOARD_REASONS.get(where),
  }));
  const rules = prometheusRules().map(({ where, expression }) => ({
    where,
    expression,
    emptyBecause: RULE_REASONS.get(where),
  }));
  return [...dashboards, ...rules];
}

/** Whether there is anything to draw: a series with a number. */
export function hasData(series: readonly QueriedSeries[]): boolean {
  return series.some(({ value: [, number] }) => number !== 'NaN');
}

/** Alerts that no minute on one machine can make due, with the reason: `promtool test rules` proves those. */
export const OUT_OF_REACH: ReadonlyMap<string, string> = new Map([
  ['alerts.yaml UpeAbsent', 'it is due where Prometheus has no instance to scrape'],
  ['alerts.yaml UpeRuleUnused', 'it needs a week of data'],
]);
