import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { temporaryFolder } from '../support/engine-fixture.js';
import { eventually, startProgram, startUpe, type TestScope } from '../support/upe-process.js';

t.setTimeout(120_000);

const FILE = fileURLToPath(new URL('../../../deploy/prometheus/remote-write.yaml', import.meta.url));

// Debian's package has put the defaults of both paths into /var/lib/prometheus.
const RECEIVER = ['--web.enable-remote-write-receiver', '--storage.tsdb.path=data'];
const AGENT = ['--enable-feature=agent', '--storage.agent.path=agent'];

const skip =
  spawnSync('sh', ['-c', 'command -v prometheus promtool']).status !== 0 && 'prometheus is not installed';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts Prometheus with that configuration and waits until it is ready. Returns where it answers. */
async function startPrometheus(t: TestScope, config: object, ...flags: string[]): Promise<string> {
  const folder = temporaryFolder(t);
  const file = join(folder, 'prometheus.yaml');
  writeFileSync(file, stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  startProgram(t, 'prometheus', [`--config.file=${file}`, `--web.listen-address=${address}`, ...flags], {
    cwd: folder,
  });
  const url = `http://${address}`;
  await eventually('Prometheus', async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok);
  return url;
}

/** The series that an expression has now. */
async function query(url: string, expression: string): Promise<readonly Record<string, string>[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await response.json()) as { data: { result: { metric: Record<string, string> }[] } };
  return data.result.map(({ metric }) => metric);
}

t.test('promtool accepts the example', { skip }, (t) => {
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'config', FILE], { encoding: 'utf8' });
  t.equal(status, 0, stdout + stderr);
  t.end();
});

t.test('every series of UPE arrives at the other end, with the labels of its site', { skip }, async (t) => {
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '1000' });
  // Any receiver of the protocol will do, and Prometheus is one.
  const receiver = await startPrometheus(t, { global: {} }, ...RECEIVER);
  const config = parse(readFileSync(FILE, 'utf8'));
  config.global.scrape_interval = '1s';
  config.global.scrape_timeout = '1s';
  config.scrape_configs[0].static_configs[0].targets = [`127.0.0.1:${upe.port}`];
  config.remote_write[0].url = `${receiver}/api/v1/write`;
  await startPrometheus(t, config, ...AGENT);

  const scraped = [...(await upe.scrape()).values.keys()];
  await eventually('all series', async () => {
    return (await query(receiver, '{__name__=~"upe_.*|process_.*"}')).length === scraped.length;
  });
  const instance = `127.0.0.1:${upe.port}`;
  t.strictSame(await query(receiver, 'upe_rules'), [
    { __name__: 'upe_rules', instance, job: 'upe', site: 'site-1' },
  ]);
  const own = (await query(receiver, '{job="upe",__name__!~"upe_.*|process_.*"}')).map(
    ({ __name__ }) => __name__,
  );
  t.strictSame(own.sort(), [
    'scrape_duration_seconds',
    'scrape_samples_post_metric_relabeling',
    'scrape_samples_scraped',
    'scrape_series_added',
    'up',
  ]);
});
