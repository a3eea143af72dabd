import { join } from 'node:path';
import t from 'tap';
import { readCompose, type Service } from '../support/compose-file.js';
import { ContainerEngine, containersMissing, networkOf, READ_ONLY } from '../support/container-engine.js';
import { labMissing, watchLab } from '../support/lab.js';
import { ROOT } from '../support/package-root.js';
import { accountOf, NOBODY_AT_ALL } from '../support/process-account.js';
import { buildPrometheusImage, buildUpeImage, GRAFANA_NOT_RUN } from '../support/test-images.js';
import { eventually } from '../support/upe-process.js';

// The first run on a machine makes the base image.
// The first of these tests on a machine makes the base of the images, and the others wait for it.
t.setTimeout(600_000);

const skip = containersMissing() || labMissing(['curl', 'ss', 'sysctl']);
const { services } = readCompose(['compose.yaml', 'compose.live.yaml']);

/**
 * The options of `podman run` that stand for a service. podman-compose 1.0 cannot bring the live stack up: it
 * joins a service on the host's network to a network of the project as well.
 */
function optionsOf(service: Service): string[] {
  const { user, environment = {}, volumes = [], extra_hosts = [] } = service;
  return [
    ...(user === undefined ? [] : [`--user=${user}`]),
    ...(service.cap_drop ?? []).map((name) => `--cap-drop=${name}`),
    ...(service.cap_add ?? []).map((name) => `--cap-add=${name}`),
    ...(service.security_opt ?? []).map((option) => `--security-opt=${option}`),
    ...(service.read_only ? READ_ONLY : []),
    `--memory=${service.mem_limit}`,
    `--pids-limit=${service.pids_limit}`,
    ...extra_hosts.map((host) => `--add-host=${host}`),
    ...Object.entries(environment)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => `--env=${name}=${value}`),
    ...volumes.map(({ type, source, target, read_only }) =>
      type === 'bind'
        ? `--volume=${join(ROOT, 'deploy', source)}:${target}${read_only ? ':ro' : ''}`
        : `--volume=${target}`,
    ),
  ];
}

t.test('live, Prometheus has UPE, and nobody else can reach either', { skip }, async (t) => {
  t.comment(GRAFANA_NOT_RUN);
  const engine = new ContainerEngine();
  await buildUpeImage(t, engine);
  await buildPrometheusImage(t, engine);
  const { mid } = watchLab(t);

  const upeOptions = [...optionsOf(services.upe), '--env=UPE_INTERFACE=eth0', networkOf(mid)];
  const upe = await engine.start(t, services.upe.image, upeOptions);
  await upe.waitForLog(t, 'metrics at http://127.0.0.1:9912/');
  t.strictSame(accountOf(t, await upe.pid(t)), NOBODY_AT_ALL);

  const { image, command } = services.prometheus;
  await engine.start(t, image, [...optionsOf(services.prometheus), networkOf(mid)], command);
  await eventually('scrape', async () => {
    const url = 'http://127.0.0.1:9090/api/v1/query?query=up%7Bjob="upe"%7D';
    const { exitCode, output } = await mid.finish('curl', '--silent', '--fail', '--globoff', url);
    return exitCode === 0 && JSON.parse(output).data?.result[0]?.value[1] === '1';
  });

  const listening = mid.run('ss', '--no-header', '--listening', '--tcp', '--numeric');
  const addresses = listening
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/)[3]);
  t.strictSame(addresses.sort(), ['127.0.0.1:9090', '127.0.0.1:9912']);
  t.equal(await upe.stop(t), 0);
});
