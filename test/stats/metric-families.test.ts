import t from 'tap';
import { METRIC_FAMILIES } from '../../src/stats/metric-families.js';
import { EngineStandIn } from './engine-stand-in.js';

/** What this version exports, with the labels that every series of it has. */
const CONTRACT: { readonly [name: string]: readonly string[] } = {
  upe_rule_packets_total: ['rule', 'action'],
  upe_rule_bytes_total: ['rule', 'action'],
  upe_rule_last_match_timestamp_seconds: ['rule'],
  upe_rule_info: ['rule', 'action', 'priority', 'match', 'out_interface'],
  upe_retired_rule_packets_total: [],
  upe_retired_rule_bytes_total: [],
  upe_unmatched_packets_total: ['action'],
  upe_unmatched_bytes_total: ['action'],
  upe_malformed_packets_total: ['reason'],
  upe_malformed_bytes_total: ['reason'],
  upe_unclassified_packets_total: ['kind'],
  upe_unclassified_bytes_total: ['kind'],
  upe_anomalies_total: ['kind'],
  upe_verdict_packets_total: ['verdict'],
  upe_rx_packets_total: ['interface'],
  upe_rx_bytes_total: ['interface'],
  upe_rx_dropped_packets_total: ['interface', 'reason'],
  upe_rx_kernel_dropped_packets_total: ['interface'],
  upe_worker_packets_total: ['worker'],
  upe_worker_bursts_total: ['worker'],
  upe_worker_lost_packets_total: ['worker'],
  upe_ring_used_slots: ['rx', 'worker'],
  upe_ring_slots: ['rx', 'worker'],
  upe_pool_free_buffers: [],
  upe_pool_buffers: [],
  upe_in_flight_packets: [],
  upe_accounting_violations_total: [],
  upe_packet_latency_seconds: ['le'],
  upe_thread_busy_seconds_total: ['thread'],
  upe_thread_heap_bytes: ['thread'],
  upe_thread_restarts_total: ['thread'],
  upe_thread_heartbeat_age_seconds: ['thread'],
  upe_thread_event_loop_lag_seconds: ['thread'],
  upe_thread_gc_seconds_total: ['thread'],
  upe_rules: [],
  upe_rules_shadowed: [],
  upe_rules_generation: [],
  upe_rules_info: ['sha256'],
  upe_config_last_reload_successful: [],
  upe_config_last_reload_success_timestamp_seconds: [],
  upe_mode_info: ['source', 'mode'],
  upe_source_finished: [],
  upe_build_info: ['version', 'node_version'],
  upe_tx_packets_total: ['interface'],
  upe_tx_bytes_total: ['interface'],
  upe_tx_failed_packets_total: ['interface', 'reason'],
  upe_interface_up: ['interface'],
  upe_interface_receive_missed_packets_total: ['interface'],
  upe_interface_receive_dropped_packets_total: ['interface'],
  upe_captures_running: [],
  upe_captures_ended_total: ['reason'],
  upe_capture_packets_total: [],
  upe_capture_bytes_total: [],
  upe_capture_dropped_packets_total: ['reason'],
};

t.test('every metric of the contract is exported, once, and no other', async (t) => {
  const names = METRIC_FAMILIES.map(({ name }) => name);
  t.same([...names].sort(), Object.keys(CONTRACT).sort());
});

for (const { name, type, help } of METRIC_FAMILIES) {
  t.test(`${name} is named and described as metrics should be`, async (t) => {
    t.match(name, /^upe_[a-z0-9_]+$/);
    t.equal(name.endsWith('_total'), type === 'counter', 'counters, and only they, end in _total');
    t.match(help, /^[^\s].*[^.]\.$/, 'the help is a sentence');
    t.notMatch(help, /[\n\\]/);
  });
}

/** Counters of what threads do, which they do without packets too. */
const RUNNING_FROM_THE_START = new Set(['upe_thread_busy_seconds_total', 'upe_thread_gc_seconds_total']);

t.test('every series has the labels of the contract and a number, from the start', async (t) => {
  const engine = new EngineStandIn();
  t.teardown(() => engine.stop());
  for (const { name, type, samples } of METRIC_FAMILIES) {
    const all = samples(engine.state);
    t.ok(all.length > 0, `${name} has a series`);
    const keys = new Set<string>();
    for (const { labels, value, metricName = name } of all) {
      const isPart = type === 'histogram' && !metricName.endsWith('_bucket');
      t.same(Object.keys(labels), isPart ? [] : CONTRACT[name], name);
      t.ok(Number.isFinite(value) && value >= 0, `${name} is ${value}`);
      if (type === 'counter' && !RUNNING_FROM_THE_START.has(name)) t.equal(value, 0, name);
      keys.add(metricName + JSON.stringify(labels));
    }
    t.equal(keys.size, all.length, `${name} has no series twice`);
  }
});

t.test('interfaces that are only sent to are not among those that are read', async (t) => {
  const engine = new EngineStandIn();
  t.teardown(() => engine.stop());
  const interfacesOf = (name: string) => {
    const family = METRIC_FAMILIES.find((own) => own.name === name)!;
    return [...new Set(family.samples(engine.state).map(({ labels }) => labels.interface))];
  };
  for (const name of Object.keys(CONTRACT).filter((own) => CONTRACT[own].includes('interface'))) {
    const expected = name.startsWith('upe_rx_') ? ['eth0', 'eth1'] : ['eth0', 'eth1', 'eth2'];
    t.same(interfacesOf(name), expected, name);
  }
});

t.test('only a live source has interfaces to send to and to watch over', async (t) => {
  const engine = new EngineStandIn();
  t.teardown(() => engine.stop());
  const state = { ...engine.state, source: 'demo', live: null };
  const empty = METRIC_FAMILIES.filter(({ samples }) => samples(state).length === 0);
  t.same(
    empty.map(({ name }) => name),
    Object.keys(CONTRACT).filter((name) => /^upe_(tx|interface)_/.test(name)),
  );
});

t.test('the latency buckets are cumulative and end with the count', async (t) => {
  const engine = new EngineStandIn();
  t.teardown(() => engine.stop());
  engine.fillTraffic();
  await engine.pass();
  const family = METRIC_FAMILIES.find(({ name }) => name === 'upe_packet_latency_seconds')!;
  const samples = family.samples(engine.state);
  const valuesOf = (part: string) =>
    samples.filter(({ metricName }) => metricName?.endsWith(part)).map(({ value }) => value);
  const buckets = valuesOf('_bucket');
  t.same(
    buckets,
    [...buckets].sort((a, b) => a - b),
  );
  t.equal(buckets.at(-1), 28);
  t.same(valuesOf('_count'), [28]);
  t.same(valuesOf('_sum'), [(4 * 10 + 2_000_000 + 750 * 17) / 1e6]);
  t.equal(samples.filter(({ labels }) => labels.le === '+Inf').length, 1);
});
