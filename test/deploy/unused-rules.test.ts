import t from 'tap';
import type { UnusedReport } from '../../src/commands/unused-report.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { missingPrograms } from '../support/missing-programs.js';
import { type PastSeries, writePast } from '../support/prometheus-history.js';
import { PrometheusServer, prometheusMissing } from '../support/prometheus-server.js';
import { rulesFileIn } from '../support/rules-file.js';
import { runUpe, type TestScope } from '../support/upe-process.js';

t.setTimeout(120_000);

const skip = prometheusMissing() || (missingPrograms(['promtool']).length > 0 && 'not installed: promtool');
const NOW = Math.floor(Date.now() / 1000);
const DAY = 86_400;
/** The data goes further back than the window. */
const DATA_DAYS = 100;

/** What an instance tells of a rule, by days before now. */
interface PastRule {
  readonly rule: string;
  readonly instance: string;
  readonly action?: string;
  /** Days ago at which it was in the table first, and last. */
  readonly from?: number;
  readonly to?: number;
  /** Days ago at which a packet matched, each with so many packets. */
  readonly matches?: readonly number[];
  /** Days ago at which the process was started again, and its counts began anew. */
  readonly restarts?: readonly number[];
  /** Days ago from which to which nobody scraped it. */
  readonly gap?: readonly [number, number];
  /** What the clock of the instance says of a match, instead of the truth. */
  readonly clock?: number;
  /** Without the time of the last match, as a remote write may leave it out. */
  readonly isCountedOnly?: boolean;
}

const PACKETS_OF_A_MATCH = 5;

function seriesOf(past: PastRule): PastSeries[] {
  const { rule, instance, action = 'count', from = 1000, to = -1, matches = [], restarts = [] } = past;
  const labels = `job="upe",instance="${instance}",rule="${rule}"`;
  const isThere = (daysAgo: number) => daysAgo <= from && daysAgo >= to && !isIn(past.gap, daysAgo);
  /** The matches that the process which ran then knew of. */
  const known = (daysAgo: number) => {
    const started = Math.min(...restarts.filter((restart) => restart > daysAgo), 1000);
    return matches.filter((match) => match >= daysAgo && match < started);
  };
  const counted: PastSeries = {
    series: `upe_rule_packets_total{${labels},action="${action}"}`,
    type: 'counter',
    value: (daysAgo) => (isThere(daysAgo) ? known(daysAgo).length * PACKETS_OF_A_MATCH : null),
  };
  const last: PastSeries = {
    series: `upe_rule_last_match_timestamp_seconds{${labels}}`,
    type: 'gauge',
    value: (daysAgo) => {
      if (!isThere(daysAgo)) return null;
      const newest = Math.min(...known(daysAgo));
      return Number.isFinite(newest) ? (past.clock ?? NOW - Math.round(newest * DAY)) : 0;
    },
  };
  return past.isCountedOnly === true ? [counted] : [counted, last];
}

function isIn(gap: readonly [number, number] | undefined, daysAgo: number): boolean {
  return gap !== undefined && daysAgo <= gap[0] && daysAgo >= gap[1];
}

/** That an instance was there. */
function instanceSeries(instance: string, to = -1): PastSeries {
  return {
    series: `upe_rules{job="upe",instance="${instance}"}`,
    type: 'gauge',
    value: (daysAgo) => (daysAgo >= to ? 1 : null),
  };
}

/** A Prometheus that knows the past of some rules. */
async function prometheusWith(
  t: TestScope & { teardown(clean: () => void): unknown },
  series: readonly PastSeries[],
  flags: readonly string[] = [],
  days = DATA_DAYS,
): Promise<PrometheusServer> {
  const folder = temporaryFolder(t);
  writePast(folder, series, days, NOW);
  const storage = [`--storage.tsdb.path=${folder}/data`, '--storage.tsdb.retention.time=1y'];
  return PrometheusServer.start(t, { global: {} }, [...storage, ...flags]);
}

async function ask(t: TestScope, server: PrometheusServer, args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runUpe(t, ['unused', '--prometheus', server.origin, ...args]);
  return { exitCode, stdout, stderr };
}

async function report(t: TestScope, server: PrometheusServer, ...args: string[]) {
  const { exitCode, stdout, stderr } = await ask(t, server, ['--json', ...args]);
  if (exitCode !== 0 && exitCode !== 3) throw new Error(`exit code ${exitCode}: ${stderr}`);
  return { exitCode, ...(JSON.parse(stdout) as UnusedReport) };
}

/** Days between a time and now. */
function daysAgo(iso: string | null): number {
  return iso === null ? Number.NaN : (NOW - Date.parse(iso) / 1000) / DAY;
}

const names = (rules: readonly { readonly rule: string }[]) => rules.map(({ rule }) => rule);

const STARTS = [95, 85, 65, 45];

