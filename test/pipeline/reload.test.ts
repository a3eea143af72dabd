import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { LOCAL_HTTP } from '../stats/server-stand-in.js';
import {
  createEngine,
  mixedFrames,
  rules,
  temporaryFolder,
  writeCapture,
} from '../support/engine-fixture.js';

/** The series of a scrape: name with labels, and value. */
async function scrape(port: number): Promise<Map<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const series = new Map<string, number>();
  for (const line of (await response.text()).split('\n')) {
    if (line.startsWith('#') || line === '') continue;
    const space = line.lastIndexOf(' ');
    series.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return series;
}

function sumOf(series: ReadonlyMap<string, number>, name: string): number {
  let sum = 0;
  for (const [key, value] of series) if (key === name || key.startsWith(`${name}{`)) sum += value;
  return sum;
}

function assertNoneWentBack(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): string[] {
  const wrong: string[] = [];
  for (const [key, value] of before) {
    if (!/_total(\{|$)/.test(key)) continue;
    const now = after.get(key);
    if (now === undefined || now < value) wrong.push(`${key}: ${value}, then ${now}`);
  }
  return wrong;
}

/** Tables that move rules about, change actions, drop rules and bring them back. */
const TABLES = [
  `
default_action: count
rules:
  - { name: web, match: { dst_port: 443 }, action: count }
  - { name: dns, match: { dst_port: 53 }, action: count }
  - { name: telnet, match: { dst_port: 23 }, action: drop }`,
  `
default_action: count
rules:
  - { name: telnet, match: { dst_port: 23 }, action: count }
  - { name: web, match: { dst_port: 443 }, action: count }`,
  `
default_action: drop
rules:
  - { name: all-tcp, match: { protocol: tcp }, action: count }
  - { name: web, match: { dst_port: 443 }, action: drop }
  - { name: dns, match: { dst_port: 53 }, action: count }`,
];

t.test(
  'a hundred reloads during a paced replay: every packet is judged once, no counter goes back',
  async (t) => {
    const packets = 60_000;
    let finished = false;
    const engine = createEngine(
      {
        workerCount: 2,
        acceptForward: false,
        ruleSet: rules(TABLES[0]),
        source: {
          kind: 'pcap',
          files: [writeCapture(temporaryFolder(t), packets)],
          pace: { kind: 'rate', packetsPerSecond: 10_000 },
          loop: false,
        },
        stats: { intervalMs: 100, http: LOCAL_HTTP, topTalkers: true },
      },
      {
        onFinished: () => {
          finished = true;
        },
      },
    );
    const port = await engine.start();
    let before = await scrape(port);
    let refused = 0;
    for (let reload = 1; reload <= 100; reload++) {
      if (reload % 10 === 0) {
        const forward = rules('rules: [{ name: out, action: forward }]');
        await t.rejects(engine.reload(forward), {
          code: 'UPE_CONFIG',
          message: /rule out has the action forward/,
        });
        engine.noteReloadFailed(['rule out has the action forward']);
        refused++;
      } else {
        await engine.reload(rules(TABLES[reload % TABLES.length]));
      }
      const after = await scrape(port);
      t.same(assertNoneWentBack(before, after), [], `reload ${reload}`);
      t.equal(after.get('upe_accounting_violations_total'), 0);
      t.equal(after.get('upe_config_last_reload_successful'), reload % 10 === 0 ? 0 : 1);
      t.equal(after.get('upe_rules_generation'), 1 + reload - refused);
      before = after;
    }
    t.equal(finished, false, 'the traffic outlasted the reloads');
    while (!finished) await sleep(50);
    await sleep(300);
    const last = await scrape(port);
    const frames = mixedFrames();
    const arps = Array.from({ length: packets }, (_, i) => frames[i % frames.length]).filter(
      (frame) => frame[12] === 0x08 && frame[13] === 0x06,
    ).length;
    t.equal(sumOf(last, 'upe_rx_packets_total'), packets);
    t.equal(
      sumOf(last, 'upe_rule_packets_total') + sumOf(last, 'upe_unmatched_packets_total'),
      packets - arps,
      'every IP packet once, whatever the generation',
    );
    t.equal(last.get('upe_unclassified_packets_total{kind="arp"}'), arps);
    t.ok(
      (last.get('upe_rule_packets_total{rule="telnet",action="drop"}') ?? 0) > 0,
      'a retired pair keeps its series',
    );
    t.ok((last.get('upe_rule_packets_total{rule="all-tcp",action="count"}') ?? 0) > 0);
    const summary = await engine.stop();
    t.same(summary.violations, []);
    t.equal(summary.processed, packets);
  },
);

t.test('a table that does not fit is refused, and the old one goes on', async (t) => {
  const engine = createEngine({
    ruleCapacity: 2,
    ruleSet: rules('rules: [{ name: a, action: count }, { name: b, action: count }]'),
  });
  await engine.start();
  const three = ['c', 'd', 'e'].map((name) => `{ name: ${name}, action: count }`);
  await t.rejects(engine.reload(rules(`rules: [${three.join(', ')}]`)), {
    code: 'UPE_RULE_CAPACITY',
    message: /3 rules and the counters have room for 2/,
  });
  t.same(
    engine.series.notice.live.map(({ rule }) => rule),
    ['a', 'b'],
  );
  await engine.stop();
});
