import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { committedDashboards, panelsOf } from '../support/dashboard-expressions.js';
import { PROMETHEUS_FOLDER } from '../support/prometheus-rules.js';

t.test('the runbooks name panels that are there', async (t) => {
  const panels = new Set(
    committedDashboards().flatMap((dashboard) =>
      panelsOf(dashboard).map((panel) => `${dashboard.title}: ${panel.title}`),
    ),
  );
  const runbooks = readFileSync(join(PROMETHEUS_FOLDER, '../runbooks.md'), 'utf8').replaceAll('\n', ' ');
  const named = [...runbooks.matchAll(/\*(UPE \/ \w+)\*: \*([^*]+)\*/g)];
  t.ok(named.length > 10, `${named.length} panels are named`);
  for (const [, dashboard, title] of named)
    t.ok(panels.has(`${dashboard}: ${title}`), `${dashboard}: ${title}`);
});
