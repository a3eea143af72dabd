import {
  TableCellDisplayMode,
  TableFooterOptionsBuilder,
  TableSortByFieldStateBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type { DynamicConfigValue, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import type { CellLink } from './links.js';
import { type Mapping, valueMapping } from './mappings.js';
import { finish, type PanelSpec, refIdOf, type Threshold, target, thresholds } from './panels.js';

/** A column of a table: a label of the rows, or the value of an expression. */
export interface Column {
  readonly title: string;
  /** The label; where there is an expression, its value is shown instead. */
  readonly label?: string;
  readonly expression?: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly width?: number;
  readonly mappings?: readonly Mapping[];
  readonly thresholds?: readonly Threshold[];
  /** Where a click on the cell leads. */
  readonly link?: CellLink;
  /** A bar behind the number, for shares from 0 to 1. */
  readonly isGauge?: boolean;
  /** A column that brings labels only: its value is always 1. */
  readonly isHidden?: boolean;
}

export interface TableSpec extends PanelSpec {
  readonly columns: readonly Column[];
  /** Title of the column that rows are sorted by; the largest first unless `isAscending`. */
  readonly sortBy: string;
  readonly isAscending?: boolean;
}

/**
 * A table with a row for each set of labels. Each expression is a query of its own; Grafana's `merge` puts
 * their values into one row where their labels do not contradict each other, so a query may have fewer
 * labels than the first one.
 */
export function table(spec: TableSpec): Panel {
  const asked = spec.columns.filter(({ expression }) => expression !== undefined);
  const fieldOf = (column: Column) =>
    column.expression === undefined ? column.label! : `Value #${refIdOf(asked.indexOf(column))}`;
  const shown = spec.columns.filter(({ isHidden }) => !isHidden);
  const panel = new PanelBuilder()
    .showHeader(true)
    .footer(new TableFooterOptionsBuilder().show(false).reducer([]))
    .sortBy([new TableSortByFieldStateBuilder().displayName(spec.sortBy).desc(!spec.isAscending)])
    .targets(
      asked.map(({ expression, title }, i) =>
        target({ expression: expression!, legend: title }, i).instant().format(PromQueryFormat.Table),
      ),
    )
    .transformations([
      { id: 'merge', options: {} },
      { id: 'filterFieldsByName', options: { include: { names: shown.map(fieldOf) } } },
      {
        id: 'organize',
        options: {
          excludeByName: {},
          indexByName: Object.fromEntries(shown.map((column, i) => [fieldOf(column), i])),
          renameByName: Object.fromEntries(shown.map((column) => [fieldOf(column), column.title])),
        },
      },
    ])
    .overrides(
      shown
        .map((column) => ({
          matcher: { id: 'byName', options: column.title },
          properties: properties(column),
        }))
        .filter((override) => override.properties.length > 0),
    );
  return finish(panel, spec, 10);
}

function properties(column: Column): DynamicConfigValue[] {
  const { unit, decimals, width, mappings, thresholds: steps, link, isGauge } = column;
  const cell = isGauge
    ? { type: TableCellDisplayMode.Gauge, mode: 'basic', valueDisplayMode: 'text' }
    : steps !== undefined || mappings?.some(({ color }) => color !== undefined)
      ? { type: TableCellDisplayMode.ColorText }
      : undefined;
  const all: readonly (readonly [string, unknown])[] = [
    ['unit', unit],
    ['decimals', decimals],
    ['custom.width', width],
    ['mappings', mappings?.map(valueMapping)],
    ['thresholds', steps === undefined ? undefined : thresholds(steps).build()],
    ['color', steps === undefined ? undefined : { mode: 'thresholds' }],
    ['custom.cellOptions', cell],
    ['min', isGauge ? 0 : undefined],
    ['max', isGauge ? 1 : undefined],
    ['links', link === undefined ? undefined : [{ ...link, targetBlank: false }]],
  ];
  return all.filter(([, value]) => value !== undefined).map(([id, value]) => ({ id, value }));
}