const FLEET: readonly PastRule[] = [
  { rule: 'busy', instance: 'a', matches: Array.from({ length: 400 }, (_, i) => i / 4) },
  { rule: 'busy', instance: 'b' },
  { rule: 'never', instance: 'a' },
  { rule: 'never', instance: 'b' },
  // Before the window, and the process still knows of it.
  { rule: 'long-ago', instance: 'a', matches: [99, 95] },
  { rule: 'long-ago', instance: 'b', matches: [97] },
  { rule: 'on-one-only', instance: 'a' },
  { rule: 'on-one-only', instance: 'b', matches: [60] },
  // Within the window, by a process that is gone: what runs now knows nothing of it.
  { rule: 'before-a-restart', instance: 'a', matches: [80], restarts: [70, 30] },
  // Before the window, by a process that is gone.
  { rule: 'long-before-a-restart', instance: 'a', matches: [96], restarts: [93] },
  // Just so within the window.
  { rule: 'nearly-too-long', instance: 'a', matches: [89.5] },
  { rule: 'wrong-clock', instance: 'a', matches: [50], clock: 1000 },
  // The counter seems to stand still: each process is seen with the same count first.
  { rule: 'once-a-start', instance: 'a', matches: STARTS.map((start) => start - 1e-6), restarts: STARTS },
  { rule: 'young', instance: 'a', from: 10 },
  { rule: 'young-and-used', instance: 'a', from: 10, matches: [2] },
  { rule: 'removed', instance: 'a', to: 20 },
  // Only between two looks, which are 0.9 days apart.
  { rule: 'tried-briefly', instance: 'a', from: 63.6, to: 63.4 },
  { rule: 'with-a-gap', instance: 'b', gap: [80, 11] },
  { rule: 'of-one-that-left', instance: 'c', to: 30 },
];

t.test('90 days of a fleet', { skip }, async (t) => {
  const series = [
    ...FLEET.flatMap(seriesOf),
    ...[instanceSeries('a'), instanceSeries('b'), instanceSeries('c', 30)],
  ];
  const server = await prometheusWith(t, series);

  t.test(
    'a rule is unused where no instance has seen a match, restarts and removals considered',
    async (t) => {
      const answer = await report(t, server, '--days', '90');
      t.equal(answer.exitCode, 3);
      t.strictSame(names(answer.unused), ['long-ago', 'long-before-a-restart', 'never', 'with-a-gap']);
      t.strictSame(names(answer.young), ['young']);
      t.strictSame(answer.removed, ['of-one-that-left', 'removed', 'tried-briefly']);
      t.strictSame(answer.no_data, []);
      const removed = 3;
      t.equal(answer.rules, new Set(names(FLEET)).size - removed, 'the names that instances have now');
      t.strictSame(answer.instances, [
        { job: 'upe', instance: 'a', has_data_now: true },
        { job: 'upe', instance: 'b', has_data_now: true },
        { job: 'upe', instance: 'c', has_data_now: false },
      ]);
    },
  );

  t.test('it is said how far the data reaches, and what is known of before', async (t) => {
    const { unused, young, window_start, data_since, reaches_window_start } = await report(t, server);
    t.ok(Math.abs(daysAgo(window_start) - 90) < 0.1, window_start);
    t.equal(data_since, window_start);
    t.equal(reaches_window_start, true);
    const [longAgo, beforeRestart, never, withGap] = unused;
    t.ok(Math.abs(daysAgo(longAgo.last_match) - 95) < 0.1, 'the newest match of all instances');
    t.equal(beforeRestart.last_match, null);
    t.match(never, { last_match: null, data_since: window_start, coverage: 1, instances: 2 });
    t.ok(withGap.coverage > 0.2 && withGap.coverage < 0.25, `${withGap.coverage}: 21 of 90 days`);
    t.match(young, [{ rule: 'young', coverage: 1, instances: 1 }]);
    t.ok(Math.abs(daysAgo(young[0].data_since) - 10) < 1, 'within a hundredth of the window');
  });

  t.test('a shorter window finds more', async (t) => {
    const { unused, young } = await report(t, server, '--days', '5');
    t.strictSame(names(unused), [
      ...['before-a-restart', 'long-ago', 'long-before-a-restart', 'nearly-too-long', 'never', 'on-one-only'],
      ...['once-a-start', 'with-a-gap', 'wrong-clock', 'young'],
    ]);
    t.strictSame(young, []);
  });

  t.test('a window longer than the data says so', async (t) => {
    const { unused, reaches_window_start, data_since } = await report(t, server, '--days', '200');
    t.strictSame(names(unused), ['never', 'with-a-gap']);
    t.equal(reaches_window_start, false);
    t.ok(Math.abs(daysAgo(data_since) - DATA_DAYS) < 2.1, data_since);
    const { stdout } = await ask(t, server, ['--days', '200']);
    t.match(
      stdout,
      /^data {8}since \d{4}-\d\d-\d\d \d\d:\d\d UTC, (98|99|100)\.\d of 200 days: nothing is known of before$/m,
    );
  });

  t.test('some instances only', async (t) => {
    const a = await report(t, server, '--selector', 'instance="a"');
    t.ok(names(a.unused).includes('on-one-only'), 'the match was on b');
    t.strictSame(a.instances, [{ job: 'upe', instance: 'a', has_data_now: true }]);
    const b = await report(t, server, '--selector', '{instance=~"b|x", job!="other"}');
    t.strictSame(names(b.unused), ['busy', 'long-ago', 'never', 'with-a-gap']);
    t.equal(b.selector, 'instance=~"b|x",job!="other"');
  });

  t.test('the rules of a file', async (t) => {
    const lines = ['never', 'removed', 'busy', 'brand-new', 'young'];
    const file = rulesFileIn(
      temporaryFolder(t),
      'rules',
      lines.map((name) => `{ name: ${name}, action: count }`),
      'count',
    );
    const answer = await report(t, server, '--rules', file);
    t.strictSame(names(answer.unused), ['never', 'removed'], 'in the order of the file');
    t.strictSame(names(answer.young), ['young']);
    t.strictSame(answer.no_data, ['brand-new']);
    t.equal(answer.rules_file, file);
    t.equal(answer.rules, 4);
    const used = rulesFileIn(temporaryFolder(t), 'used', ['{ name: busy, action: drop }'], 'count');
    t.equal((await report(t, server, '--rules', used)).exitCode, 0);
  });

  t.test('as a person reads it', async (t) => {
    const { exitCode, stdout, stderr } = await ask(t, server, []);
    t.equal(exitCode, 3);
    t.equal(stderr, '');
    const text = stdout
      .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'TIME')
      .replace(server.origin, 'URL')
      .replace(/for 2[234] % of/, 'for PART of')
      .replaceAll(/ +/g, ' ')
      .replaceAll(/-{3,}/g, '---');
    t.equal(
      text,
      `prometheus URL
window 90 days, since TIME
data the whole window
instances 3; no data now of c

rule last match data since
---
long-ago TIME TIME
long-before-a-restart none known TIME
never none known TIME
with-a-gap none known TIME, but for PART of the time only

No match either, but there for a shorter time:
rule last match data since
---
young none known TIME

On no instance any more: of-one-that-left, removed, tried-briefly.
4 of 12 rules matched no packet on any of 3 instances since TIME.
`,
    );
  });

  t.test('what Prometheus refuses is said in its words', async (t) => {
    for (const [args, expected] of [
      [
        ['--selector', 'instance=~"("'],
        /^upe: http:\/\/127\.0\.0\.1:\d+ refuses a query: .*parse error.*missing closing \).*\n$/,
      ],
      [
        ['--selector', 'job="nobody"'],
        /^upe: http:\/\/127\.0\.0\.1:\d+ has no data of UPE's rules with \{job="nobody"\} in 90 days: see whether it scrapes UPE\n$/,
      ],
    ] as const) {
      const { exitCode, stdout, stderr } = await ask(t, server, args);
      t.equal(exitCode, 1);
      t.equal(stdout, '');
      t.match(stderr, expected);
    }
  });
});

