import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import t from 'tap';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { loadRuleFile } from '../../src/rules/rule-file.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { type Manifest, manifestProblems } from '../support/kubernetes-api.js';
import { ROOT } from '../support/package-root.js';
import { PROMETHEUS_RULE_FILE, prometheusRuleText } from '../support/prometheus-rule-manifest.js';

const FOLDER = join(ROOT, 'deploy/kubernetes');

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.[a-z]+$/.test(path))
  .sort();
const kustomizations = files.filter((path) => path.endsWith('kustomization.yaml'));

interface Generator {
  readonly name: string;
  readonly files?: readonly string[];
  readonly envs?: readonly string[];
  readonly options?: { readonly disableNameSuffixHash?: boolean };
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly namespace?: string;
  readonly images?: readonly { readonly name: string; readonly newTag: string }[];
  readonly configMapGenerator?: readonly Generator[];
}

function read(path: string): string {
  return readFileSync(join(FOLDER, path), 'utf8');
}

/** The part of a pod that these tests look at. */
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly resources: { readonly requests: object; readonly limits: { readonly memory?: string } };
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
  }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string; readonly host?: string };
}

const daemonSet = parse(read('upe/daemonset.yaml'));
const pod = daemonSet.spec.template.spec;
const container: Container = pod.containers[0];
const upe: Kustomization = parse(read('upe/kustomization.yaml'));

/** The variables that the container gets, where they are known before it runs. */
function environment(): Record<string, string> {
  const settings = read('upe/settings.env')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  const fixed = container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
  return Object.fromEntries([...settings, ...fixed]);
}

for (const path of files.filter((path) => path.endsWith('.yaml') && !kustomizations.includes(path))) {
  if (path === 'upe/rules.yaml') continue;
  t.test(`${path} is what the API knows`, (t) => {
    for (const document of parseAllDocuments(read(path))) {
      t.strictSame(document.errors, []);
      t.strictSame(manifestProblems(document.toJS() as Manifest), []);
    }
    t.end();
  });
}

t.test('a manifest with a mistake is found', (t) => {
  const wrong = structuredClone(daemonSet);
  wrong.spec.template.spec.hostNetwrok = true;
  t.strictSame(manifestProblems(wrong), ['/spec/template/spec/hostNetwrok: the API has no such field']);
  wrong.spec.template.spec.hostNetwork = 'yes';
  t.match(manifestProblems(wrong), [/hostNetwork must be boolean/]);
  t.strictSame(manifestProblems({ ...daemonSet, kind: 'DemonSet' }), [
    'there is no kind DemonSet in apps/v1',
  ]);
  t.end();
});

t.test('the kustomizations list every file, and no file that is not there', (t) => {
  const listed = kustomizations.flatMap((path) => {
    const { resources, configMapGenerator = [] }: Kustomization = parse(read(path));
    const generated = configMapGenerator.flatMap(({ files = [], envs = [] }) => [...files, ...envs]);
    return [...resources, ...generated].map((entry) => {
      const target = relative(FOLDER, join(FOLDER, dirname(path), entry));
      return /\.[a-z]+$/.test(target) ? target : join(target, 'kustomization.yaml');
    });
  });
  t.strictSame([...listed, 'kustomization.yaml'].sort(), files);
  t.end();
});

t.test('the rules of the operator are those of the files', (t) => {
  t.equal(
    readFileSync(PROMETHEUS_RULE_FILE, 'utf8'),
    prometheusRuleText(),
    'when not: npm run build && node dist/test/deploy/write-prometheus-rule.js',
  );
  const { groups } = parse(read('prometheus-operator/prometheus-rule.yaml')).spec;
  const names = groups.map(({ name }: { name: string }) => name);
  t.equal(new Set(names).size, names.length, 'no two groups share a name');
  t.end();
});

t.test('the pod: the host’s network, and as little else of it as can be', (t) => {
  t.equal(pod.hostNetwork, true);
  t.equal(pod.enableServiceLinks, false);
  t.equal(pod.automountServiceAccountToken, false);
  t.equal(pod.hostPID, undefined);
  t.equal(pod.hostIPC, undefined);
  t.strictSame(pod.securityContext, { seccompProfile: { type: 'RuntimeDefault' } });
  t.equal(pod.containers.length, 1);
  t.strictSame(container.securityContext, {
    runAsUser: 0,
    runAsGroup: 0,
    capabilities: { drop: ['ALL'], add: ['NET_RAW', 'SETUID', 'SETGID'] },
    allowPrivilegeEscalation: false,
    privileged: false,
    readOnlyRootFilesystem: true,
  });
  t.ok(container.resources.limits.memory);
  t.strictSame(Object.keys(container.resources.requests), ['cpu', 'memory']);
  t.strictSame(
    pod.volumes.filter((volume: object) => 'hostPath' in volume),
    [],
  );
  const { labels } = parse(read('upe/namespace.yaml')).metadata;
  t.equal(labels['pod-security.kubernetes.io/enforce'], 'privileged', 'admission lets such a pod in');
  t.end();
});

