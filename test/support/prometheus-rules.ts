import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './package-root.js';

/** The folder that Prometheus gets. */
export const PROMETHEUS_FOLDER = join(ROOT, 'deploy/prometheus');

/** A recording rule or an alert, as its file has it. */
export interface PrometheusRule {
  /** File and name: unique. */
  readonly where: string;
  readonly kind: 'record' | 'alert';
  readonly name: string;
  readonly group: string;
  readonly expression: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly groups: readonly {
    readonly name: string;
    readonly rules: readonly {
      readonly record?: string;
      readonly alert?: string;
      readonly expr: string;
      readonly labels?: Record<string, string>;
      readonly annotations?: Record<string, string>;
    }[];
  }[];
}

/** Names of the YAML files in a folder of `deploy/prometheus`, sorted. */
export function yamlFilesIn(folder: 'rules' | 'tests'): readonly string[] {
  return readdirSync(join(PROMETHEUS_FOLDER, folder)).sort();
}

/** Every rule of `deploy/prometheus/rules`, in the order of files and groups. */
export function prometheusRules(): readonly PrometheusRule[] {
  return yamlFilesIn('rules').flatMap((file) => {
    const { groups } = parse(readFileSync(join(PROMETHEUS_FOLDER, 'rules', file), 'utf8')) as RuleFile;
    return groups.flatMap((group) =>
      group.rules.map(({ record, alert, expr, labels, annotations }) => {
        const name = record ?? alert ?? '';
        return {
          where: `${file} ${name}`,
          kind: record === undefined ? ('alert' as const) : ('record' as const),
          name,
          group: group.name,
          expression: expr,
          labels: labels ?? {},
          annotations: annotations ?? {},
        };
      }),
    );
  });
}

/**
 * The expressions that have no answer in a healthy system, by `where`, with the reason: all alerts, and none
 * of the recording rules, whatever the source is.
 */
export const EMPTY_WHEN_HEALTHY: ReadonlyMap<string, string> = new Map(
  prometheusRules()
    .filter(({ kind }) => kind === 'alert')
    .map(({ where, annotations }) => [
      where,
      `it has an answer only while this is so: ${annotations.summary}`,
    ]),
);
