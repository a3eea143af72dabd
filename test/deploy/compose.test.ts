import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { SETTINGS } from '../../src/config/schema.js';
import { readCompose, type Service } from '../support/compose-file.js';
import { ROOT } from '../support/package-root.js';
import { GRAFANA_NOT_RUN } from '../support/test-images.js';

const DEPLOY = join(ROOT, 'deploy');
const demo = readCompose(['compose.yaml']);
const live = readCompose(['compose.yaml', 'compose.live.yaml']);
const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const SERVICES = ['upe', 'prometheus', 'grafana'];

function yamlOf(path: string) {
  return parse(readFileSync(join(DEPLOY, path), 'utf8'));
}

/** What the file of a mount is called on this machine, or `undefined`. */
function mountedFrom({ volumes = [] }: Service, file: string): string | undefined {
  const mount = volumes.find(({ type, target }) => type === 'bind' && file.startsWith(`${target}/`));
  return mount && join(DEPLOY, mount.source, file.slice(mount.target.length));
}

t.test('images have a version, and are named in one place', async (t) => {
  const images = Object.values(demo['x-images']);
  t.strictSame(
    SERVICES.map((name) => demo.services[name].image),
    images,
  );
  t.equal(images[0], `upe:${version}`);
  for (const image of images.slice(1)) t.match(image, /^[a-z]+\/[a-z]+:v?\d+\.\d+\.\d+$/);
  for (const image of images) {
    const [repository] = image.split(':');
    const naming = ['compose.yaml', 'compose.live.yaml'].flatMap(
      (name) => readFileSync(join(DEPLOY, name), 'utf8').match(new RegExp(`\\s${repository}:\\S`, 'g')) ?? [],
    );
    t.equal(naming.length, 1, image);
  }
  t.match(dockerfile, /^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-bookworm-slim$/m);
  t.match(dockerfile, new RegExp(`^ARG UPE_VERSION=${version}$`, 'm'));
});

for (const [stack, { services }] of Object.entries({ demo, live })) {
  t.test(`${stack}: every service is hardened`, async (t) => {
    t.strictSame(Object.keys(services), SERVICES);
    for (const [name, service] of Object.entries(services)) {
      t.equal(service.read_only, true, `${name}: read-only root`);
      t.strictSame(service.cap_drop, ['ALL'], `${name}: all capabilities dropped`);
      const added = stack === 'live' && name === 'upe' ? ['NET_RAW', 'SETUID', 'SETGID'] : undefined;
      t.strictSame(service.cap_add, added, `${name}: only the capabilities needed`);
      t.strictSame(service.security_opt, ['no-new-privileges:true'], name);
      t.equal(service.restart, stack === 'live' ? 'unless-stopped' : 'on-failure:3', name);
      t.match(service.mem_limit, /^\d+[mg]$/, `${name}: limit of memory`);
      t.ok(service.pids_limit, `${name}: limit of threads`);
      t.equal(service.healthcheck?.test[0], 'CMD', `${name}: health check`);
      t.match(service.ports, [/^127\.0\.0\.1:\d+:\d+$/], `${name}: published on the loopback address`);
      for (const { type, read_only } of service.volumes ?? []) {
        t.equal(read_only ?? false, type === 'bind', `${name}: it cannot change this machine's files`);
      }
    }
  });

  t.test(`${stack}: what is mounted is there`, async (t) => {
    for (const service of Object.values(services)) {
      for (const { type, source } of service.volumes ?? []) {
        if (type === 'bind') t.ok(existsSync(join(DEPLOY, source)), source);
      }
    }
    const { upe, prometheus, grafana } = services;
    for (const [service, file] of [
      [upe, upe.environment!.UPE_RULES_FILE!],
      [prometheus, prometheus.command![0].replace('--config.file=', '')],
      [grafana, grafana.environment!.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH!],
      [grafana, `${grafana.environment!.GF_PATHS_PROVISIONING}/datasources`],
      [grafana, `${grafana.environment!.GF_PATHS_PROVISIONING}/dashboards`],
    ] as const) {
      const found = mountedFrom(service, file);
      t.ok(found !== undefined && existsSync(found), file);
    }
  });

  t.test(`${stack}: UPE's variables exist`, async (t) => {
    const known: string[] = Object.values(SETTINGS).map(({ env }) => env);
    const unknown = Object.keys(services.upe.environment!).filter((name) => !known.includes(name));
    t.strictSame(unknown, []);
  });
}

