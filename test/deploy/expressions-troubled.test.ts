import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { temporaryFolder } from '../support/engine-fixture.js';
import { deployedExpressions, hasData, OUT_OF_REACH } from '../support/expressions.js';
import { labMissing } from '../support/lab.js';
import { configurationFor, PrometheusServer, prometheusMissing } from '../support/prometheus-server.js';
import { startTroubledFleet } from '../support/troubled-fleet.js';

/** Long enough for alerts that compare with a minute ago. */
const SCRAPED_MS = 70_000;
const BEFORE_STRIKE_MS = 5_000;
t.setTimeout(240_000);

const skip = prometheusMissing() || labMissing(['curl', 'ping']);
t.test('what is empty on a healthy engine has data on one in trouble', { skip }, async (t) => {
  const fleet = await startTroubledFleet(t, temporaryFolder(t));
  const prometheus = await PrometheusServer.start(t, configurationFor(fleet.targets));
  await sleep(BEFORE_STRIKE_MS);
  await fleet.strike();
  await sleep(SCRAPED_MS);
  for (const { where, expression, emptyBecause } of deployedExpressions()) {
    if (emptyBecause === undefined) continue;
    const outOfReach = OUT_OF_REACH.get(where);
    if (outOfReach !== undefined) t.comment(`${where} is not tried here: ${outOfReach}`);
    else t.ok(hasData(await prometheus.query(expression)), `${where}: ${expression}`);
  }
});
