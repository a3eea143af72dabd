import { readFileSync } from 'node:fs';
import { openMetricsContentType, prometheusContentType } from 'prom-client';
import t from 'tap';
import { createRegistry, Exposer } from '../../src/stats/exposition.js';
import { METRIC_FAMILIES } from '../../src/stats/metric-families.js';
import { rendered } from '../support/rendered.js';
import { EngineStandIn, TELNET_SLOT } from './engine-stand-in.js';

/** Tests run from the root of the repository. */
const GOLDEN_FILE = 'test/stats/metrics.golden.txt';

async function startFilled(t: { teardown(clean: () => void): unknown }): Promise<EngineStandIn> {
  const engine = new EngineStandIn();
  t.teardown(() => engine.stop());
  engine.fillTraffic();
  await engine.pass();
  return engine;
}

/** A metrics text without what differs from run to run and from one Node.js to the next. */
function lasting(text: string): string {
  const blocks = text.split(/\n(?=# HELP )/).filter((block) => !block.startsWith('# HELP process_'));
  return `${blocks.join('\n').replaceAll(process.version, 'NODE_VERSION').trimEnd()}\n`;
}

t.test('the Prometheus text is the golden one', async (t) => {
  const engine = await startFilled(t);
  const { contentType, text } = await rendered(new Exposer(engine.state), false);
  t.equal(contentType, 'text/plain; version=0.0.4; charset=utf-8');
  t.equal(lasting(text), readFileSync(GOLDEN_FILE, 'utf8'));
  t.ok(text.endsWith('\n'));
});

t.test('label values are escaped', async (t) => {
  const engine = await startFilled(t);
  const { text } = await rendered(new Exposer(engine.state), false);
  const line = text.split('\n').find((own) => own.startsWith('upe_rule_info{rule="block-telnet"'));
  t.equal(
    line,
    'upe_rule_info{rule="block-telnet",action="drop",priority="10",' +
      'match="dscp: \\"46\\", <b>&\\\\\\n\'x\'",out_interface=""} 1',
  );
});

t.test('every family has its help and type once, directly before its series', async (t) => {
  const engine = await startFilled(t);
  const { text } = await rendered(new Exposer(engine.state), false);
  const lines = text.split('\n').filter((line) => line !== '');
  for (const { name, type, help } of METRIC_FAMILIES) {
    const at = lines.indexOf(`# HELP ${name} ${help}`);
    t.ok(at >= 0, name);
    t.equal(lines.lastIndexOf(`# HELP ${name} ${help}`), at);
    t.equal(lines[at + 1], `# TYPE ${name} ${type}`);
    t.ok(lines[at + 2].startsWith(name));
  }
});

t.test(
  'OpenMetrics names counter families without _total, their series with it, and ends with EOF',
  async (t) => {
    const engine = await startFilled(t);
    const { contentType, text } = await rendered(new Exposer(engine.state), true);
    t.equal(contentType, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    const lines = text.split('\n');
    t.ok(lines.includes('# TYPE upe_rule_packets counter'));
    t.ok(lines.includes('upe_rule_packets_total{rule="block-telnet",action="drop"} 5'));
    t.ok(lines.includes('# TYPE upe_packet_latency_seconds histogram'));
    t.ok(lines.includes('upe_packet_latency_seconds_count 28'));
    t.ok(lines.includes('# TYPE upe_rules gauge'));
    t.notMatch(text, /_total_total/);
    t.notMatch(text, /\n\n/, 'no empty line');
    t.ok(text.endsWith('\n# EOF\n'));
  },
);

t.test('both formats have the same series with the same values', async (t) => {
  const engine = await startFilled(t);
  const exposer = new Exposer(engine.state);
  const seriesOf = async (openMetrics: boolean) =>
    (await rendered(exposer, openMetrics)).text.split('\n').filter((line) => line.startsWith('upe_'));
  t.same(await seriesOf(true), await seriesOf(false));
});

t.test('the same exposer renders either format again after the other', async (t) => {
  const engine = await startFilled(t);
  const exposer = new Exposer(engine.state);
  const render = async (openMetrics: boolean) => lasting((await rendered(exposer, openMetrics)).text);
  const prometheus = await render(false);
  const openMetrics = await render(true);
  for (let round = 0; round < 2; round++) {
    t.equal(await render(false), prometheus);
    t.equal(await render(true), openMetrics);
  }
});

t.test('families that have no series without a live source are described all the same', async (t) => {
  const engine = await startFilled(t);
  const exposer = new Exposer({ ...engine.state, live: null });
  for (const openMetrics of [false, true]) {
    const { text } = await rendered(exposer, openMetrics);
    t.match(text, /^# TYPE upe_tx_packets(_total)? counter$/m);
    t.notMatch(text, /^upe_(tx|interface)_/m);
  }
});

t.test('what is not known yet is NaN, as both formats spell it', async (t) => {
  const engine = await startFilled(t);
  const exposer = new Exposer({ ...engine.state, shadowedRules: null });
  for (const openMetrics of [false, true]) {
    const { text } = await rendered(exposer, openMetrics);
    t.match(text, /^upe_rules_shadowed NaN$/m);
    t.notMatch(text, /\bNan\b/);
  }
});

t.test('a scrape shows the state of then', async (t) => {
  const engine = await startFilled(t);
  const exposer = new Exposer(engine.state);
  await rendered(exposer, false);
  engine.dataplane.pass(0, TELNET_SLOT, 2);
  await engine.pass();
  const { text } = await rendered(exposer, false);
  t.match(text, '\nupe_rule_packets_total{rule="block-telnet",action="drop"} 7\n');
});

t.test('the process is described, and no single thread as if it were the process', async (t) => {
  const engine = await startFilled(t);
  const { text } = await rendered(new Exposer(engine.state), false);
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_open_fds']) {
    t.match(text, new RegExp(`^${name} [0-9.]+$`, 'm'));
  }
  t.notMatch(text, /nodejs_/);
});

t.test('two exposers do not share anything', async (t) => {
  const engine = await startFilled(t);
  const idle = new EngineStandIn();
  t.teardown(() => idle.stop());
  const [busyText, idleText] = await Promise.all(
    [engine, idle].map(async ({ state }) => (await rendered(new Exposer(state), false)).text),
  );
  t.match(busyText, '\nupe_in_flight_packets 1\n');
  t.match(idleText, '\nupe_in_flight_packets 0\n');
});

t.test('the rules, whose text is our own, are as prom-client writes them', async (t) => {
  const engine = await startFilled(t);
  const exposer = new Exposer(engine.state);
  for (const [openMetrics, contentType] of [
    [false, prometheusContentType],
    [true, openMetricsContentType],
  ] as const) {
    const { text } = await rendered(exposer, openMetrics);
    const plain = await createRegistry(engine.state, contentType, METRIC_FAMILIES).metrics();
    t.equal(lasting(text), lasting(plain), contentType);
  }
});
