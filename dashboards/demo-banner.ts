import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { stat } from './panels.js';
import { selected } from './queries.js';

/** More than anybody scrapes. */
const INSTANCES_MAX = 1_000_000;

/** A line across the top that says whether what follows is real. */
export function demoBanner(): Panel {
  return stat({
    title: 'Is this real traffic?',
    description:
      'Orange while a selected instance makes its own demo traffic. To see your network, start UPE with another source (UPE_SOURCE), or take the instance out of the selection.',
    unit: 'none',
    width: 24,
    height: 3,
    queries: [{ expression: `count(${selected('upe_mode_info', 'source="demo"')})`, legend: 'demo' }],
    mappings: [{ from: 1, to: INSTANCES_MAX, text: 'DEMO: these packets are generated, not real traffic' }],
    thresholds: [
      ['transparent', null],
      ['orange', 1],
    ],
    noValue: 'No demo traffic among the selected instances',
    isBackgroundColored: true,
  });
}
