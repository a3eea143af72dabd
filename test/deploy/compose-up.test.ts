import { chmodSync, copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  Container,
  ContainerEngine,
  containersMissing,
  PODMAN_REST_MS,
} from '../support/container-engine.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { freePort } from '../support/free-port.js';
import { ROOT } from '../support/package-root.js';
import { accountOf, NO_CAPABILITY } from '../support/process-account.js';
import { PROMETHEUS_REST_MS, PrometheusServer } from '../support/prometheus-server.js';
import { Scrape } from '../support/scrape.js';
import { buildPrometheusImage, buildUpeImage, GRAFANA_NOT_RUN } from '../support/test-images.js';
import { eventually, type TestScope } from '../support/upe-process.js';

// The first run on a machine makes the base image.
// The first of these tests on a machine makes the base of the images, and the others wait for it.
t.setTimeout(600_000);

const skip = containersMissing();
const LABEL = 'io.podman.compose.project';
let engine: ContainerEngine;

t.test('the images are there', { skip }, async (t) => {
  engine = new ContainerEngine();
  await buildUpeImage(t, engine);
  await buildPrometheusImage(t, engine);
  t.comment('Prometheus is the one of Debian, under the name of its image');
  t.comment(GRAFANA_NOT_RUN);
});

interface Stack {
  readonly upe: Container;
  readonly prometheus: Container;
  readonly upeUrl: string;
  /** What answers in `prometheus`. */
  readonly prometheusServer: PrometheusServer;
}

let stacks = 0;

/**
 * Brings up deploy/compose.yaml without Grafana. All of it goes when the test ends.
 *
 * @param env variables of the shell.
 */
async function composeUp(t: TestScope, env: Readonly<Record<string, string>> = {}): Promise<Stack> {
  const project = `upe-test-${process.pid}-${stacks++}`;
  t.teardown(() => removeProject(project));
  const [upePort, prometheusPort] = [await freePort(), await freePort()];
  const ports = { METRICS_PORT: `${upePort}`, PROMETHEUS_PORT: `${prometheusPort}` };
  const args = ['-p', project, '-f', 'deploy/compose.yaml', 'up', '-d', '--no-build', 'upe', 'prometheus'];
  const { stdout, stderr } = await engine.run(t, 'podman-compose', args, {
    cwd: ROOT,
    env: { ...ports, ...env },
  });
  // Its own exit code says nothing; it prints those of podman.
  if (/^exit code: [1-9]/m.test(stdout + stderr)) throw new Error(stdout + stderr);
  return {
    upe: new Container(engine, `${project}_upe_1`),
    prometheus: new Container(engine, `${project}_prometheus_1`),
    upeUrl: `http://127.0.0.1:${upePort}`,
    prometheusServer: new PrometheusServer(`http://127.0.0.1:${prometheusPort}`),
  };
}

async function removeProject(project: string): Promise<void> {
  const scope = { teardown: () => undefined };
  const filter = `--filter=label=${LABEL}=${project}`;
  for (const [what, list] of [
    ['rm', ['ps', '--all']],
    ['volume rm', ['volume', 'ls']],
    ['network rm', ['network', 'ls']],
  ] as const) {
    const found = (await engine.ask(scope, ...list, '--quiet', filter)).split('\n').filter((id) => id !== '');
    if (found.length > 0) await engine.ask(scope, ...what.split(' '), '--force', ...found);
  }
}

async function scrape(url: string): Promise<Scrape> {
  return new Scrape(await (await fetch(`${url}/metrics`)).text());
}

