/**
 * The SDK ships no schemas, only types. They say more than the compiler has checked when the dashboards
 * were made: options of panels are `any` to a dashboard. So the committed JSON is written out as literals,
 * each with the type of its kind, and compiled once more; an unknown property is an error then.
 */
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import t from 'tap';
import { committedDashboards, panelsOf } from '../support/dashboard-expressions.js';
import { temporaryFolder } from '../support/engine-fixture.js';

const SDK = '@grafana/grafana-foundation-sdk';

/** An enumeration's values are strings in JSON; what only marks a type is not in it. */
const PLAIN = `
type Plain<T> = T extends string ? \`\${T}\`
  : T extends readonly (infer Item)[] ? Plain<Item>[]
  : T extends object ? { [Key in keyof T as Key extends '_implementsDataqueryVariant' ? never : Key]: Plain<T[Key]> }
  : T;
`;

function sourceOf(dashboard: Dashboard): string {
  const { panels: _panels, ...rest } = dashboard;
  const annotations =
    rest.annotations.list?.map(({ target, ...annotation }) => ({ annotation, target })) ?? [];
  const types = [...new Set(panelsOf(dashboard).map(({ type }) => type))];
  const literal = (value: unknown, type: string) =>
    `(${JSON.stringify(value, null, 1)}) satisfies Plain<${type}>;`;
  const targets = [
    ...annotations,
    ...panelsOf(dashboard).flatMap(({ targets: own = [] }) => own.map((target) => ({ target }))),
  ]
    .map(({ target }) => target)
    .filter((target) => target !== undefined);
  return [
    `import type * as dashboard from '${SDK}/dashboard';`,
    `import type * as prometheus from '${SDK}/prometheus';`,
    ...types.map((type) => `import type * as ${type} from '${SDK}/${type}';`),
    PLAIN,
    literal(
      { ...rest, annotations: { list: annotations.map(({ annotation }) => annotation) } },
      'dashboard.Dashboard',
    ),
    ...targets.map((target) => literal(target, 'prometheus.Dataquery')),
    ...panelsOf(dashboard).flatMap((panel) => literalsOf(panel, literal)),
  ].join('\n');
}

function literalsOf(panel: Panel, literal: (value: unknown, type: string) => string): string[] {
  const { targets: _targets, options, ...rest } = panel;
  const custom = panel.fieldConfig?.defaults.custom ?? {};
  return [
    literal(rest, 'dashboard.Panel'),
    literal(options, `Partial<${panel.type}.Options>`),
    ...(panel.type === 'stat' ? [] : [literal(custom, `Partial<${panel.type}.FieldConfig>`)]),
  ];
}

/** Compiles sources, each in a file of its name; gives back what the compiler says. */
function compile(
  t: { teardown(clean: () => unknown): unknown },
  sources: ReadonlyMap<string, string>,
): string {
  const folder = temporaryFolder(t);
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const [name, source] of sources) writeFileSync(join(folder, name), source);
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', ''];
  // tap puts itself into NODE_OPTIONS of whatever a test spawns, and the compiler does not start then.
  const command = ['-u', 'NODE_OPTIONS', resolve('node_modules/.bin/tsc'), ...options, ...sources.keys()];
  const { status, stdout, stderr } = spawnSync('env', command, { cwd: folder, encoding: 'utf8' });
  return `${stdout}${stderr}${status === 0 ? '' : `exit code ${status}`}`;
}

t.test('the committed JSON has the types of the SDK', async (t) => {
  const sources = new Map(committedDashboards().map((own) => [`${own.uid}.ts`, sourceOf(own)]));
  t.equal(sources.size, 3);
  t.equal(compile(t, sources), '');
});

t.test('what is not in the types is found', async (t) => {
  const [own] = committedDashboards();
  const source = sourceOf(own);
  const broken = [
    source.replace('"colorMode": "value"', '"colorMode": "colour"'),
    source.replace('"legendFormat":', '"legend":'),
    source.replace('"reduceOptions":', '"reduce":'),
  ];
  for (const text of broken) {
    t.not(text, source);
    t.match(compile(t, new Map([['broken.ts', text]])), /error TS/);
  }
});