t.test('live: all three are on the host, and listen on the loopback address alone', async (t) => {
  const { upe, prometheus, grafana } = readCompose(['compose.yaml', 'compose.live.yaml'], {
    PROMETHEUS_PORT: '19090',
  }).services;
  for (const service of [upe, prometheus, grafana]) t.equal(service.network_mode, 'host');
  t.equal(upe.environment!.UPE_HTTP_HOST, '127.0.0.1');
  t.equal(prometheus.command!.at(-1), '--web.listen-address=127.0.0.1:19090');
  t.strictSame(
    prometheus.command!.slice(0, -1),
    demo.services.prometheus.command,
    'otherwise as in the demo',
  );
  t.equal(grafana.environment!.GF_SERVER_HTTP_ADDR, '127.0.0.1');
  t.equal(grafana.environment!.PROMETHEUS_URL, 'http://127.0.0.1:19090');
  t.equal(upe.user, '0:0', 'capabilities are given to root only');
});

t.test('the Dockerfile has the health check of the Compose file', async (t) => {
  const { test, ...times } = demo.services.upe.healthcheck!;
  t.strictSame(times, { interval: '10s', timeout: '5s', start_period: '20s', retries: 3 });
  const options = Object.entries(times).map(([name, value]) => `--${name.replace('_', '-')}=${value}`);
  const words = test.slice(1).map((word) => `"${word}"`);
  t.ok(dockerfile.includes(`\nHEALTHCHECK ${options.join(' ')} CMD [${words.join(', ')}]\n`));
});

t.test('Grafana: nobody logs in, and everybody may look', async (t) => {
  t.match(demo.services.grafana.environment, {
    GF_AUTH_ANONYMOUS_ENABLED: 'true',
    GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
    GF_AUTH_BASIC_ENABLED: 'false',
    GF_AUTH_DISABLE_LOGIN_FORM: 'true',
    GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: 'true',
  });
});

t.test('Grafana: what is provisioned', async (t) => {
  t.comment(GRAFANA_NOT_RUN);
  const { datasources, ...aboutSources } = yamlOf('grafana/provisioning/datasources/prometheus.yaml');
  t.strictSame(aboutSources, { apiVersion: 1 });
  t.equal(datasources.length, 1);
  const [{ url, jsonData, ...source }] = datasources;
  t.strictSame(source, {
    name: 'Prometheus',
    uid: 'prometheus',
    type: 'prometheus',
    access: 'proxy',
    isDefault: true,
    editable: false,
  });
  for (const { services } of [demo, live]) {
    t.match(services.grafana.environment![url.slice(1)], /^http:\/\/[a-z0-9.]+:9090$/, url);
  }
  const { global, scrape_configs } = yamlOf('prometheus/prometheus.yaml');
  t.strictSame(jsonData, { httpMethod: 'POST', timeInterval: global.scrape_interval });
  t.strictSame(
    scrape_configs.map(({ static_configs }: { static_configs: unknown }) => static_configs),
    [[{ targets: ['upe:9912'] }]],
  );

  const { providers, ...aboutDashboards } = yamlOf('grafana/provisioning/dashboards/upe.yaml');
  t.strictSame(aboutDashboards, { apiVersion: 1 });
  t.equal(providers.length, 1);
  t.equal(providers[0].type, 'file');
  const folder = mountedFrom(demo.services.grafana, `${providers[0].options.path}/`);
  t.equal(folder, join(ROOT, 'dashboards/'));
  const dashboards = readdirSync(folder!).filter((name) => name.endsWith('.json'));
  t.strictSame(dashboards.sort(), ['upe-overview.json', 'upe-pipeline.json', 'upe-rules.json']);
});
