import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { FIRST_RULE_SLOT, SLOT_CELLS, SLOT_PACKETS } from '../../src/counters/catalogue.js';
import type { Engine } from '../../src/engine/engine.js';
import { loadRulesAside } from '../../src/engine/rule-loader.js';
import type { Action } from '../../src/rules/rule.js';
import { loadRuleFile } from '../../src/rules/rule-file.js';
import type { SlotEntry } from '../../src/rules/slot-registry.js';
import type { Aggregator } from '../../src/stats/aggregator.js';
import { Random } from '../protocol/random.js';
import {
  createEngine,
  mixedFrames,
  rules,
  temporaryFolder,
  writeCapture,
} from '../support/engine-fixture.js';

const RELOADS = Number(process.env.TEST_RELOADS ?? 2000);
const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
/** Three live rules and as many retired ones, and little more: slots are folded and given away all the time. */
const RULE_CAPACITY = 10;
/** A pass waits for 50 ms. */
const UNANSWERED_MAX = 100;

t.setTimeout(400_000 * Math.max(1, RELOADS / 2000));

/** What each table does with the three kinds of packets, so that an action's packets are those of one kind. */
const KINDS: readonly { action: Action; match: string }[] = [
  { action: 'count', match: '{ protocol: tcp, dst_port: 443 }' },
  { action: 'drop', match: '{ dst_port: 53 }' },
  { action: 'forward', match: '{ ip_version: 6 }' },
];

/** A table whose rules have names of its own, in any order. */
function tableOf(generation: number, random: Random): string {
  const list = KINDS.map(({ action, match }, i) => ({
    place: random.fraction(),
    text: `{ name: k${i}-g${generation}, match: ${match}, action: ${action} }`,
  }));
  list.sort((a, b) => a.place - b.place);
  return `default_action: drop\nrules:\n${list.map(({ text }) => `  - ${text}\n`).join('')}`;
}

/** Reads the counts of an engine without a stats thread, and sees to it that all of them are there each time. */
class Counts {
  passes = 0;
  /** Passes that a thread did not answer in time. */
  unanswered = 0;
  private readonly aggregator: Aggregator;

  constructor(private readonly engine: Engine) {
    if (engine.aggregator === null) throw new Error('the engine has a stats thread');
    this.aggregator = engine.aggregator;
  }

  /**
   * Looks again until every thread has answered in time. On a busy machine one may not, and what it had counted by an
   * older table before the reload would be news in the next pass.
   */
  async look(): Promise<void> {
    for (let pass = 0; pass < UNANSWERED_MAX; pass++) {
      if (await this.pass()) return;
      this.unanswered++;
    }
    throw new Error(`a thread has not answered ${UNANSWERED_MAX} passes`);
  }

  /** Returns whether every thread has answered. */
  private async pass(): Promise<boolean> {
    const isComplete = await this.aggregator.pass(this.engine.series.notice.slotCount);
    this.passes++;
    const { identity, slots, processed } = this.aggregator.totals;
    if (!identity.holds) throw new Error(identity.violations.join('; '));
    let beforeRules = 0;
    for (let slot = 0; slot < FIRST_RULE_SLOT; slot++) beforeRules += slots[slot * SLOT_CELLS + SLOT_PACKETS];
    const sum = beforeRules + this.live + this.past;
    if (sum !== processed) throw new Error(`${sum} counted and ${processed} processed`);
    return isComplete;
  }

  get received(): number {
    return this.aggregator.totals.received;
  }

  /** Packets of the rules in use. */
  get live(): number {
    return this.sumOf(this.engine.series.notice.live);
  }

  /** Packets of all rules that are no more. */
  get past(): number {
    return this.sumOf(this.engine.series.notice.retired) + this.engine.series.foldedPackets;
  }

  /** Packets by action, over all tables that there have been. */
  byAction(): Record<Action, number> {
    const { series } = this.engine;
    const sums = { ...series.history.foldedPacketsByAction };
    for (const { action, packets } of series.all(this.aggregator.totals.slots)) sums[action] += packets;
    return sums;
  }

  private sumOf(entries: readonly SlotEntry[]): number {
    const { slots } = this.aggregator.totals;
    return entries.reduce((sum, entry) => sum + this.engine.series.packets(entry, slots), 0);
  }
}

