import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import t from 'tap';
import { Certificates, opensslMissing } from '../support/certificates.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { PROMETHEUS_REST_MS, PrometheusServer, prometheusMissing } from '../support/prometheus-server.js';
import { eventually, startUpe } from '../support/upe-process.js';

t.setTimeout(120_000);

const skip = prometheusMissing() || opensslMissing;
const PASSWORD = 'correct horse';

/** What Prometheus is told beside the address, and whether it gets in. */
const SCRAPERS = [
  { job: 'right', password: PASSWORD, isKnown: true, up: '1' },
  { job: 'wrong-password', password: 'battery staple', isKnown: true, up: '0' },
  { job: 'no-password', password: null, isKnown: true, up: '0' },
  { job: 'no-certificate', password: PASSWORD, isKnown: false, up: '0' },
];

t.test(
  'Prometheus scrapes by TLS with a client certificate and a password, and only so',
  { skip },
  async (t) => {
    const folder = temporaryFolder(t);
    const certificates = new Certificates(folder);
    const server = certificates.make('server');
    const ca = certificates.make('ca');
    const client = certificates.make('client', ca);
    const webConfigFile = join(folder, 'web.yml');
    writeFileSync(
      webConfigFile,
      `tls_server_config:
  cert_file: ${server.certFile}
  key_file: ${server.keyFile}
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ${ca.certFile}
basic_auth_users:
  prometheus: ${hashSync(PASSWORD, 10)}
`,
    );
    const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_WEB_CONFIG_FILE: webConfigFile });
    const prometheus = await PrometheusServer.start(t, {
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      scrape_configs: SCRAPERS.map(({ job, password, isKnown }) => ({
        job_name: job,
        scheme: 'https',
        tls_config: {
          ca_file: server.certFile,
          ...(isKnown ? { cert_file: client.certFile, key_file: client.keyFile } : {}),
        },
        ...(password === null ? {} : { basic_auth: { username: 'prometheus', password } }),
        static_configs: [{ targets: [`127.0.0.1:${upe.port}`] }],
      })),
    });
    // A second scrape of each: one that is refused stays refused.
    const hasTwoOfEach = async () =>
      (await prometheus.query('count_over_time(up[5m]) >= 2')).length === SCRAPERS.length;
    await eventually('two scrapes by each', hasTwoOfEach, PROMETHEUS_REST_MS);
    const up = (await prometheus.query('up')).map(({ metric, value }) => [metric.job, value[1]]);
    t.same(Object.fromEntries(up), Object.fromEntries(SCRAPERS.map(({ job, up }) => [job, up])));
    const packets = await prometheus.query('upe_rx_packets_total');
    t.same(
      packets.map(({ metric }) => metric.job),
      ['right'],
      'and nobody else has a number',
    );
    t.ok(Number(packets[0]?.value[1]) > 0, `${packets[0]?.value[1]} packets`);
    const targets = await prometheus.lastErrors();
    for (const [job, error] of targets) t.comment(`${job}: ${error || 'no error'}`);
    t.match(targets.get('wrong-password'), /401/);
    t.match(targets.get('no-password'), /401/);
    t.match(targets.get('no-certificate'), /403/);
  },
);
