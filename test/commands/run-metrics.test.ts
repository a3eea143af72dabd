import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  ANOMALY_KINDS,
  DROP_REASONS,
  LATENCY_BOUNDS_SECONDS,
  MALFORMED_REASONS,
  UNCLASSIFIED_KINDS,
} from '../../src/counters/catalogue.js';
import { VERSION } from '../../src/package-files.js';
import { CAPTURE_DROP_REASONS, CAPTURE_ENDS } from '../../src/stats/capture/capture-totals.js';
import { METRIC_FAMILIES } from '../../src/stats/metric-families.js';
import { pcapFile } from '../fixtures/capture-builder.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { startUpe } from '../support/upe-process.js';

const folder = temporaryFolder(t);
const rules = join(folder, 'rules.yaml');
writeFileSync(
  rules,
  `default_action: drop
rules:
  - { name: web, match: { protocol: tcp, dst_port: 443 }, action: count }
  - { name: rest, priority: 7, action: drop }
`,
);
const capture = join(folder, 'empty.pcap');
writeFileSync(capture, pcapFile([]));
const EMPTY = {
  UPE_SOURCE: 'pcap',
  UPE_PCAP_FILE: capture,
  UPE_RULES_FILE: rules,
  UPE_WORKERS: '2',
  UPE_RING_SLOTS: '256',
  UPE_POOL_BUFFERS: '1000',
};

const each = (words: readonly (string | number)[], series: (word: string | number) => string) =>
  words.map(series);
const RULE_LABELS = ['rule="web",action="count"', 'rule="rest",action="drop"'];
const ACTIONS = ['count', 'drop', 'forward'];
/** The threads that have an event loop; the others never return to one. */
const EVENT_LOOPS = ['main', 'stats'];
const THREADS = ['main', 'stats', 'rx', 'worker0', 'worker1'];

/** Every series whose value is known before the first packet: 0 but where it says otherwise. */
const AT_START: readonly (readonly [string, number])[] = [
  ...[
    ...each(RULE_LABELS, (labels) => `upe_rule_packets_total{${labels}}`),
    ...each(RULE_LABELS, (labels) => `upe_rule_bytes_total{${labels}}`),
    ...each(['web', 'rest'], (rule) => `upe_rule_last_match_timestamp_seconds{rule="${rule}"}`),
    'upe_retired_rule_packets_total',
    'upe_retired_rule_bytes_total',
    'upe_captures_running',
    'upe_capture_packets_total',
    'upe_capture_bytes_total',
    ...each(CAPTURE_ENDS, (reason) => `upe_captures_ended_total{reason="${reason}"}`),
    ...each(CAPTURE_DROP_REASONS, (reason) => `upe_capture_dropped_packets_total{reason="${reason}"}`),
    ...each(ACTIONS, (action) => `upe_unmatched_packets_total{action="${action}"}`),
    ...each(ACTIONS, (action) => `upe_unmatched_bytes_total{action="${action}"}`),
    ...each(MALFORMED_REASONS, (reason) => `upe_malformed_packets_total{reason="${reason}"}`),
    ...each(MALFORMED_REASONS, (reason) => `upe_malformed_bytes_total{reason="${reason}"}`),
    ...each(UNCLASSIFIED_KINDS, (kind) => `upe_unclassified_packets_total{kind="${kind}"}`),
    ...each(UNCLASSIFIED_KINDS, (kind) => `upe_unclassified_bytes_total{kind="${kind}"}`),
    ...each(ANOMALY_KINDS, (kind) => `upe_anomalies_total{kind="${kind}"}`),
    ...each(ACTIONS, (verdict) => `upe_verdict_packets_total{verdict="${verdict}"}`),
    'upe_rx_packets_total{interface="pcap"}',
    'upe_rx_bytes_total{interface="pcap"}',
    ...each(DROP_REASONS, (reason) => `upe_rx_dropped_packets_total{interface="pcap",reason="${reason}"}`),
    'upe_rx_kernel_dropped_packets_total{interface="pcap"}',
    ...each([0, 1], (worker) => `upe_worker_packets_total{worker="${worker}"}`),
    ...each([0, 1], (worker) => `upe_worker_bursts_total{worker="${worker}"}`),
    ...each([0, 1], (worker) => `upe_worker_lost_packets_total{worker="${worker}"}`),
    ...each(THREADS, (thread) => `upe_thread_restarts_total{thread="${thread}"}`),
    ...each([0, 1], (worker) => `upe_ring_used_slots{rx="0",worker="${worker}"}`),
    'upe_in_flight_packets',
    'upe_accounting_violations_total',
    ...each([...LATENCY_BOUNDS_SECONDS, '+Inf'], (le) => `upe_packet_latency_seconds_bucket{le="${le}"}`),
    'upe_packet_latency_seconds_sum',
    'upe_packet_latency_seconds_count',
  ].map((series) => [series, 0] as const),
  ['upe_rules', 2],
  ['upe_rules_generation', 1],
  ['upe_config_last_reload_successful', 1],
  [
    'upe_rule_info{rule="web",action="count",priority="0",match="protocol: tcp, dst_port: 443",out_interface=""}',
    1,
  ],
  ['upe_rule_info{rule="rest",action="drop",priority="7",match="",out_interface=""}', 1],
  ['upe_source_finished', 1],
  ...each([0, 1], (worker) => `upe_ring_slots{rx="0",worker="${worker}"}`).map(
    (series) => [series, 256] as const,
  ),
  ['upe_pool_free_buffers', 1000],
  ['upe_pool_buffers', 1000],
  ['upe_mode_info{source="pcap",mode="watch"}', 1],
  [`upe_build_info{version="${VERSION}",node_version="${process.version}"}`, 1],
];

