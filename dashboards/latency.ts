import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { stat } from './panels.js';
import { latencyQuantile, orZero } from './queries.js';

/**
 * One number for how late verdicts are, over all selected instances.
 *
 * @param advice what a high one means, and where to look from this dashboard.
 */
export function latencyP99(advice: string): Panel {
  return stat({
    title: 'Latency, p99',
    description: `Time from reception to verdict that 99 of 100 packets stay below. ${advice}`,
    unit: 's',
    width: 3,
    queries: [{ expression: orZero(`(${latencyQuantile(0.99)} >= 0)`), legend: 'p99' }],
    thresholds: [
      ['green', null],
      ['orange', 0.025],
      ['red', 0.1],
    ],
  });
}
