import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { buildDashboard } from '../dashboard.js';
import { ruleVariable } from '../variables.js';
import { detail } from './detail.js';
import { deployment, state } from './state.js';
import { ruleTable } from './table.js';
import { topRules } from './top-rules.js';

/** Which rule sees what, and are the rules those that they should be? */
export function rules(): Dashboard {
  return buildDashboard({
    uid: 'upe-rules',
    description: 'What every rule sees: rates, shares, totals and last matches; the rules of every instance.',
    variables: [ruleVariable()],
    sections: [
      state(),
      { title: 'Which rule sees what?', lines: [[ruleTable()]] },
      topRules(),
      detail(),
      deployment(),
    ],
  });
}