/** Packets of each kind among the first `packets` of the file, which is played again and again. */
function expectedByAction(packets: number): Record<Action, number> {
  const frames = mixedFrames();
  const upTo = (count: number, is: (frame: Uint8Array) => boolean) =>
    Math.floor(count / frames.length) * frames.filter(is).length +
    frames.slice(0, count % frames.length).filter(is).length;
  const isIpv6 = (frame: Uint8Array) => frame[12] === 0x86;
  const protocolIs = (protocol: number) => (frame: Uint8Array) =>
    frame[12] === 0x08 && frame[13] === 0x00 && frame[23] === protocol;
  return {
    count: upTo(packets, protocolIs(6)),
    drop: upTo(packets, protocolIs(17)),
    forward: upTo(packets, isIpv6),
  };
}

t.comment(`TEST_SEED=${SEED}`);

t.test(`${RELOADS} reloads under load, half of them invalid`, async (t) => {
  const random = new Random(SEED);
  const folder = temporaryFolder(t);
  const invalid = join(folder, 'invalid.yaml');
  writeFileSync(invalid, 'rules:\n  - { name: a, action: cuont }\n');
  const tooMany = rules(
    `rules: [${Array.from({ length: RULE_CAPACITY + 1 }, (_, i) => `{ name: n${i}, action: count }`).join(', ')}]`,
  );
  const engine = createEngine({
    workerCount: 2,
    ruleSet: rules(tableOf(1, random)),
    ruleCapacity: RULE_CAPACITY,
    source: {
      kind: 'pcap',
      files: [writeCapture(folder, mixedFrames().length * 200)],
      pace: { kind: 'rate', packetsPerSecond: 100_000 },
      loop: true,
    },
  });
  await engine.start();
  const counts = new Counts(engine);
  const inUse = async () => [
    engine.series.notice.generation,
    ...engine.series.notice.live.map(({ rule }) => rule),
  ];
  /** Each attempt is refused by another part: the file's reader, here or on its thread, and the counters' room. */
  const attempts = [
    { code: 'UPE_RULE_FILE', attempt: async () => engine.reload(loadRuleFile(invalid)) },
    {
      code: 'UPE_RULE_FILE',
      attempt: async () => engine.reload((await loadRulesAside(invalid, engine.interfaces)).ruleSet),
    },
    { code: 'UPE_RULE_CAPACITY', attempt: () => engine.reload(tooMany) },
  ];
  const slots = engine.memory.workerCounters[0].shape.slotCount - FIRST_RULE_SLOT;
  let generation = 1;
  let refused = 0;
  let judgedByLive = 0;
  const beganMs = performance.now();
  for (let reload = 0; reload < RELOADS; reload++) {
    if (reload % 2 === 0) {
      const before = await inUse();
      // A thread for each file that is read aside takes longer than anything else here.
      const { code, attempt } = attempts[random.fraction() < 0.05 ? 1 : random.fraction() < 0.5 ? 0 : 2];
      const error = await attempt().then(
        () => null,
        (error: { code: string }) => error,
      );
      if (error?.code !== code) t.fail(`reload ${reload}`, { error, code });
      engine.noteReloadFailed([String(error)]);
      if ((await inUse()).join() !== before.join())
        t.fail(`reload ${reload} was refused, and has changed the rules`);
      refused++;
    } else {
      generation++;
      const inUseNow = await engine.reload(rules(tableOf(generation, random)));
      if (inUseNow !== generation) t.fail(`generation ${inUseNow} is in use instead of ${generation}`);
    }
    await counts.look();
    const past = counts.past;
    await sleep(random.fraction() * 3);
    await counts.look();
    if (counts.past !== past)
      t.fail(`after reload ${reload} older rules went from ${past} to ${counts.past}`);
    if (counts.live > 0) judgedByLive++;
  }
  const tookMs = performance.now() - beganMs;
  const summary = await engine.stop();
  await counts.look();
  t.comment(
    `${RELOADS} reloads, ${refused} of them refused, in ${(tookMs / 1000).toFixed(1)} s; ` +
      `${summary.received} packets, ${counts.passes} passes, ${counts.unanswered} of them unanswered, ${slots} rule slots`,
  );
  t.equal(refused, RELOADS / 2);
  t.equal(engine.series.notice.generation, 1 + RELOADS / 2);
  t.ok(judgedByLive > RELOADS / 2, `${judgedByLive} times the newest table had judged packets already`);
  t.same(summary.violations, []);
  t.equal(summary.processed, summary.received, 'a file loses nothing');
  t.same(counts.byAction(), expectedByAction(summary.received), 'each packet once, by a rule of its kind');
});