t.test('a server that reads only so many samples at once is asked in parts', { skip }, async (t) => {
  const rules = Array.from({ length: 16 }, (_, i): PastRule => {
    return { rule: `rule.${i}`, instance: 'a', matches: i % 4 === 0 ? [3] : [] };
  });
  // One series of 10 days has 3,600 samples, and it takes a few of them at a time.
  const server = await prometheusWith(t, rules.flatMap(seriesOf), ['--query.max-samples=4500'], 10);
  const { unused, rules: judged } = await report(t, server, '--days', '9');
  t.equal(judged, 16);
  t.strictSame(
    names(unused),
    names(rules.filter(({ matches }) => matches?.length === 0)).sort(),
    'all parts together',
  );
  const tiny = await prometheusWith(t, rules.flatMap(seriesOf), ['--query.max-samples=50'], 10);
  const { exitCode, stderr } = await ask(t, tiny, ['--days', '9']);
  t.equal(exitCode, 1);
  t.match(stderr, /^upe: .* refuses a query: .*too many samples.*\n$/);
});

t.test(
  'where only counts are stored, what was counted before the data begins is no finding',
  { skip },
  async (t) => {
    const rules: PastRule[] = [
      { rule: 'never', instance: 'a' },
      { rule: 'used', instance: 'a', matches: [5] },
      { rule: 'used-before', instance: 'a', matches: [30] },
      { rule: 'of-an-earlier-table', instance: 'a' },
    ].map((own) => ({ ...own, isCountedOnly: true }));
    // Another instance has both: its tables' own rules count, and not the series of the others.
    rules.push({ rule: 'never', instance: 'b' });
    const earlier = seriesOf({ rule: 'earlier-on-b', instance: 'b', isCountedOnly: true });
    const server = await prometheusWith(t, [...rules.flatMap(seriesOf), ...earlier], [], 20);
    const { unused, removed, rules: judged } = await report(t, server, '--days', '10');
    t.strictSame(names(unused), ['never', 'of-an-earlier-table']);
    t.equal(judged, 4);
    t.strictSame(removed, []);
  },
);
