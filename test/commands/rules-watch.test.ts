import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { temporaryFolder } from '../support/engine-fixture.js';
import { MountedConfigMap } from '../support/mounted-config-map.js';
import { eventually, type RunningUpe, startUpe } from '../support/upe-process.js';

t.setTimeout(120_000);
// They wait for the watch most of the time.
t.jobs = 4;

const SUCCESSFUL = 'upe_config_last_reload_successful';
const LOADED = 'rules loaded again';
const FAILED = 'reload failed: the old rules stay';
/** More than the two looks after which a change counts, milliseconds. */
const THREE_LOOKS_MS = 3200;

const DEMO = { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '1000' };

const ONE_RULE = 'rules:\n  - { name: web, match: { dst_port: 443 }, action: count }\n';
const TWO_RULES = `${ONE_RULE}  - { name: dns, match: { dst_port: 53 }, action: count }\n`;
const INVALID = `${ONE_RULE}  - { name: a b, action: fly }\n`;

function startWatching(t: Parameters<typeof startUpe>[0], file: string, env: Record<string, string> = {}) {
  return startUpe(t, { ...DEMO, UPE_RULES_FILE: file, UPE_RULES_WATCH: 'true', ...env });
}

function countOf({ program }: RunningUpe, message: string): number {
  return program.log.filter(({ msg }) => msg === message).length;
}

/** Waits until the metrics say so: the log comes first. */
function untilSuccessful(upe: RunningUpe, value: 0 | 1) {
  return eventually(`${SUCCESSFUL} ${value}`, async () => {
    const scrape = await upe.scrape();
    return scrape.value(SUCCESSFUL) === value && scrape;
  });
}

t.test(
  'a mounted ConfigMap is followed, through an invalid version and out of it',
  { buffered: true },
  async (t) => {
    const mounted = new MountedConfigMap(temporaryFolder(t), 'rules.yaml', ONE_RULE);
    const upe = await startWatching(t, mounted.file);
    mounted.update(TWO_RULES);
    t.match(await upe.program.waitForLog(LOADED), { rules: 2, generation: 2, file: mounted.file });
    t.equal((await untilSuccessful(upe, 1)).value('upe_rules'), 2);

    mounted.update(INVALID);
    const { problems } = await upe.program.waitForLog(FAILED);
    t.match(problems, [
      new RegExp(`^${mounted.file}:3:13: name: "a b"`),
      new RegExp(`^${mounted.file}:3:26: action: .*fly`),
    ]);
    const failed = await untilSuccessful(upe, 0);
    t.equal(failed.value('upe_rules'), 2, 'the old rules are in use');
    t.equal(failed.value('upe_rules_generation'), 2);
    await sleep(THREE_LOOKS_MS);
    t.equal(countOf(upe, FAILED), 1, 'it is said once');

    mounted.update(ONE_RULE);
    t.match(await upe.program.waitForLog(LOADED, 2), { rules: 1, generation: 3 });
    t.equal((await untilSuccessful(upe, 1)).value('upe_accounting_violations_total'), 0);
    t.equal((await upe.stop()).exitCode, 0);
  },
);

t.test('a file that goes and comes back', { buffered: true }, async (t) => {
  const file = join(temporaryFolder(t), 'rules.yaml');
  writeFileSync(file, ONE_RULE);
  const upe = await startWatching(t, file);
  rmSync(file);
  t.match((await upe.program.waitForLog(FAILED)).problems, [`rule file ${file} does not exist`]);
  await untilSuccessful(upe, 0);
  writeFileSync(`${file}.new`, ONE_RULE);
  renameSync(`${file}.new`, file);
  t.match(await upe.program.waitForLog(LOADED), { rules: 1, generation: 2 });
  await untilSuccessful(upe, 1);
  t.equal(countOf(upe, FAILED), 1);
});

t.test(
  'a file that the user UPE has become may not read is said to be so, once',
  { buffered: true, skip: process.getuid?.() !== 0 && 'only root can become somebody else' },
  async (t) => {
    const folder = temporaryFolder(t);
    chmodSync(folder, 0o755);
    const file = join(folder, 'rules.yaml');
    writeFileSync(file, ONE_RULE, { mode: 0o600 });
    const upe = await startWatching(t, file, { UPE_USER: 'nobody' });
    const { problems } = await upe.program.waitForLog(FAILED);
    t.match(problems, [`rule file ${file} may not be read by user `]);
    await untilSuccessful(upe, 0);
    await sleep(THREE_LOOKS_MS);
    t.equal(countOf(upe, FAILED), 1);
    chmodSync(file, 0o644);
    await upe.program.waitForLog(LOADED);
    await untilSuccessful(upe, 1);
  },
);

t.test('without UPE_RULES_WATCH nothing is loaded by itself', { buffered: true }, async (t) => {
  const file = join(temporaryFolder(t), 'rules.yaml');
  writeFileSync(file, ONE_RULE);
  const upe = await startUpe(t, { ...DEMO, UPE_RULES_FILE: file });
  writeFileSync(file, TWO_RULES);
  await sleep(THREE_LOOKS_MS);
  t.equal(countOf(upe, LOADED), 0);
  t.equal((await upe.scrape()).value('upe_rules'), 1);
});
