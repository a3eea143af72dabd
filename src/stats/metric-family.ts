import type { EngineState } from './engine-state.js';

/** One line of a family: its labels and its value. */
export interface Sample {
  readonly labels: Record<string, string | number>;
  readonly value: number;
  /** Where the line's name is not the family's: a histogram's parts. */
  readonly metricName?: string;
}

/** A metric as it is described to Prometheus, and how its lines are read from the engine's state. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  samples(state: EngineState): Sample[];
}

/** The one line of a family without labels. */
export const one = (value: number): Sample[] => [{ labels: {}, value }];
