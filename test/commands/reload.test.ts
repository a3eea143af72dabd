import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { SAMPLE_CAPTURE } from '../fixtures/sample-capture.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import type { Scrape } from '../support/scrape.js';
import { eventually, type RunningUpe, startProgram, startUpe, UPE_MAIN } from '../support/upe-process.js';

const SUCCESSFUL = 'upe_config_last_reload_successful';
const GENERATION = 'upe_rules_generation';

/** A scrape may show counts that are as old as this, milliseconds. */
const PASS_AGE_MS_MAX = 100;

const TELNET_DROP = '  - { name: telnet, match: { protocol: tcp, dst_port: 23 }, action: drop }\n';
const TELNET_COUNT = '  - { name: telnet, match: { protocol: tcp, dst_port: 23 }, action: count }\n';
const WEB = '  - { name: web, match: { protocol: tcp, dst_port: 443 }, action: count }\n';
const DNS = '  - { name: dns, match: { dst_port: 53 }, action: count }\n';

/** An engine whose rules a test changes. */
class Reloaded {
  private reloads = 0;
  private failures = 0;

  private constructor(
    readonly upe: RunningUpe,
    readonly file: string,
  ) {}

  static async start(t: Test, env: Record<string, string>, ...rules: string[]): Promise<Reloaded> {
    const file = join(temporaryFolder(t), 'rules.yaml');
    writeFileSync(file, `rules:\n${rules.join('')}`);
    return new Reloaded(await startUpe(t, { UPE_RULES_FILE: file, ...env }), file);
  }

  /** Puts other rules into use and waits until they are, and until the counts are of a later moment. */
  async load(...rules: string[]): Promise<Scrape> {
    writeFileSync(this.file, `rules:\n${rules.join('')}`);
    this.upe.program.signal('SIGHUP');
    const line = await this.upe.program.waitForLog('rules loaded again', ++this.reloads);
    await eventually('new generation in the metrics', async () => {
      return (await this.upe.scrape()).value(GENERATION) === line.generation;
    });
    await sleep(PASS_AGE_MS_MAX + 50);
    return this.upe.scrape();
  }

  /**
   * Gives it a file that cannot be used and waits until that is known.
   *
   * @param text the file's content, `null` for no file at all.
   */
  async loadInvalid(text: string | null): Promise<{ problems: readonly string[]; scrape: Scrape }> {
    if (text === null) rmSync(this.file);
    else writeFileSync(this.file, text);
    this.upe.program.signal('SIGHUP');
    const line = await this.upe.program.waitForLog('reload failed: the old rules stay', ++this.failures);
    const scrape = await eventually('failed reload in the metrics', async () => {
      const scrape = await this.upe.scrape();
      return scrape.value(SUCCESSFUL) === 0 && scrape;
    });
    return { problems: line.problems as string[], scrape };
  }
}

function packets(scrape: Scrape, rule: string, action: string): number | undefined {
  return scrape.values.get(`upe_rule_packets_total{rule="${rule}",action="${action}"}`);
}

t.test('under traffic, counts go on where (name, action) is the same', async (t) => {
  const reloaded = await Reloaded.start(t, { UPE_SOURCE: 'demo', UPE_WORKERS: '2' }, TELNET_DROP, WEB);
  const { upe } = reloaded;
  const before = await eventually('matches', async () => {
    const scrape = await upe.scrape();
    return packets(scrape, 'telnet', 'drop')! > 0 && packets(scrape, 'web', 'count')! > 100 && scrape;
  });
  t.equal(before.value(GENERATION), 1);
  t.equal(before.value('upe_rules'), 2);

  const after = await reloaded.load(DNS, TELNET_COUNT, WEB);
  t.equal(after.value(GENERATION), 2);
  t.equal(after.value('upe_rules'), 3);
  t.equal(after.value(SUCCESSFUL), 1);
  t.ok(packets(after, 'web', 'count')! >= packets(before, 'web', 'count')!, 'moved, and went on');
  const dropped = packets(after, 'telnet', 'drop')!;
  t.ok(dropped >= packets(before, 'telnet', 'drop')!, 'the old action keeps what it had');

  const later = await eventually('matches of all three', async () => {
    const scrape = await upe.scrape();
    return (
      packets(scrape, 'telnet', 'count')! > 0 &&
      packets(scrape, 'dns', 'count')! > 0 &&
      packets(scrape, 'web', 'count')! > packets(after, 'web', 'count')! &&
      scrape
    );
  });
  t.equal(packets(later, 'telnet', 'drop'), dropped, 'and rests');
  t.equal(later.value('upe_accounting_violations_total'), 0);

  t.equal((await upe.stop()).exitCode, 0);
  t.match(upe.program.log.at(-1), { holds: true, violatedPasses: 0 });
});

