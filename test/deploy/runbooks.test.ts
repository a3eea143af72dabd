import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { committedDashboards, panelsOf } from '../support/dashboard-expressions.js';
import { ROOT } from '../support/package-root.js';
import { prometheusRules } from '../support/prometheus-rules.js';

const RUNBOOKS = readFileSync(join(ROOT, 'deploy/runbooks.md'), 'utf8');
const ALERTS = prometheusRules().filter(({ kind }) => kind === 'alert');

/** What GitHub and the like make of the headings. */
const ANCHORS = new Set([...RUNBOOKS.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading.toLowerCase()));

t.test('each alert says where to read on', async (t) => {
  for (const { name, annotations } of ALERTS) {
    t.equal(annotations.runbook, `deploy/runbooks.md#${name.toLowerCase()}`);
    t.ok(ANCHORS.has(name.toLowerCase()), `${name}: section in the runbooks`);
  }
});

t.test('the runbooks have the sections of alerts only, each with its three parts', async (t) => {
  const sections = RUNBOOKS.split(/^#+ /m).filter((section) => section.startsWith('Upe'));
  t.strictSame(
    sections.map((section) => section.split('\n', 1)[0]).sort(),
    ALERTS.map(({ name }) => name).sort(),
  );
  for (const section of sections) t.match(section, /\*\*Means\*\*.*\*\*Look at\*\*.*\*\*Do\*\*/s);
});

t.test('the runbooks link to sections that are there', async (t) => {
  for (const [, anchor] of RUNBOOKS.matchAll(/\]\(#([^)]*)\)/g))
    t.ok(ANCHORS.has(anchor), `link to ${anchor}`);
});

t.test('the runbooks name panels that are there', async (t) => {
  const panels = new Set(
    committedDashboards().flatMap((dashboard) =>
      panelsOf(dashboard).map((panel) => `${dashboard.title}: ${panel.title}`),
    ),
  );
  const named = [...RUNBOOKS.replaceAll('\n', ' ').matchAll(/\*(UPE \/ \w+)\*: \*([^*]+)\*/g)];
  t.ok(named.length > 10, `${named.length} panels are named`);
  for (const [, dashboard, title] of named)
    t.ok(panels.has(`${dashboard}: ${title}`), `${dashboard}: ${title}`);
});
