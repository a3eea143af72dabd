import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { deployedExpressions, hasData } from '../support/expressions.js';
import { configurationFor, PrometheusServer, prometheusMissing } from '../support/prometheus-server.js';
import { startUpe } from '../support/upe-process.js';

/** Scrapes come once a second, so that a minute is enough for every rate. */
const SCRAPED_MS = 60_000;
t.setTimeout(180_000);

const skip = prometheusMissing();
t.test('a minute of demo traffic has data for every expression, or a reason why not', { skip }, async (t) => {
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '5000', UPE_WORKERS: '2' });
  const prometheus = await PrometheusServer.start(t, configurationFor([{ port: upe.port }]));
  await sleep(SCRAPED_MS);
  for (const { where, expression, emptyBecause } of deployedExpressions()) {
    const series = await prometheus.query(expression);
    if (emptyBecause === undefined) t.ok(hasData(series), `${where}: ${expression}`);
    else t.equal(series.length, 0, `${where} has data, although it should not: ${emptyBecause}`);
  }
  const failed = (await prometheus.rules()).filter(({ health }) => health === 'err');
  t.strictSame(failed, [], 'no rule fails to be evaluated');
  const firing = (await prometheus.rules()).filter(({ state }) => state === 'firing');
  t.strictSame(firing, [], 'and no alert fires');
});