t.test(
  'at rest: a changed action starts at 0, a rule that goes keeps its value and comes back to it',
  async (t) => {
    const capture = join(temporaryFolder(t), 'sample.pcap');
    writeFileSync(capture, SAMPLE_CAPTURE);
    const reloaded = await Reloaded.start(
      t,
      { UPE_SOURCE: 'pcap', UPE_PCAP_FILE: capture, UPE_PCAP_PACE: 'max' },
      TELNET_DROP,
      WEB,
    );
    const { upe } = reloaded;
    await eventually(
      'the whole capture',
      async () => (await upe.scrape()).sum('upe_worker_packets_total') === 13,
    );

    const changed = await reloaded.load(TELNET_COUNT);
    t.equal(packets(changed, 'telnet', 'count'), 0);
    t.equal(packets(changed, 'telnet', 'drop'), 2);
    t.equal(packets(changed, 'web', 'count'), 4, 'web is gone and keeps its packets');
    t.equal(changed.value('upe_rule_bytes_total{rule="web",action="count"}'), 1696, 'and bytes');
    t.equal(
      changed.values.has('upe_rule_last_match_timestamp_seconds{rule="web"}'),
      false,
      'it is no rule now',
    );
    t.equal(changed.value('upe_rules'), 1);

    const back = await reloaded.load(DNS, WEB, TELNET_DROP);
    t.equal(packets(back, 'web', 'count'), 4);
    t.equal(packets(back, 'telnet', 'drop'), 2);
    t.equal(packets(back, 'telnet', 'count'), 0);
    t.equal(packets(back, 'dns', 'count'), 0, 'what has been judged is not judged again');
    t.equal(back.value(GENERATION), 3);
    t.equal(back.value('upe_retired_rule_packets_total'), 0);
  },
);

t.test('rules that cannot be used leave the old ones at work', async (t) => {
  const reloaded = await Reloaded.start(t, { UPE_SOURCE: 'demo', UPE_RULE_CAPACITY: '3' }, TELNET_DROP, WEB);
  const { upe, file } = reloaded;
  const shaOf = (scrape: Scrape) =>
    [...scrape.values.keys()].find((series) => series.startsWith('upe_rules_info'));
  const sha = shaOf(await upe.scrape());

  for (const [what, text, expected] of [
    [
      'two mistakes',
      'rules:\n  - { name: a b, action: count }\n  - { name: c, action: fly }\n',
      [new RegExp(`^${file}:2:13: name: .*"a b"`), new RegExp(`^${file}:3:24: action: .*fly`)],
    ],
    ['no file', null, [`rule file ${file} does not exist`]],
    ['no YAML', 'rules: [\n', [new RegExp(`^${file}:2:1: not valid YAML`)]],
    [
      'forward',
      `rules:\n  - { name: mirror, action: forward }\n`,
      [new RegExp(`^${file}:2: rule mirror .*forward`)],
    ],
    [
      'too many for the counters, two pairs of old rules included',
      `rules:\n${DNS}${TELNET_COUNT}`,
      [/UPE_RULE_CAPACITY/],
    ],
  ] as const) {
    const { problems, scrape } = await reloaded.loadInvalid(text);
    t.equal(problems.length, expected.length, `${what}: ${problems.join(' | ')}`);
    t.match(problems, expected, what);
    t.match(await (await upe.get('/')).text(), 'The last reload failed', `${what}: on the landing page`);
    t.equal(scrape.value(GENERATION), 1, what);
    t.equal(scrape.value('upe_rules'), 2, what);
    t.equal(shaOf(scrape), sha, what);
    const later = await eventually('matches', async () => {
      const next = await upe.scrape();
      return packets(next, 'web', 'count')! > packets(scrape, 'web', 'count')! && next;
    });
    t.equal(packets(later, 'mirror', 'forward'), undefined);
  }

  const page = async () => (await upe.get('/')).text();
  t.match(await page(), /<li>.*UPE_RULE_CAPACITY/, 'with the reason');
  const good = await reloaded.load(WEB, DNS);
  t.notMatch(await page(), 'The last reload failed');
  t.equal(good.value(SUCCESSFUL), 1);
  t.equal(good.value(GENERATION), 2);
  t.not(shaOf(good), sha);
});

t.test('a request that comes while the engine starts is answered when it has started', async (t) => {
  const file = join(temporaryFolder(t), 'rules.yaml');
  writeFileSync(file, `rules:\n${WEB}`);
  const program = startProgram(t, process.execPath, [UPE_MAIN, 'run', '--rules', file], {
    env: { UPE_SOURCE: 'demo', UPE_HTTP_PORT: '0' },
  });
  // The stats thread listens before the source is opened.
  await program.waitForLog('Server listening');
  program.signal('SIGHUP');
  t.match(await program.waitForLog('rules loaded again'), { rules: 1, generation: 2 });
  program.signal('SIGTERM');
  t.equal((await program.ended).exitCode, 0);
});
