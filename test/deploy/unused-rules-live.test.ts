import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { UnusedReport } from '../../src/commands/unused-report.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import {
  configurationFor,
  PROMETHEUS_REST_MS,
  PrometheusServer,
  prometheusMissing,
} from '../support/prometheus-server.js';
import { relayScrapes } from '../support/scrape-relay.js';
import { eventually, runUpe, startUpe } from '../support/upe-process.js';

t.setTimeout(120_000);

const skip = prometheusMissing();
const RULES = `default_action: count
rules:
  - { name: web, match: { protocol: tcp, dst_port: 443 }, action: count }
  - { name: nobody, match: { vlan: 4000 }, action: drop }
`;
const DEMO = { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '2000', UPE_WORKERS: '1' };

t.test('instances at work, one of which is started again with other rules', { skip }, async (t) => {
  const file = join(temporaryFolder(t), 'rules.yaml');
  writeFileSync(file, RULES);
  let upe = await startUpe(t, { ...DEMO, UPE_RULES_FILE: file });
  const port = await relayScrapes(t, async () => (await upe.get('/metrics')).text());
  const other = await startUpe(t, { ...DEMO, UPE_RULES_FILE: file });
  const targets = [{ port }, { port: other.port }];
  const server = await PrometheusServer.start(t, configurationFor(targets));
  const report = async () => {
    const args = ['unused', '--prometheus', server.origin, '--days', '1', '--json'];
    const { exitCode, stdout, stderr } = await runUpe(t, args);
    t.ok(exitCode === 3, `exit code ${exitCode}: ${stderr}`);
    return JSON.parse(stdout) as UnusedReport;
  };
  const hasSeries = (count: number, expression: string) =>
    eventually(
      `${count} of ${expression}`,
      async () => (await server.query(expression)).length === count,
      PROMETHEUS_REST_MS,
    );
  await hasSeries(2, 'increase(upe_rule_packets_total{rule="web"}[1m]) > 0');
  const first = await report();
  t.match(first.unused, [{ rule: 'nobody', last_match: null, instances: 2 }]);
  t.equal(first.unused.length, 1);
  t.equal(first.reaches_window_start, false, 'nothing is known of a day ago');
  t.equal(first.instances.length, 2);

  // The one that goes on sees no web traffic, and knows nothing of what the first process has seen.
  await other.stop();
  await upe.stop();
  writeFileSync(file, RULES.replace('443', '44300').replace('nobody', 'somebody'));
  upe = await startUpe(t, { ...DEMO, UPE_RULES_FILE: file });
  await hasSeries(1, 'upe_rule_info{rule="somebody"}');
  // The old ones have ended.
  await hasSeries(0, 'upe_rule_info{rule="nobody"}');
  const { unused, instances } = await report();
  t.strictSame(
    unused.map(({ rule }) => rule),
    ['somebody'],
    'web was used before the restart',
  );
  t.equal(instances.filter((own) => own.has_data_now).length, 1);
});
