import type { Dashboard, Panel, ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import * as units from '@grafana/grafana-foundation-sdk/units';
import t from 'tap';
import { committedDashboards, panelsOf } from '../support/dashboard-expressions.js';

const UIDS = ['upe-overview', 'upe-pipeline', 'upe-rules'];
const UNITS: ReadonlySet<unknown> = new Set(Object.values(units));
/** A literal placeholder: Grafana puts the chosen data source there. */
const DATASOURCE = { type: 'prometheus', uid: ['$', '{datasource}'].join('') };
const COLUMNS = 24;

const dashboards = committedDashboards();

t.test('the dashboards have the names that others link to', async (t) => {
  t.same(dashboards.map(({ uid }) => uid).sort(), UIDS);
});

for (const dashboard of dashboards) {
  t.test(`${dashboard.uid} can be provisioned from a file`, async (t) => {
    const text = JSON.stringify(dashboard);
    t.notMatch(text, /__inputs|__requires|\$\{DS_/, 'nothing that only an import by hand fills in');
    t.notMatch(text, /"id":null/);
    t.ok(dashboard.schemaVersion >= 36, 'schema v1');
    t.same(
      dashboard.templating.list?.slice(0, 3).map(({ name }) => name),
      ['datasource', 'job', 'instance'],
    );
    for (const { name, type, multi, includeAll, datasource } of dashboard.templating.list ?? []) {
      if (type === 'datasource') continue;
      t.ok(multi && includeAll, `${name}: several may be chosen, and all`);
      t.same(datasource, DATASOURCE, name);
    }
    t.same(
      dashboard.annotations.list?.filter(({ builtIn }) => builtIn !== 1).map(({ name }) => name),
      ['Restarts', 'Reloads', 'Failed reloads'],
    );
  });

  t.test(`${dashboard.uid}: panels have a number and a place of their own`, async (t) => {
    const all = dashboard.panels ?? [];
    t.equal(new Set(all.map(({ id }) => id)).size, all.length, 'numbers');
    t.equal(
      new Set(panelsOf(dashboard).map(({ title }) => title)).size,
      panelsOf(dashboard).length,
      'titles',
    );
    for (const [i, panel] of all.entries()) {
      t.ok(panel.gridPos!.x + panel.gridPos!.w <= COLUMNS, `${panel.title} is on the page`);
      for (const other of all.slice(i + 1)) {
        t.notOk(overlap(panel, other), `${panel.title} and ${other.title} do not overlap`);
      }
    }
  });

  for (const panel of panelsOf(dashboard)) {
    t.test(`${dashboard.uid}: ${panel.title}`, async (t) => {
      t.match(panel.title, /\S/, 'has a title');
      t.match(panel.description, /^\S.{60,}\.$/, 'says what it shows and what to do');
      t.same(panel.datasource, DATASOURCE);
      t.ok(UNITS.has(panel.fieldConfig?.defaults.unit), `${panel.fieldConfig?.defaults.unit} is a unit`);
      for (const unit of overriddenUnits(panel)) t.ok(UNITS.has(unit), `${unit} is a unit`);
      for (const { from, to } of mappedRanges(panel)) {
        t.ok(Number.isFinite(from) && Number.isFinite(to), 'ranges of values have both ends');
      }
      t.ok((panel.targets ?? []).length > 0, 'asks something');
      const refIds = (panel.targets ?? []).map((target) => (target as { refId?: string }).refId);
      t.equal(new Set(refIds).size, refIds.length, 'refIds');
      for (const target of panel.targets ?? []) t.match(target, { datasource: DATASOURCE });
    });
  }

  t.test(`${dashboard.uid}: links lead to a dashboard, with variables that exist`, async (t) => {
    const linked = (dashboard.links ?? []).map(({ url }) => url!);
    t.same(
      linked.map(uidOf).sort(),
      UIDS.filter((uid) => uid !== dashboard.uid),
    );
    for (const { keepTime, includeVars } of dashboard.links ?? []) t.ok(keepTime && includeVars);
    for (const url of panelsOf(dashboard).flatMap(cellLinks)) {
      const leadsTo = dashboards.find(({ uid }) => uid === uidOf(url));
      t.ok(leadsTo, url);
      t.match(url, '__url_time_range');
      for (const [, name] of url.matchAll(/var-(\w+)=/g)) t.ok(variablesOf(leadsTo!).includes(name), url);
      for (const [, name] of url.matchAll(/\{(\w+):queryparam\}/g)) {
        t.ok(variablesOf(dashboard).includes(name), url);
        t.ok(variablesOf(leadsTo!).includes(name), url);
      }
    }
  });
}

t.test('some cells of tables are links', async (t) => {
  t.ok(dashboards.flatMap(panelsOf).flatMap(cellLinks).length >= 3);
});

function overlap({ gridPos: a }: Pick<Panel, 'gridPos'>, { gridPos: b }: Pick<Panel, 'gridPos'>): boolean {
  return a!.x < b!.x + b!.w && b!.x < a!.x + a!.w && a!.y < b!.y + b!.h && b!.y < a!.y + a!.h;
}

function properties(panel: Panel) {
  return (panel.fieldConfig?.overrides ?? []).flatMap((override) => override.properties);
}

function overriddenUnits(panel: Panel): unknown[] {
  return properties(panel)
    .filter(({ id }) => id === 'unit')
    .map(({ value }) => value);
}

/** The ranges that are shown as a word; Grafana takes one without an end for none. */
function mappedRanges(panel: Panel): { from: unknown; to: unknown }[] {
  const overridden = properties(panel).filter(({ id }) => id === 'mappings');
  return [
    panel.fieldConfig?.defaults.mappings ?? [],
    ...overridden.map(({ value }) => value as ValueMapping[]),
  ]
    .flat()
    .map(({ options }) => options as { from: unknown; to: unknown });
}

function cellLinks(panel: Panel): string[] {
  return properties(panel)
    .filter(({ id }) => id === 'links')
    .flatMap(({ value }) => (value as { url: string }[]).map(({ url }) => url));
}

function uidOf(url: string): string | undefined {
  return /^\/d\/([\w-]+)/.exec(url)?.[1];
}

function variablesOf({ templating }: Dashboard): string[] {
  return (templating.list ?? []).map(({ name }) => name);
}
