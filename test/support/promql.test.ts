import t from 'tap';
import { groupingLabelsOf, metricNamesOf, problemsOf, selectorsOf } from './promql.js';

t.test('the metrics of an expression, whatever stands around them', async (t) => {
  const expressions: readonly (readonly [string, readonly string[]])[] = [
    ['up', ['up']],
    ['rate(upe_rx_packets_total{job="upe"}[5m])', ['upe_rx_packets_total']],
    ['sum by (rule) (b) / on (job) group_left (x) a', ['a', 'b']],
    ['a or a offset 5m', ['a']],
    ['{__name__="level:metric:sum", job=~"x|y"}', ['level:metric:sum']],
    ['max_over_time(rate(a[1m])[10m:15s]) > 0 unless absent(b)', ['a', 'b']],
    ['vector(1) * time()', []],
  ];
  for (const [expression, names] of expressions) {
    t.same(problemsOf(expression), [], expression);
    t.same(metricNamesOf(expression), names, expression);
  }
});

t.test('labels of matchers, and labels that vectors are joined and grouped by', async (t) => {
  const expression = 'sum by (rule, job) (rate(a{rule=~"x", job!=""}[1m])) * on (rule) group_left (match) b';
  t.same(selectorsOf(expression), [
    { metric: 'a', labels: ['rule', 'job'] },
    { metric: 'b', labels: [] },
  ]);
  t.same(groupingLabelsOf(expression), ['job', 'match', 'rule']);
});

t.test('what is not PromQL has problems', async (t) => {
  for (const expression of [
    'sum(',
    'rate(a[5m)',
    'a{job="x"',
    'a b',
    '',
    'a[$__rate_interval]',
    'sum by rule (a)',
  ]) {
    t.not(problemsOf(expression).length, 0, expression);
  }
});