t.test('UPE and the Prometheus that scrapes it', { skip }, async (t) => {
  const { upe, prometheus, upeUrl, prometheusServer } = await composeUp(t);
  await upe.waitForLog(t, 'metrics at http://');

  await t.test('UPE is ready, and Prometheus has it', async (t) => {
    t.equal((await fetch(`${upeUrl}/-/ready`)).status, 200);
    const hasSome = async (expression: string) => (await prometheusServer.query(expression)).length > 0;
    const isUp = () => hasSome('up{job="upe"} == 1').catch(() => false);
    await eventually('scrape', isUp, PROMETHEUS_REST_MS);
    // The first scrape may have come before the first packet.
    await eventually('packets', () => hasSome('sum(upe_rx_packets_total) > 0'), PROMETHEUS_REST_MS);
    const rules = await prometheusServer.rules();
    t.ok(rules.length > 0, `${rules.length} recording rules and alerts are loaded`);
    t.strictSame(
      rules.filter(({ health }) => health === 'err').map(({ name }) => name),
      [],
    );
  });

  for (const container of [upe, prometheus]) {
    await t.test(`${container === upe ? 'UPE' : 'Prometheus'} is healthy and hardened`, async (t) => {
      await eventually('health', async () => (await container.health(t)).exitCode === 0, PODMAN_REST_MS);
      t.strictSame(accountOf(t, await container.pid(t)).capabilities, NO_CAPABILITY);
      t.equal(await container.inspect(t, '.HostConfig.ReadonlyRootfs'), 'true');
      t.match((await container.exec(t, 'touch', '/etc/file')).stderr, /Read-only file system/);
      t.not(await container.inspect(t, '.HostConfig.Memory'), '0', 'limit of memory');
      t.equal(await container.inspect(t, '.HostConfig.RestartPolicy.Name'), 'on-failure');
    });
  }

  await t.test('UPE goes on when Prometheus has gone, and ends with 0', async (t) => {
    t.equal(await prometheus.stop(t), 0);
    const before = (await scrape(upeUrl)).sum('upe_rx_packets_total');
    await eventually('packet', async () => (await scrape(upeUrl)).sum('upe_rx_packets_total') > before);
    t.equal((await upe.health(t)).exitCode, 0, 'healthy');
    t.equal(await upe.stop(t), 0);
    t.match((await upe.logs(t)).stdout, /"holds":true.*every packet is accounted for/);
  });
});

/** A folder of rules that UPE may read, with the example in it. */
function rulesFolder(t: TestScope): string {
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  copyFileSync(join(ROOT, 'deploy/rules/example.yaml'), join(folder, 'example.yaml'));
  return folder;
}

t.test('a rule file that becomes invalid while it is mounted', { skip }, async (t) => {
  const folder = rulesFolder(t);
  const { upe, upeUrl } = await composeUp(t, { RULES_FOLDER: folder });
  await upe.waitForLog(t, 'metrics at http://');
  const reload = async (text: string, succeeds: 0 | 1) => {
    // As an editor does it: a new file in the place of the old one.
    writeFileSync(join(folder, 'new.yaml'), text);
    renameSync(join(folder, 'new.yaml'), join(folder, 'example.yaml'));
    return eventually(`reload that ${succeeds ? 'succeeds' : 'fails'}`, async () => {
      const now = await scrape(upeUrl);
      return now.value('upe_config_last_reload_successful') === succeeds && now;
    });
  };
  const failed = await reload('rules:\n  - { name: a, action: dorp }\n', 0);
  t.equal(failed.value('upe_rules'), 14, 'the old rules go on');
  t.equal((await fetch(`${upeUrl}/-/ready`)).status, 200, 'ready');
  const complaints = (await upe.logs(t)).stdout.split('\n').filter((line) => line.includes('dorp'));
  t.equal(complaints.length, 1, 'one line about it');
  t.match(complaints[0], /example\.yaml:2:\d+: /);
  t.equal((await reload('rules:\n  - { name: a, action: drop }\n', 1)).value('upe_rules'), 1);
});

for (const { name, env, exitCode, says } of [
  {
    name: 'a bad variable',
    env: () => ({ UPE_WORKERS: '4x' }),
    exitCode: 2,
    says: /^upe: UPE_WORKERS is "4x", /,
  },
  {
    name: 'a rule file that is not there',
    env: () => ({ RULES: 'absent.yaml' }),
    exitCode: 1,
    says: /\/etc\/upe\/rules\/absent\.yaml/,
  },
  {
    name: 'a folder of rules that is not there',
    env: (t: TestScope) => ({ RULES_FOLDER: join(temporaryFolder(t), 'absent') }),
    exitCode: 1,
    says: /\/etc\/upe\/rules\/example\.yaml/,
  },
  {
    name: 'rules that UPE must not read',
    env: (t: TestScope) => {
      const folder = rulesFolder(t);
      chmodSync(join(folder, 'example.yaml'), 0o600);
      return { RULES_FOLDER: folder };
    },
    exitCode: 1,
    says: /\/etc\/upe\/rules\/example\.yaml may not be read by /,
  },
]) {
  t.test(`one line about ${name}, and Prometheus is up`, { skip }, async (t) => {
    const { upe, prometheus } = await composeUp(t, env(t));
    const hasEnded = async () => (await upe.inspect(t, '.RestartCount', '.State.Status')) === '3 exited';
    await eventually('end of UPE', hasEnded, PODMAN_REST_MS);
    t.equal(await upe.inspect(t, '.State.ExitCode'), `${exitCode}`);
    const { stdout, stderr } = await upe.logs(t);
    t.equal(stdout, '');
    const lines = stderr.trimEnd().split('\n');
    t.match(lines[0], says);
    t.strictSame(lines, Array(4).fill(lines[0]), 'the same at the start and at each of three more trials');
    t.equal(await prometheus.inspect(t, '.State.Status'), 'running');
  });
}
