import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { Manifest } from './kubernetes-api.js';

/** The package's root, seen from the compiled module `dist/test/support/prometheus-rule-manifest.js`. */
const RULES_FOLDER = new URL('../../../deploy/prometheus/rules/', import.meta.url);

export const PROMETHEUS_RULE_FILE: string = fileURLToPath(
  new URL('../../../deploy/kubernetes/prometheus-operator/prometheus-rule.yaml', import.meta.url),
);

const HEADER = `# The rules and alerts of deploy/prometheus/rules, for the Prometheus Operator. Do not edit it: edit those, and
#
#     npm run build && node dist/test/deploy/write-prometheus-rule.js
`;

/** The manifest that carries all groups of rules which Prometheus loads from files elsewhere. */
export function prometheusRule(): Manifest {
  const files = readdirSync(RULES_FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
  const groups = files.flatMap((name) => parse(readFileSync(new URL(name, RULES_FOLDER), 'utf8')).groups);
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
