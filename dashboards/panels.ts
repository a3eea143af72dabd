import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder as HeatmapPanelBuilder,
  HeatmapTooltipBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatPanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeriesPanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { type Mapping, valueMapping } from './mappings.js';
import { DATASOURCE } from './variables.js';

/** One question to Prometheus, and how its series are called in the legend. */
export interface Query {
  readonly expression: string;
  readonly legend: string;
}

/** A colour, and the value from which on it is shown; the first has `null`: from the lowest on. */
export type Threshold = readonly [color: string, from: number | null];

/** What every panel has. */
export interface PanelSpec {
  readonly title: string;
  /** What it shows, and what to do when it looks wrong. */
  readonly description: string;
  /** A unit of Grafana's: `pps`, `bps`, `s`, `bytes`, `percentunit` (0 to 1), `none`. */
  readonly unit: string;
  /** Columns out of 24. */
  readonly width: number;
  readonly height?: number;
}

export interface GraphSpec extends PanelSpec {
  readonly queries: readonly Query[];
  readonly isStacked?: boolean;
  /** Upper end of the axis, where there is a natural one. */
  readonly max?: number;
  readonly decimals?: number;
}

export interface StatSpec extends PanelSpec {
  readonly queries: readonly Query[];
  readonly thresholds?: readonly Threshold[];
  readonly mappings?: readonly Mapping[];
  readonly decimals?: number;
  readonly noValue?: string;
  readonly isBackgroundColored?: boolean;
  /** Thresholds of single values, by their legend. */
  readonly byName?: readonly { readonly name: string; readonly thresholds: readonly Threshold[] }[];
  /** Whether a line of the last values lies behind the number; then the query is one over time. */
  readonly hasSparkline?: boolean;
}

/** Values over time. */
export function graph(spec: GraphSpec): Panel {
  const panel = new TimeSeriesPanelBuilder()
    .min(0)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
    .lineWidth(1)
    .fillOpacity(spec.isStacked ? 40 : 8)
    .showPoints(VisibilityMode.Never)
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .targets(spec.queries.map((query, i) => target(query, i).range()));
  if (spec.isStacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (spec.max !== undefined) panel.max(spec.max);
  if (spec.decimals !== undefined) panel.decimals(spec.decimals);
  return finish(panel, spec, 8);
}

/** One number, or a few, large. */
export function stat(spec: StatSpec): Panel {
  const panel = new StatPanelBuilder()
    .graphMode(spec.hasSparkline ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .colorMode(spec.isBackgroundColored ? BigValueColorMode.Background : BigValueColorMode.Value)
    .textMode(spec.queries.length > 1 ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .thresholds(thresholds(spec.thresholds ?? [['text', null]]))
    .mappings((spec.mappings ?? []).map(valueMapping))
    .targets(
      spec.queries.map((query, i) =>
        spec.hasSparkline ? target(query, i).range() : target(query, i).instant(),
      ),
    );
  if (spec.decimals !== undefined) panel.decimals(spec.decimals);
  if (spec.noValue !== undefined) panel.noValue(spec.noValue);
  for (const { name, thresholds: steps } of spec.byName ?? []) {
    panel.overrideByName(name, [{ id: 'thresholds', value: thresholds(steps).build() }]);
  }
  return finish(panel, spec, 4);
}

/** A histogram over time: the darker, the more packets. */
export function heatmap(spec: PanelSpec & { readonly buckets: string }): Panel {
  const query = { expression: spec.buckets, legend: '{{le}}' };
  const panel = new HeatmapPanelBuilder()
    .calculate(false)
    .color(
      new HeatmapColorOptionsBuilder()
        .mode(HeatmapColorMode.Scheme)
        .scheme('Oranges')
        .exponent(0.5)
        .steps(64),
    )
    .yAxis(new YAxisConfigBuilder().unit(spec.unit).decimals(0))
    .tooltip(new HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(true))
    .targets([target(query, 0).range().format(PromQueryFormat.Heatmap)]);
  return finish(panel, spec, 9);
}

/** A query of a panel. */
export function target({ expression, legend }: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .datasource(DATASOURCE)
    .refId(refIdOf(index))
    .expr(expression)
    .legendFormat(legend);
}

/** The name of a panel's query: A, B, C, as Grafana gives them. */
export function refIdOf(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

export function thresholds(steps: readonly Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([color, value]) => ({ color, value })));
}

/** The part of the kinds of panels that is the same in all of them. */
interface AnyPanelBuilder {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: typeof DATASOURCE): this;
  unit(unit: string): this;
  span(width: number): this;
  height(height: number): this;
  build(): Panel;
}

/** Adds what every panel has, and builds it. */
export function finish(panel: AnyPanelBuilder, spec: PanelSpec, height: number): Panel {
  return panel
    .title(spec.title)
    .description(spec.description)
    .datasource(DATASOURCE)
    .unit(spec.unit)
    .span(spec.width)
    .height(spec.height ?? height)
    .build();
}