/** And those whose value is nobody's to know. */
const OTHERS: readonly (string | RegExp)[] = [
  // Known a second after the start.
  'upe_rules_shadowed',
  /^upe_rules_info\{sha256="[0-9a-f]{64}"\}$/,
  'upe_config_last_reload_success_timestamp_seconds',
  ...each(THREADS, (thread) => `upe_thread_busy_seconds_total{thread="${thread}"}`),
  ...each(THREADS, (thread) => `upe_thread_heap_bytes{thread="${thread}"}`),
  ...each(THREADS, (thread) => `upe_thread_heartbeat_age_seconds{thread="${thread}"}`),
  ...each(EVENT_LOOPS, (thread) => `upe_thread_event_loop_lag_seconds{thread="${thread}"}`),
  ...each(EVENT_LOOPS, (thread) => `upe_thread_gc_seconds_total{thread="${thread}"}`),
];

t.test('every series is there before the first packet, at 0, and no other', async (t) => {
  const upe = await startUpe(t, EMPTY);
  await upe.program.waitForLog('the source has finished');
  const scrape = await upe.scrape();
  for (const [series, value] of AT_START) t.equal(scrape.value(series), value, series);
  const known = new Set(AT_START.map(([series]) => series));
  const others = [...scrape.values.keys()].filter(
    (series) => series.startsWith('upe_') && !known.has(series),
  );
  t.equal(others.length, OTHERS.length, others.join(' '));
  for (const [i, series] of OTHERS.entries()) {
    t.ok(
      others.some((other) => (series instanceof RegExp ? series.test(other) : series === other)),
      String(OTHERS[i]),
    );
  }
  t.strictSame(
    [...scrape.types.keys()].filter((name) => name.startsWith('upe_')),
    METRIC_FAMILIES.map(({ name }) => name),
    'every family is described, in the order of the list',
  );
  const prefixes = new Set([...scrape.values.keys()].map((series) => series.split('_', 1)[0]));
  t.strictSame([...prefixes].sort(), ['process', 'upe'], 'nothing of a single thread of Node.js');
});

const promtool = spawnSync('promtool', ['--version']).error ? 'promtool is not installed' : false;
t.test('promtool finds nothing to object to', { skip: promtool }, async (t) => {
  const upe = await startUpe(t, { UPE_SOURCE: 'demo', UPE_RULES_FILE: rules });
  const text = await (await upe.get('/metrics')).text();
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  });
  t.equal(stdout + stderr, '');
  t.equal(status, 0);
});
