import * as operator from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import * as apps from 'kubernetes-models/apps/v1';
import * as core from 'kubernetes-models/v1';

/** An object of the Kubernetes API as a manifest has it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: unknown;
}

/** A class of API objects. Its instances are copies of manifests; its `validate` looks at any object. */
interface Model {
  readonly prototype: { validate(): void };
}

const MODELS: Readonly<Record<string, Model>> = {
  'v1/Namespace': core.Namespace,
  'v1/ConfigMap': core.ConfigMap,
  'apps/v1/DaemonSet': apps.DaemonSet,
  'monitoring.coreos.com/v1/PodMonitor': operator.PodMonitor,
  'monitoring.coreos.com/v1/PrometheusRule': operator.PrometheusRule,
};

/**
 * What the API would refuse in a manifest: what its schema refuses, and fields that it does not know, which
 * the schema alone would let pass as the API server does without strict validation.
 *
 * @returns one line a problem.
 */
export function manifestProblems(manifest: Manifest): string[] {
  const model = MODELS[`${manifest.apiVersion}/${manifest.kind}`];
  if (model === undefined) return [`there is no kind ${manifest.kind} in ${manifest.apiVersion}`];
  const unread = new Set<string>();
  try {
    model.prototype.validate.call(watchReads(manifest, '', unread));
  } catch (error) {
    return [(error as Error).message];
  }
  return [...unread].map((path) => `${path}: the API has no such field`);
}

/**
 * The same value, which notes what nobody reads of it. The validators are compiled: they read each field that
 * the schema names, and all of a map, and nothing else.
 */
function watchReads(value: unknown, path: string, unread: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const fields = Array.isArray(value) ? [] : Object.keys(value);
  for (const field of fields) unread.add(`${path}/${field}`);
  const children = new Map<string, unknown>();
  return new Proxy(value, {
    get(target, field, receiver) {
      const child: unknown = Reflect.get(target, field, receiver);
      if (typeof field === 'symbol' || !Object.hasOwn(target, field)) return child;
      const childPath = `${path}/${field}`;
      unread.delete(childPath);
      if (!children.has(field)) children.set(field, watchReads(child, childPath, unread));
      return children.get(field);
    },
  });
}