t.test('its settings are those of UPE, and its rules are valid', (t) => {
  const env = environment();
  // The node's address comes from the kubelet.
  const config = loadConfig({ ...env, UPE_HTTP_HOST: '192.0.2.10' }, {});
  t.equal(config.source, 'afpacket');
  t.equal(config.rulesWatch, true);
  t.equal(config.user, null, 'root becomes nobody');
  t.strictSame(container.env.find(({ name }) => name === 'UPE_HTTP_HOST')?.valueFrom, {
    fieldRef: { fieldPath: 'status.hostIP' },
  });
  t.strictSame(container.args, ['run']);

  const mount = container.volumeMounts[0];
  t.equal(config.rulesFile, join(mount.mountPath, 'rules.yaml'));
  t.equal(mount.subPath, undefined, 'a file that is mounted with subPath is never updated');
  t.strictSame(pod.volumes, [{ name: mount.name, configMap: { name: 'upe-rules' } }]);
  const rules = loadRuleFile(join(FOLDER, 'upe/rules.yaml'));
  t.ok(rules.rules.length > 5);
  t.ok(
    rules.rules.every(({ action }) => action === 'count'),
    'an example touches nothing',
  );
  t.end();
});

t.test('what points to something else points to what is there', (t) => {
  const generators = new Map(upe.configMapGenerator?.map((generator) => [generator.name, generator]));
  const rules = generators.get('upe-rules');
  t.equal(rules?.options?.disableNameSuffixHash, true, 'updated in place, so that running pods see it');
  t.strictSame(rules?.files, ['rules.yaml']);
  const settings = generators.get(container.envFrom[0].configMapRef.name);
  t.not(settings?.options?.disableNameSuffixHash, true, 'other settings start the pods anew');
  t.equal(upe.images?.[0].name, container.image);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  t.equal(upe.images?.[0].newTag, version);

  const [port] = container.ports;
  t.equal(environment().UPE_HTTP_PORT, String(port.containerPort));
  for (const [probe, path] of [
    [container.livenessProbe, '/-/healthy'],
    [container.readinessProbe, '/-/ready'],
  ] as const) {
    t.strictSame(probe.httpGet, { path, port: port.name });
  }
  const monitor = parse(read('prometheus-operator/pod-monitor.yaml')).spec;
  const { labels } = daemonSet.spec.template.metadata;
  t.strictSame(monitor.selector.matchLabels, labels);
  t.strictSame(daemonSet.spec.selector.matchLabels, labels);
  t.equal(monitor.podMetricsEndpoints[0].port, port.name);
  t.equal(labels[monitor.jobLabel], 'upe', 'the job that the alerts go by');
  for (const path of kustomizations.filter((path) => path.includes('/'))) {
    t.equal(parse(read(path)).namespace, 'upe', path);
  }
  t.end();
});

const noKubectl =
  spawnSync('kubectl', ['version', '--client']).status !== 0 &&
  'kubectl is not installed: nothing else builds them';

/** What kubectl makes of a kustomization. */
function build(folder: string): Manifest[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}

t.test('kubectl builds them all', { skip: noKubectl }, (t) => {
  const built = build(FOLDER);
  t.strictSame(built.flatMap(manifestProblems), []);
  t.strictSame(
    built.map(({ kind, metadata }) => `${kind} ${metadata.name.replace(/-[a-z0-9]{10}$/, '-HASH')}`),
    [
      'Namespace upe',
      'ConfigMap upe-rules',
      'ConfigMap upe-settings-HASH',
      'DaemonSet upe',
      'PodMonitor upe',
      'PrometheusRule upe',
    ],
  );
  t.equal(build(join(FOLDER, 'upe')).length, 4, 'without the operator');
  t.end();
});

t.test('kubectl builds an overlay of them, as the README shows it', { skip: noKubectl }, (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'overlay'));
  writeFileSync(join(folder, 'overlay/rules.yaml'), 'rules: []\n');
  const overlay = {
    resources: [relative(join(folder, 'overlay'), FOLDER)],
    images: [{ name: 'upe', newName: 'registry.example/upe', newTag: '9' }],
    configMapGenerator: [
      { name: 'upe-settings', namespace: 'upe', behavior: 'merge', literals: ['UPE_INTERFACE=ens5'] },
      {
        name: 'upe-rules',
        namespace: 'upe',
        behavior: 'replace',
        files: ['rules.yaml'],
        options: { disableNameSuffixHash: true },
      },
    ],
  };
  writeFileSync(join(folder, 'overlay/kustomization.yaml'), JSON.stringify(overlay));
  const built = build(join(folder, 'overlay'));
  const find = (kind: string, name: string): Record<string, never> =>
    built.find((one) => one.kind === kind && one.metadata.name.startsWith(name)) as never;
  t.match(find('ConfigMap', 'upe-settings'), { data: { UPE_SOURCE: 'afpacket', UPE_INTERFACE: 'ens5' } });
  t.strictSame(find('ConfigMap', 'upe-rules').data, { 'rules.yaml': 'rules: []\n' });
  const [{ image, envFrom }] = (find('DaemonSet', 'upe').spec as typeof daemonSet.spec).template.spec
    .containers;
  t.equal(image, 'registry.example/upe:9');
  t.match(envFrom[0].configMapRef.name, /^upe-settings-[a-z0-9]{10}$/);
  t.end();
});
