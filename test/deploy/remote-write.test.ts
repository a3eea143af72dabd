import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { PROMETHEUS_FOLDER } from '../support/prometheus-rules.js';
import {
  PROMETHEUS_REST_MS,
  PrometheusServer,
  prometheusMissing,
  type QueriedSeries,
} from '../support/prometheus-server.js';
import { eventually, startUpe } from '../support/upe-process.js';

t.setTimeout(120_000);

const FILE = join(PROMETHEUS_FOLDER, 'remote-write.yaml');

const RECEIVER = ['--web.enable-remote-write-receiver', '--storage.tsdb.path=data'];
const AGENT = ['--enable-feature=agent', '--storage.agent.path=agent'];

const skip = prometheusMissing();

/** The labels of the series that an expression has now. */
async function seriesOf(server: PrometheusServer, expression: string): Promise<QueriedSeries['metric'][]> {
  return (await server.query(expression)).map(({ metric }) => metric);
}

t.test('promtool accepts the example', { skip }, (t) => {
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'config', FILE], { encoding: 'utf8' });
  t.equal(status, 0, stdout + stderr);
  t.end();
});

t.test('every series of UPE arrives at the other end, with the labels of its site', { skip }, async (t) => {
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '1000' });
  // Any receiver of the protocol will do, and Prometheus is one.
  const receiver = await PrometheusServer.start(t, { global: {} }, RECEIVER);
  const config = parse(readFileSync(FILE, 'utf8'));
  config.global.scrape_interval = '1s';
  config.global.scrape_timeout = '1s';
  config.scrape_configs[0].static_configs[0].targets = [`127.0.0.1:${upe.port}`];
  config.remote_write[0].url = `${receiver.origin}/api/v1/write`;
  await PrometheusServer.start(t, config, AGENT);

  const scraped = [...(await upe.scrape()).values.keys()];
  const hasAll = async () =>
    (await seriesOf(receiver, '{__name__=~"upe_.*|process_.*"}')).length === scraped.length;
  await eventually('all series', hasAll, PROMETHEUS_REST_MS);
  const instance = `127.0.0.1:${upe.port}`;
  t.strictSame(await seriesOf(receiver, 'upe_rules'), [
    { __name__: 'upe_rules', instance, job: 'site-1/upe', site: 'site-1' },
  ]);
  const own = (await seriesOf(receiver, '{job="site-1/upe",__name__!~"upe_.*|process_.*"}')).map(
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
