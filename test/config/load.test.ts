import t from 'tap';
import type { Pace } from '../../src/config/formats.js';
import { loadConfig, requireSource } from '../../src/config/load.js';
import type { Config } from '../../src/config/schema.js';
import { ConfigError } from '../../src/errors.js';

const DEFAULTS = {
  source: null,
  interface: null,
  bridge: null,
  nonIp: 'forward',
  malformed: 'drop',
  promiscuous: true,
  rxBlockBytes: 1_048_576,
  rxBlocks: 32,
  rxBlockTimeoutMs: 100,
  rxWaitMs: 200,
  cpuAffinity: null,
  user: null,
  group: null,
  pcapFile: null,
  pcapLoop: false,
  pcapPace: { kind: 'realtime' },
  demoPps: 50_000,
  rulesFile: null,
  rulesWatch: false,
  ruleCapacity: 16_384,
  workers: 'auto',
  poolBuffers: 'auto',
  bufferBytes: 2048,
  ringSlots: 'auto',
  statsIntervalMs: 1000,
  topTalkers: true,
  httpHost: '127.0.0.1',
  httpPort: 9912,
  webConfigFile: null,
  httpLifecycle: false,
  captureDir: null,
  idle: 'park',
  logLevel: 'info',
} satisfies Config;

function problemsOf(...args: Parameters<typeof loadConfig>): readonly string[] {
  try {
    loadConfig(...args);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

t.test('an empty environment gives the defaults', (t) => {
  t.strictSame(loadConfig({}, {}), DEFAULTS);
  t.strictSame(loadConfig({ PATH: '/bin', HOME: '/root' }, {}), DEFAULTS);
  t.end();
});

t.test('every variable sets its own value and no other', (t) => {
  const cases: readonly [string, string, Partial<Config>][] = [
    ['UPE_SOURCE', 'raw-socket', { source: 'raw-socket' }],
    ['UPE_INTERFACE', 'eth0,wlan0', { interface: ['eth0', 'wlan0'] }],
    ['UPE_NON_IP', 'drop', { nonIp: 'drop' }],
    ['UPE_MALFORMED', 'forward', { malformed: 'forward' }],
    ['UPE_PROMISCUOUS', 'false', { promiscuous: false }],
    ['UPE_RX_BLOCK_BYTES', '131072', { rxBlockBytes: 131_072 }],
    ['UPE_RX_BLOCKS', '2', { rxBlocks: 2 }],
    ['UPE_RX_BLOCK_TIMEOUT_MS', '1000', { rxBlockTimeoutMs: 1000 }],
    ['UPE_RX_WAIT_MS', '0', { rxWaitMs: 0 }],
    ['UPE_CPU_AFFINITY', '3,0-1', { cpuAffinity: [3, 0, 1] }],
    ['UPE_USER', 'nobody', { user: 'nobody' }],
    ['UPE_PCAP_FILE', 'a b.pcap', { pcapFile: 'a b.pcap' }],
    ['UPE_PCAP_LOOP', '1', { pcapLoop: true }],
    ['UPE_CAPTURE_DIR', '/var/lib/upe', { captureDir: '/var/lib/upe' }],
    ['UPE_PCAP_PACE', '100000000', { pcapPace: { kind: 'rate', packetsPerSecond: 100_000_000 } }],
    ['UPE_PCAP_PACE', 'max', { pcapPace: { kind: 'max' } }],
    ['UPE_DEMO_PPS', '10000000', { demoPps: 10_000_000 }],
    ['UPE_RULES_FILE', 'r.yaml', { rulesFile: 'r.yaml' }],
    ['UPE_RULE_CAPACITY', '1', { ruleCapacity: 1 }],
    ['UPE_WORKERS', '64', { workers: 64 }],
    ['UPE_POOL_BUFFERS', '1016800', { poolBuffers: 1_016_800 }],
    ['UPE_BUFFER_BYTES', '128', { bufferBytes: 128 }],
    ['UPE_RING_SLOTS', '64', { ringSlots: 64 }],
    ['UPE_STATS_INTERVAL_MS', '100', { statsIntervalMs: 100 }],
    ['UPE_TOP_TALKERS', 'false', { topTalkers: false }],
    ['UPE_HTTP_HOST', '::1', { httpHost: '::1' }],
    ['UPE_HTTP_PORT', '0', { httpPort: 0 }],
    ['UPE_WEB_CONFIG_FILE', 'w.yml', { webConfigFile: 'w.yml' }],
    ['UPE_HTTP_LIFECYCLE', 'true', { httpLifecycle: true }],
    ['UPE_IDLE', 'spin', { idle: 'spin' }],
    ['UPE_LOG_LEVEL', 'silent', { logLevel: 'silent' }],
  ];
  for (const [variable, text, change] of cases) {
    t.strictSame(loadConfig({ [variable]: text }, {}, 4), { ...DEFAULTS, ...change }, `${variable}=${text}`);
  }
  t.end();
});

t.test('variables that need another one set their own value beside it', (t) => {
  const cases: readonly [NodeJS.ProcessEnv, Partial<Config>][] = [
    [
      { UPE_SOURCE: 'afpacket', UPE_INTERFACE: 'eth0' },
      { source: 'afpacket', interface: ['eth0'] },
    ],
    [
      { UPE_SOURCE: 'afpacket', UPE_BRIDGE: 'eth0:eth1' },
      { source: 'afpacket', bridge: ['eth0', 'eth1'] },
    ],
    [
      { UPE_USER: '65534', UPE_GROUP: 'nogroup' },
      { user: '65534', group: 'nogroup' },
    ],
  ];
  for (const [env, change] of cases) {
    t.strictSame(loadConfig(env, {}, 4), { ...DEFAULTS, ...change }, JSON.stringify(env));
  }
  t.end();
});

t.test('values have their types', (t) => {
  const config = loadConfig({}, {});
  const ringSlots: number | 'auto' = config.ringSlots;
  const workers: number | 'auto' = config.workers;
  const pace: Pace = config.pcapPace;
  const rulesFile: string | null = config.rulesFile;
  const idle: 'park' | 'spin' = config.idle;
  t.strictSame([ringSlots, workers, pace.kind, rulesFile, idle], ['auto', 'auto', 'realtime', null, 'park']);
  t.end();
});

t.test('the configuration is frozen, all the way down', (t) => {
  const env = {
    ...{ UPE_PCAP_PACE: '5', UPE_CPU_AFFINITY: '1' },
    ...{ UPE_SOURCE: 'afpacket', UPE_INTERFACE: 'a', UPE_BRIDGE: 'b:c' },
  };
  const config = loadConfig(env, {});
  for (const value of [config, config.pcapPace, config.cpuAffinity, config.interface, config.bridge]) {
    t.ok(Object.isFrozen(value));
  }
  t.end();
});

t.test('a flag wins over its variable, and an empty text is none', (t) => {
  const cases: readonly [string | undefined, string | undefined, number][] = [
    [undefined, undefined, 9912],
    ['1', undefined, 1],
    [undefined, '2', 2],
    ['1', '2', 2],
    ['bad', '2', 2],
    ['', undefined, 9912],
    ['', '', 9912],
    ['1', '', 1],
  ];
  for (const [variable, flag, port] of cases) {
    const flags = flag === undefined ? {} : { httpPort: flag };
    t.equal(loadConfig({ UPE_HTTP_PORT: variable }, flags).httpPort, port, `${variable} and ${flag}`);
  }
  t.end();
});

t.test('the environment that is given is left as it was, and no other is read', (t) => {
  const env = Object.freeze({ UPE_WORKERS: '', UPE_IDLE: 'spin' });
  t.equal(loadConfig(env, { idle: 'park' }).idle, 'park');
  process.env.UPE_LOG_LEVEL = 'trace';
  t.teardown(() => delete process.env.UPE_LOG_LEVEL);
  t.equal(loadConfig({}, {}).logLevel, 'info');
  t.end();
});

t.test('injected variables are accepted', (t) => {
  const env = {
    UPE_PORT: 'tcp://10.0.0.1:9912',
    UPE_SERVICE_HOST: '10.0.0.1',
    UPE_PORT_9912_TCP_PORT: '9912',
  };
  t.strictSame(loadConfig(env, {}), DEFAULTS);
  t.end();
});

t.test('the pcap source needs a file', (t) => {
  const rest = 'is "pcap", but UPE_PCAP_FILE is not set; set it, or give --pcap-file, to a capture file.';
  t.strictSame(problemsOf({ UPE_SOURCE: 'pcap' }, {}), [`UPE_SOURCE ${rest}`]);
  t.strictSame(problemsOf({ UPE_PCAP_FILE: '' }, { source: 'pcap' }), [`--source ${rest}`]);
  t.strictSame(problemsOf({ UPE_SOURCE: 'pcap' }, { pcapFile: 'x.pcap' }), []);
  t.strictSame(problemsOf({ UPE_SOURCE: 'demo' }, {}), []);
  t.end();
});

t.test('a pool must hold what rings, caches and bursts can', (t) => {
  // With 4 workers and rings of 1024: 4096 in rings, 128 staged, 544 in hand, 160 in caches.
  const min = 4928;
  const env = { UPE_WORKERS: '4' };
  t.strictSame(problemsOf({ ...env, UPE_POOL_BUFFERS: String(min) }, {}), []);
  t.strictSame(problemsOf({ ...env, UPE_POOL_BUFFERS: String(min - 1) }, {}), [
    'UPE_POOL_BUFFERS is "4927", but 4 workers with rings of 1024 slots can hold 4928 buffers; ' +
      'give at least 4928, or leave it out for the default (auto).',
  ]);
  t.strictSame(problemsOf({ UPE_POOL_BUFFERS: '1279' }, {}, 2), [
    'UPE_POOL_BUFFERS is "1279", but 1 worker with rings of 1024 slots can hold 1280 buffers; ' +
      'give at least 1280, or leave it out for the default (auto).',
  ]);
  t.strictSame(problemsOf({ UPE_POOL_BUFFERS: '1280' }, {}, 2), [], 'auto workers follow the cores');
  t.match(problemsOf({ UPE_POOL_BUFFERS: '1280' }, {}, 3), [/2 workers/]);
  t.end();
});

t.test('rings that no pool can fill are refused, whatever the pool', (t) => {
  const problem =
    'UPE_RING_SLOTS is "1048576", but 64 workers with rings of 1048576 slots can hold 67121216 buffers, ' +
    'more than the 1016800 of the largest pool with 2048 bytes each; give fewer slots, fewer workers or smaller buffers.';
  const env = { UPE_WORKERS: '64', UPE_RING_SLOTS: '1048576' };
  t.strictSame(problemsOf(env, {}), [problem]);
  t.strictSame(problemsOf({ ...env, UPE_POOL_BUFFERS: '4194304' }, {}), [problem]);
  t.strictSame(problemsOf({ UPE_WORKERS: '3', UPE_RING_SLOTS: '262144' }, {}), []);
  const small = { UPE_BUFFER_BYTES: '128', UPE_WORKERS: '3', UPE_RING_SLOTS: '1048576' };
  t.strictSame(problemsOf(small, {}), []);
  t.end();
});

t.test('all problems come together: values, unknown names, and settings that do not fit', (t) => {
  const problems = problemsOf(
    {
      UPE_SOURCE: 'pcap',
      UPE_HTTP_PORT: '9464abc',
      UPE_WORKER: '2',
      UPE_POOL_BUFFERS: '64',
      UPE_WORKERS: '1',
    },
    { idle: 'nap' },
  );
  t.match(problems, [
    /^UPE_HTTP_PORT is "9464abc"/,
    /^--idle is "nap"/,
    /^UPE_WORKER is not a variable/,
    /^UPE_SOURCE is "pcap", but UPE_PCAP_FILE is not set/,
    /^UPE_POOL_BUFFERS is "64", but 1 worker/,
  ]);
  t.equal(problems.length, 5);
  t.end();
});

t.test('a bad value is not reported again by the checks that need it', (t) => {
  t.equal(problemsOf({ UPE_WORKERS: '4x', UPE_POOL_BUFFERS: '64' }, {}).length, 1);
  t.equal(problemsOf({ UPE_SOURCE: 'pcap', UPE_PCAP_FILE: 'a\0' }, {}).length, 1);
  t.end();
});

t.test('every problem is one sentence', (t) => {
  const problems = problemsOf({ UPE_SOURCE: 'pcap', UPE_WORKERS: '0', UPE_X: '1', UPE_IDLE: 'a\nb' }, {});
  t.equal(problems.length, 4);
  for (const problem of problems) {
    t.match(problem, /^(UPE_|--)[^\n]*\.$/);
    t.notMatch(problem, /[.;] [A-Z]/);
  }
  t.end();
});

t.test('a command that needs a source says so, and others do without', (t) => {
  t.equal(requireSource(loadConfig({ UPE_SOURCE: 'demo' }, {})), 'demo');
  t.throws(() => requireSource(loadConfig({}, {})), {
    code: 'UPE_CONFIG',
    exitCode: 2,
    problems: [
      'UPE_SOURCE is not set, and this command needs a source; set it, or give --source, to demo, pcap, afpacket or raw-socket.',
    ],
  });
  t.end();
});
