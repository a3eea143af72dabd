import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Manifest } from './kubernetes-api.js';
import { ROOT } from './package-root.js';
import { PROMETHEUS_FOLDER, yamlFilesIn } from './prometheus-rules.js';

export const PROMETHEUS_RULE_FILE = join(ROOT, 'deploy/kubernetes/prometheus-operator/prometheus-rule.yaml');

const HEADER = `# The rules and alerts of deploy/prometheus/rules, for the Prometheus Operator. Do not edit it: edit those, and
#
#     npm run build && node dist/test/deploy/write-prometheus-rule.js
`;

/** The manifest that carries all groups of rules which Prometheus loads from files elsewhere. */
export function prometheusRule(): Manifest {
  const groups = yamlFilesIn('rules').flatMap(
    (name) => parse(readFileSync(join(PROMETHEUS_FOLDER, 'rules', name), 'utf8')).groups,
  );
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'upe', labels: { 'app.kubernetes.io/name': 'upe' } },
    spec: { groups },
  };
}

/** The same as the text of a file. */
export function prometheusRuleText(): string {
  return HEADER + stringify(prometheusRule(), { lineWidth: 0 });
}
