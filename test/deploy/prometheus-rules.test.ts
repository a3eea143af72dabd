import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { DROP_REASONS, TRANSMIT_FAILURES } from '../../src/counters/catalogue.js';
import { METRIC_FAMILIES } from '../../src/stats/metric-families.js';
import {
  EMPTY_WHEN_HEALTHY,
  PROMETHEUS_FOLDER,
  prometheusRules,
  yamlFilesIn,
} from '../support/prometheus-rules.js';
import { metricNamesOf, problemsOf } from '../support/promql.js';

const RULES = prometheusRules();
const ALERTS = RULES.filter(({ kind }) => kind === 'alert');
const RECORDS = RULES.filter(({ kind }) => kind === 'record');

const promtool = spawnSync('promtool', ['--version']).error ? 'promtool is not installed' : false;

/** Runs promtool in the folder that Prometheus gets. */
function runPromtool(...args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    cwd: PROMETHEUS_FOLDER,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

t.test('promtool accepts the configuration, with every rule file', { skip: promtool }, async (t) => {
  const { status, output } = runPromtool('check', 'config', 'prometheus.yaml');
  t.equal(status, 0, output);
  for (const file of yamlFilesIn('rules')) t.match(output, `Checking rules/${file}`);
});

t.test('promtool accepts the rules, lint included', { skip: promtool }, async (t) => {
  const files = yamlFilesIn('rules').map((file) => `rules/${file}`);
  const { status, output } = runPromtool('check', 'rules', '--lint=all', '--lint-fatal', ...files);
  t.equal(status, 0, output);
});

for (const file of yamlFilesIn('tests')) {
  t.test(`promtool test rules tests/${file}`, { skip: promtool }, async (t) => {
    const { status, output } = runPromtool('test', 'rules', `tests/${file}`);
    t.equal(status, 0, output);
  });
}

/** The parts of a test file of promtool that say what was looked at. */
interface PromtoolTests {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly {
      readonly alertname: string;
      readonly exp_alerts?: readonly unknown[];
    }[];
    readonly promql_expr_test?: readonly {
      readonly expr: string;
      readonly exp_samples?: readonly unknown[];
    }[];
  }[];
}

const PROMTOOL_TESTS = yamlFilesIn('tests').flatMap(
  (file) => (parse(readFileSync(join(PROMETHEUS_FOLDER, 'tests', file), 'utf8')) as PromtoolTests).tests,
);

t.test('each alert is tested firing and not firing', async (t) => {
  const looks = PROMTOOL_TESTS.flatMap(({ alert_rule_test }) => alert_rule_test ?? []);
  for (const { name } of ALERTS) {
    const counts = looks
      .filter(({ alertname }) => alertname === name)
      .map(({ exp_alerts }) => exp_alerts?.length ?? 0);
    t.ok(counts.includes(0), `${name}, not firing`);
    t.ok(
      counts.some((count) => count > 0),
      `${name}, firing`,
    );
  }
  const known = new Set(ALERTS.map(({ name }) => name));
  t.strictSame(
    looks.filter(({ alertname }) => !known.has(alertname)),
    [],
    'and no other',
  );
});

t.test('each recording rule is tested', async (t) => {
  const looks = PROMTOOL_TESTS.flatMap(({ promql_expr_test }) => promql_expr_test ?? []);
  for (const { name } of RECORDS) {
    const found = looks.some(
      ({ expr, exp_samples }) => (exp_samples?.length ?? 0) > 0 && metricNamesOf(expr).includes(name),
    );
    t.ok(found, name);
  }
});

t.test('each alert says how bad it is, what it is, and what to do first', async (t) => {
  for (const { name, labels, annotations } of ALERTS) {
    t.match(name, /^Upe[A-Z]/);
    t.match(labels.severity, /^(critical|warning|info)$/, `${name}: severity`);
    t.match(annotations.summary, /\S/, `${name}: summary`);
    t.match(annotations.description, /First /, `${name}: a description that says what to do first`);
  }
});

/** What expressions may read beside UPE's own: Prometheus' word on a target, and prom-client's. */
const OTHERS = ['up', 'process_start_time_seconds'];

t.test('expressions are PromQL over metrics that exist', async (t) => {
  const known = new Set([
    ...METRIC_FAMILIES.map(({ name }) => name),
    ...METRIC_FAMILIES.filter(({ type }) => type === 'histogram').map(({ name }) => `${name}_bucket`),
    ...RECORDS.map(({ name }) => name),
    ...OTHERS,
  ]);
  for (const { where, expression } of RULES) {
    t.strictSame(problemsOf(expression), [], where);
    const names = metricNamesOf(expression);
    t.ok(names.length > 0, `${where} reads something`);
    for (const name of names) t.ok(known.has(name), `${where} reads ${name}`);
  }
});

t.test('each way of losing packets has an alert of its own', async (t) => {
  const selectorsWith = (reason: string) =>
    ALERTS.filter(({ expression }) => expression.includes(`reason="${reason}"`)).map(({ name }) => name);
  for (const reason of DROP_REASONS) t.equal(selectorsWith(reason).length, 1, reason);
  // Only a replay lacks a transmitter, and Prometheus does not see it.
  for (const reason of TRANSMIT_FAILURES.filter((word) => word !== 'no_transmitter')) {
    t.equal(selectorsWith(reason).length, 1, reason);
  }
  for (const metric of [
    'upe_rx_kernel_dropped_packets_total',
    'upe_interface_receive_missed_packets_total',
    'upe_interface_receive_dropped_packets_total',
  ]) {
    const alerts = ALERTS.filter(({ expression }) => metricNamesOf(expression).includes(metric));
    t.equal(alerts.length, 1, metric);
  }
});

t.test('names are unique, groups across files as well, and recorded ones say their level', async (t) => {
  const wheres = RULES.map(({ name }) => name);
  t.equal(new Set(wheres).size, wheres.length);
  for (const { name } of RECORDS) t.match(name, /^[a-z_]+:upe_[a-z0-9_]+:[a-z0-9_]+$/);
  // In Kubernetes all groups are in one object.
  const files = new Map<string, Set<string>>();
  for (const { where, group } of RULES) {
    files.set(group, (files.get(group) ?? new Set()).add(where.split(' ', 1)[0]));
  }
  for (const [group, own] of files) t.equal(own.size, 1, `${group} is in one file`);
});

t.test('only alerts are empty in a healthy system, each with a reason', async (t) => {
  t.strictSame(
    [...EMPTY_WHEN_HEALTHY.keys()],
    ALERTS.map(({ where }) => where),
  );
  for (const reason of EMPTY_WHEN_HEALTHY.values()) t.match(reason, /: \S/);
});
