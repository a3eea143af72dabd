import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { overview } from './overview/overview.js';
import { pipeline } from './pipeline/pipeline.js';
import { rules } from './rules/rules.js';

/** The folder of the committed JSON, seen from the compiled module `dist/dashboards/all-dashboards.js`. */
const FOLDER = new URL('../../dashboards/', import.meta.url);

export function allDashboards(): readonly Dashboard[] {
  return [overview(), rules(), pipeline()];
}

/** Where a dashboard's JSON is committed. */
export function fileOf({ uid }: Dashboard): URL {
  return new URL(`${uid}.json`, FOLDER);
}

/** A dashboard as it is committed, and as Grafana reads it. */
export function textOf(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
