import t from 'tap';
import { Exposer } from '../../src/stats/exposition.js';
import { METRIC_FAMILIES } from '../../src/stats/metric-families.js';
import { EngineStandIn } from '../stats/engine-stand-in.js';
import {
  dashboardExpressions,
  EMPTY_WHEN_HEALTHY,
  EVERYTHING,
  fillIn,
} from '../support/dashboard-expressions.js';
import { groupingLabelsOf, metricNamesOf, problemsOf, selectorsOf } from '../support/promql.js';
import { rendered } from '../support/rendered.js';
import { Scrape } from '../support/scrape.js';

/** What Prometheus adds to every series. */
const TARGET_LABELS = ['job', 'instance'];

const expressions = dashboardExpressions().map(({ where, expression }) => ({
  where,
  expression: fillIn(expression, EVERYTHING),
}));

/** The labels of every metric that a live UPE exports, and of what Prometheus itself knows of it. */
async function exportedLabels(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const engine = new EngineStandIn();
  const { text } = await rendered(new Exposer(engine.state), false);
  engine.stop();
  const labels = new Map<string, Set<string>>([['up', new Set(TARGET_LABELS)]]);
  for (const series of new Scrape(text).values.keys()) {
    const [name] = series.split('{', 1);
    const own = labels.get(name) ?? new Set(TARGET_LABELS);
    for (const [, label] of series.slice(name.length).matchAll(/[{,](\w+)="/g)) own.add(label);
    labels.set(name, own);
  }
  return labels;
}

t.test('each expression has a name of its own', async (t) => {
  t.ok(expressions.length > 100);
  t.equal(new Set(expressions.map(({ where }) => where)).size, expressions.length);
});

t.test('expressions are PromQL about metrics and labels that exist', async (t) => {
  const exported = await exportedLabels();
  for (const { where, expression } of expressions) {
    t.same(problemsOf(expression), [], `${where}: ${expression}`);
    const known = new Set<string>();
    for (const { metric, labels } of selectorsOf(expression)) {
      const own = exported.get(metric);
      if (own === undefined) {
        t.fail(`${where}: there is no metric ${metric}`);
        continue;
      }
      for (const label of labels) t.ok(own.has(label), `${where}: ${metric} has ${label}`);
      for (const label of own) known.add(label);
    }
    for (const label of groupingLabelsOf(expression)) t.ok(known.has(label), `${where}: by ${label}`);
  }
});

t.test('every selector holds to the chosen jobs and instances', async (t) => {
  const selections = new Map([
    ['variable job', []],
    ['variable instance', ['job']],
  ]);
  for (const { where, expression } of expressions) {
    const needed = selections.get(where.replace(/^[\w-]+: /, '')) ?? TARGET_LABELS;
    for (const { metric, labels } of selectorsOf(expression)) {
      for (const label of needed) t.ok(labels.includes(label), `${where}: ${metric} by ${label}`);
    }
  }
});

t.test('instances are told apart by their job as well: two jobs may scrape one host', async (t) => {
  for (const { where, expression } of expressions) {
    for (const [grouping, labels] of expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g)) {
      if (labels.includes('instance')) t.ok(labels.includes('job'), `${where}: ${grouping}`);
    }
  }
});

t.test('what the kernel dropped at an interface is in no sum of losses: UPE may have read it', async (t) => {
  const sums = [
    'upe-overview: Packets lost',
    'upe-overview: Instances / Lost',
    'upe-pipeline: Lost per second',
  ];
  const lost = expressions.filter(({ where }) => sums.includes(where));
  t.equal(lost.length, sums.length);
  for (const { where, expression } of lost) {
    t.notOk(metricNamesOf(expression).includes('upe_interface_receive_dropped_packets_total'), where);
  }
});

t.test('counters are shown as rates over a window that fits the zoom, or as totals', async (t) => {
  for (const { where, expression } of dashboardExpressions()) {
    for (const [, window] of expression.matchAll(/\[([^\]]*)\]/g)) {
      t.ok(['$__rate_interval', '$__range', '$__range:'].includes(window), `${where}: [${window}]`);
    }
  }
});

t.test('every metric of UPE is shown somewhere', async (t) => {
  const shown = new Set(
    expressions.flatMap(({ expression }) =>
      metricNamesOf(expression).map((name) => name.replace(/_(bucket|sum|count)$/, '')),
    ),
  );
  for (const { name } of METRIC_FAMILIES) t.ok(shown.has(name), name);
});

t.test('expressions that may be empty exist, and each has a reason', async (t) => {
  for (const [where, reason] of EMPTY_WHEN_HEALTHY) {
    t.ok(
      expressions.some((own) => own.where === where),
      where,
    );
    t.match(reason, /^\S.{10,}/);
  }
});

t.test('filling in: every form of a variable, and nothing for one that has no value', async (t) => {
  const braced = (text: string) => `$${`{${text}}`}`;
  t.equal(
    fillIn(`a{b=~"$b", c=~"${braced('c:regex')}"}[${braced('d')}]`, { b: 'x', c: 'y', d: '5m' }),
    'a{b=~"x", c=~"y"}[5m]',
  );
  t.throws(() => fillIn('a{b="$b"}', {}), /nothing to fill in for b/);
});
