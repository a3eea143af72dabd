import type { DashboardUid } from './dashboard.js';
import { reference } from './variables.js';

/** A link that a cell of a table is. */
export interface CellLink {
  readonly title: string;
  readonly url: string;
}

/**
 * A link to a dashboard with what stands in the cell chosen there; the time range goes along.
 *
 * @param variable the variable that becomes the cell's value.
 * @param kept variables that stay as they are.
 */
export function drillDown(
  title: string,
  uid: DashboardUid,
  variable: string,
  kept: readonly string[],
): CellLink {
  const parameters = [
    ...kept.map((name) => reference(`${name}:queryparam`)),
    reference('__url_time_range'),
    `var-${variable}=${reference('__value.raw')}`,
  ];
  return { title, url: `/d/${uid}?${parameters.join('&')}` };
}

/** From the name of an instance to its threads, rings and latency. */
export function toItsPipeline(): CellLink {
  return drillDown('Its pipeline', 'upe-pipeline', 'instance', ['datasource', 'job']);
}
