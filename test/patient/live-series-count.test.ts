import { readFileSync } from 'node:fs';
import t from 'tap';
import { temporaryFolder } from '../support/engine-fixture.js';
import { labMissing, watchLab } from '../support/lab.js';
import { rulesFileIn } from '../support/rules-file.js';
import { startUpeOn } from '../support/upe-on-host.js';
import { startUpe } from '../support/upe-process.js';

/** Series of one instance, as a Prometheus that stores them has to reckon with. */
const SERIES = { base: 123, perRule: 4, perWorker: 9, perInterface: 15, withoutInterface: 5 };

function expected(rules: number, workers: number, interfaces: number): number {
  const { base, perRule, perWorker, perInterface, withoutInterface } = SERIES;
  const source = interfaces === 0 ? withoutInterface : perInterface * interfaces;
  return base + perRule * rules + perWorker * workers + source;
}

function rulesOf(scope: Parameters<typeof temporaryFolder>[0], count: number): string {
  const rules = Array.from(
    { length: count },
    (_, i) => `{ name: rule-${i}, match: { dst_port: ${1 + i} }, action: count }`,
  );
  return rulesFileIn(temporaryFolder(scope), 'rules', rules, 'count');
}

for (const [rules, workers] of [
  [0, 1],
  [1, 1],
  [14, 4],
  [1000, 1],
]) {
  t.test(`demo, ${rules} rules, ${workers} workers: ${expected(rules, workers, 0)} series`, async (t) => {
    const upe = await startUpe(t, {
      UPE_SOURCE: 'demo',
      UPE_DEMO_PPS: '1000',
      UPE_WORKERS: String(workers),
      UPE_RULES_FILE: rulesOf(t, rules),
    });
    t.equal((await upe.scrape()).values.size, expected(rules, workers, 0));
    t.equal((await upe.stop()).exitCode, 0);
  });
}

for (const interfaces of [['eth0'], ['eth0', 'lo']]) {
  const series = expected(10, 2, interfaces.length);
  t.test(`${interfaces.length} interfaces: ${series} series`, { skip: labMissing(['curl']) }, async (t) => {
    const upe = await startUpeOn(t, watchLab(t).mid, {
      UPE_INTERFACE: interfaces.join(),
      UPE_WORKERS: '2',
      UPE_USER: 'root',
      UPE_RULES_FILE: rulesOf(t, 10),
    });
    t.equal((await upe.scrape()).values.size, series);
    t.equal((await upe.stop()).exitCode, 0);
  });
}

t.test('the README gives the same formula', (t) => {
  const { base, perRule, perWorker, perInterface } = SERIES;
  const formula = `${base} + ${perRule} × rules + ${perWorker} × workers + ${perInterface} × interfaces`;
  t.ok(readFileSync('README.md', 'utf8').includes(formula), formula);
  t.end();
});
