import { readdirSync, readFileSync } from 'node:fs';
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';

/** Tests run from the root of the repository. */
const FOLDER = 'dashboards';

/** An expression of a dashboard, and where it stands: `upe-overview: Packets per second in`. */
export interface DashboardExpression {
  readonly where: string;
  readonly expression: string;
}

/** What Grafana makes of the variables while everything is chosen. */
export const EVERYTHING: Readonly<Record<string, string>> = {
  job: 'upe',
  instance: '.*',
  rule: '.*',
  __rate_interval: '30s',
  __interval: '5s',
  __range: '1m',
};

const LIVE_ONLY = 'demo traffic has no interface to send by, to watch over, or to lose at';
const NO_RELOAD = 'the rules have not been loaded again since the start';
const NO_FAILURE = 'no attempt to load the rules has failed';

/** Why an expression has no data while all is well, on demo traffic. */
export const EMPTY_WHEN_HEALTHY: ReadonlyMap<string, string> = new Map([
  ...['upe-overview', 'upe-rules', 'upe-pipeline'].flatMap((uid): [string, string][] => [
    [`${uid}: Reloads`, NO_RELOAD],
    [`${uid}: Failed reloads`, NO_FAILURE],
  ]),
  ...[
    'The same by instance, with every outcome / Missed by the card',
    'Lost before UPE / card missed',
    'Lost before UPE / interface dropped',
    'Failed to be sent, by reason',
    'Interfaces / Link',
    'Interfaces / Missed by the card',
    'Interfaces / Dropped at the interface',
    'Interfaces / Out',
    'Interfaces / Bits out',
    'Interfaces / Failed to be sent',
    'Packets per second out',
    'Bits per second out',
  ].map((panel): [string, string] => [`upe-overview: ${panel}`, LIVE_ONLY]),
]);

/** The dashboards as they are committed. */
export function committedDashboards(): readonly Dashboard[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')));
}

/** All panels but rows, those inside of rows included. */
export function panelsOf({ panels = [] }: Dashboard): readonly Panel[] {
  return panels.flatMap((panel) => ('panels' in panel ? panel.panels : [panel as Panel]));
}

/** Every expression of every variable, annotation and panel of the committed dashboards. */
export function dashboardExpressions(): readonly DashboardExpression[] {
  return committedDashboards().flatMap((dashboard) =>
    [
      ...variableExpressions(dashboard),
      ...annotationExpressions(dashboard),
      ...panelExpressions(dashboard),
    ].map(({ where, expression }) => ({ where: `${dashboard.uid}: ${where}`, expression })),
  );
}

/**
 * Puts values where an expression names variables of Grafana: `$job`, `${job}` and `${job:regex}`.
 *
 * @throws when a variable has no value.
 */
export function fillIn(expression: string, values: Readonly<Record<string, string>>): string {
  return expression.replace(/\$(?:\{(\w+)(?::\w+)?\}|(\w+))/g, (_, braced: string, bare: string) => {
    const value = values[braced ?? bare];
    if (value === undefined) throw new Error(`nothing to fill in for ${braced ?? bare} in ${expression}`);
    return value;
  });
}

/** The selector of `label_values(selector, label)`. */
function variableExpressions({ templating }: Dashboard): DashboardExpression[] {
  return (templating.list ?? [])
    .filter(({ type }) => type === 'query')
    .map(({ name, definition = '' }) => ({
      where: `variable ${name}`,
      expression: /^label_values\((.*), \w+\)$/.exec(definition)?.[1] ?? definition,
    }));
}

function annotationExpressions({ annotations }: Dashboard): DashboardExpression[] {
  return (annotations.list ?? [])
    .filter(({ builtIn }) => builtIn !== 1)
    .map(({ name, target }) => ({ where: name, expression: expressionOf(target) }));
}

/** A panel with several expressions tells them apart by their names in the legend, without the labels in it. */
function panelExpressions(dashboard: Dashboard): DashboardExpression[] {
  return panelsOf(dashboard).flatMap(({ title, targets = [] }) =>
    targets.map((target) => {
      const legend = (target as { legendFormat?: string }).legendFormat ?? '';
      const name = legend.replace(/\{\{.*?\}\}/g, '').trim();
      return {
        where: targets.length === 1 ? title! : `${title} / ${name}`,
        expression: expressionOf(target),
      };
    }),
  );
}

function expressionOf(target: unknown): string {
  return (target as { expr?: string } | undefined)?.expr ?? '';
}
