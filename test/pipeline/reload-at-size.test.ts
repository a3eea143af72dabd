import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { Engine, EngineConfig } from '../../src/engine/engine.js';
import { loadRulesAside } from '../../src/engine/rule-loader.js';
import { loadRuleFile } from '../../src/rules/rule-file.js';
import { createEngine, temporaryFolder } from '../support/engine-fixture.js';
import { largeRuleFile } from '../support/large-rule-file.js';

const RULES = 10_000;
const CAPACITY_MS = 1500;
const RATE_MAX = 1_500_000;
const RATE_MIN = 100_000;
const RATE_STEP = 0.7;
/** Where other programs take the processors for a while, packets are lost to them: another try tells. */
const ATTEMPTS_MAX = 6;
const SETTLE_MS = 500;
const RELOADS = 12;
/** Two tables in turn have 10 GB each, the first of them from before; V8 may let go of engines before in this time. */
const MORE_ADDRESSES_GB_MAX = 15;

t.setTimeout(180_000);

function totalsOf(engine: Engine): NonNullable<Engine['aggregator']>['totals'] {
  if (engine.aggregator === null) throw new Error('the engine has a stats thread');
  return engine.aggregator.totals;
}

/** What the process has of addresses, gigabytes; most have no memory behind them. */
function addressesGb(): number {
  return Number(/^VmSize:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 2 ** 20;
}

/** Packets that were dropped before a worker. */
function lostBy(engine: Engine): number {
  const { received, enqueued } = totalsOf(engine);
  return received - enqueued;
}

async function pass(engine: Engine): Promise<void> {
  await engine.aggregator?.pass(engine.series.notice.slotCount);
  if (!totalsOf(engine).identity.holds) throw new Error(totalsOf(engine).identity.violations.join('; '));
}

/** The highest rate of these steps at which the demo traffic loses nothing for a while. */
async function lossFreeRate(config: Partial<EngineConfig>): Promise<number> {
  for (let packetsPerSecond = RATE_MAX; packetsPerSecond > RATE_MIN; packetsPerSecond *= RATE_STEP) {
    const source = { kind: 'demo', packetsPerSecond: Math.round(packetsPerSecond), seed: 1 } as const;
    const engine = createEngine({ ...config, source });
    await engine.start();
    await sleep(SETTLE_MS);
    await pass(engine);
    const before = { received: totalsOf(engine).received, lost: lostBy(engine) };
    await sleep(CAPACITY_MS);
    await pass(engine);
    const received = totalsOf(engine).received - before.received;
    const lost = lostBy(engine) - before.lost;
    await engine.stop();
    // Not what the demo could not make.
    if (lost === 0 && received > 0.9 * packetsPerSecond * (CAPACITY_MS / 1000)) return packetsPerSecond;
  }
  return RATE_MIN;
}

t.test(`${RULES} rules are loaded aside, and no packet is lost at half of the highest rate`, async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, largeRuleFile(RULES, 0));
  const config = {
    ruleSet: loadRuleFile(file),
    ruleCapacity: 2 * RULES,
    ringSlots: 16384,
    poolBuffers: 32768,
  };
  const packetsPerSecond = Math.round((await lossFreeRate(config)) / 2);
  const engine = createEngine({ ...config, source: { kind: 'demo', packetsPerSecond, seed: 1 } });
  await engine.start();
  await sleep(SETTLE_MS);
  const lost: number[] = [];
  for (let attempt = 1; attempt <= ATTEMPTS_MAX && lost.at(-1) !== 0; attempt++) {
    await pass(engine);
    const { processed } = totalsOf(engine);
    const lostBefore = lostBy(engine);
    const beganMs = performance.now();
    writeFileSync(file, largeRuleFile(RULES, attempt));
    const aside = await loadRulesAside(file, engine.interfaces);
    const { parseMs, compileMs } = aside;
    t.equal(await engine.reload(aside.ruleSet, aside), 1 + attempt, 'the generation in use');
    const reloadMs = performance.now() - beganMs;
    await pass(engine);
    lost.push(lostBy(engine) - lostBefore);
    const judged = totalsOf(engine).processed - processed;
    t.ok(judged > (packetsPerSecond * reloadMs) / 4000, `${judged} packets judged meanwhile`);
    t.comment(
      `${packetsPerSecond} packets/s: ${judged} judged and ${lost.at(-1)} lost in ${reloadMs.toFixed(0)} ms, ` +
        `${parseMs.toFixed(0)} of them parsing and ${compileMs.toFixed(0)} compiling`,
    );
  }
  t.equal(lost.at(-1), 0, `lost: ${lost.join(', ')}`);
  const { violations, received, processed, dropped, inFlight } = await engine.stop();
  t.same(violations, []);
  t.equal(received, processed + dropped);
  t.equal(inFlight, 0);
});

t.test(`${RELOADS} reloads of a large table take addresses for two tables at most`, async (t) => {
  const folder = temporaryFolder(t);
  const ruleSets = [0, 1].map((edition) => {
    const file = join(folder, `${edition}.yaml`);
    writeFileSync(file, largeRuleFile(2000, edition));
    return loadRuleFile(file);
  });
  const engine = createEngine({
    ruleSet: ruleSets[0],
    ruleCapacity: 8000,
    source: { kind: 'demo', packetsPerSecond: 10_000, seed: 1 },
  });
  await engine.start();
  const before = addressesGb();
  for (let reload = 1; reload <= RELOADS; reload++) await engine.reload(ruleSets[reload % 2]);
  const more = addressesGb() - before;
  t.ok(more < MORE_ADDRESSES_GB_MAX, `${more.toFixed(1)} GB of addresses more`);
  const { violations } = await engine.stop();
  t.same(violations, []);
});
