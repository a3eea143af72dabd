import t from 'tap';
import { loadConfig } from '../../src/config/load.js';
import { type FlagValues, SETTING_NAMES, settingOf } from '../../src/config/schema.js';
import { ConfigError } from '../../src/errors.js';

const SOURCES = 'demo, pcap, afpacket or raw-socket';
const FATES = 'forward or drop';
const BOOLEANS = 'true, false, 1 or 0';
const PACES = 'realtime, max, or an integer from 1 to 100000000 (packets per second)';
const HOSTS = 'an IPv4 address, an IPv6 address without brackets, or a host name';
const LEVELS = 'fatal, error, warn, info, debug, trace or silent';

/** Variable, what it must be, the remedy that the message ends with, and values that are not such. */
const BAD_VALUES: readonly [string, string, string, readonly string[]][] = [
  [
    'UPE_SOURCE',
    SOURCES,
    'correct it',
    [
      'Demo',
      'DEMO',
      'pcapng',
      'pcap ',
      ' demo',
      'demo,pcap',
      'af_packet',
      'afxdp',
      'raw',
      'true',
      '0',
      'null',
    ],
  ],
  [
    'UPE_INTERFACE',
    'interface names of at most 15 characters, with commas between them',
    'correct it',
    ['eth0,', ',', 'eth0 eth1', 'eth0, eth1', 'eth0:eth1', '.', '..', 'a/b', 'sixteencharacter'],
  ],
  [
    'UPE_BRIDGE',
    'two interface names with a colon between them, like eth0:eth1',
    'correct it',
    ['eth0', 'eth0:', ':eth1', 'eth0,eth1', 'eth0:eth1:eth2', 'eth0: eth1', 'eth0:sixteencharacter'],
  ],
  [
    'UPE_NON_IP',
    FATES,
    'correct it, or leave it out for the default (forward)',
    ['Forward', 'pass', 'count', 'true', 'dropped'],
  ],
  [
    'UPE_MALFORMED',
    FATES,
    'correct it, or leave it out for the default (drop)',
    ['Drop', 'pass', 'count', 'false', 'forwards'],
  ],
  [
    'UPE_PROMISCUOUS',
    BOOLEANS,
    'correct it, or leave it out for the default (true)',
    ['True', 'FALSE', 'yes', 'no', 'on', 'off', '2'],
  ],
  [
    'UPE_RX_BLOCK_BYTES',
    'a power of two from 131072 to 67108864',
    'correct it, or leave it out for the default (1048576)',
    ['0', '65536', '131071', '131073', '1000000', '134217728', '1M', '1MiB', '-1048576'],
  ],
  [
    'UPE_RX_BLOCKS',
    'an integer from 2 to 8192',
    'correct it, or leave it out for the default (32)',
    ['0', '1', '8193', '-32', '32.0', 'auto'],
  ],
  [
    'UPE_RX_BLOCK_TIMEOUT_MS',
    'an integer from 1 to 1000 (milliseconds)',
    'correct it, or leave it out for the default (100)',
    ['0', '1001', '-1', '10ms', '0.5'],
  ],
  [
    'UPE_RX_WAIT_MS',
    'an integer from 0 to 10000 (milliseconds)',
    'correct it, or leave it out for the default (200)',
    ['-1', '10001', '200ms', '0.2', 'Infinity', 'forever'],
  ],
  [
    'UPE_CPU_AFFINITY',
    'processor numbers from 0 to 1023 or ranges of them, with commas between them, like 0,2-3',
    'correct it',
    ['0,', ',', '-1', '1-', '3-2', '0-1-2', '1024', '0-1024', '0 1', '0, 1', '0x3', 'all'],
  ],
  ['UPE_USER', 'a name or a number', 'correct it', ['-1', 'no body', 'root:root', 'a/b', 'ü']],
  ['UPE_GROUP', 'a name or a number', 'correct it', ['-1', 'no group', 'a,b', '.a']],
  ['UPE_PCAP_FILE', 'the path of a file', 'correct it', ['a\0b']],
  [
    'UPE_PCAP_LOOP',
    BOOLEANS,
    'correct it, or leave it out for the default (false)',
    ['TRUE', 'True', 'FALSE', 'yes', 'no', 'on', 'off', 't', 'f', '2', '-1', '01', 'true ', 'tru'],
  ],
  [
    'UPE_PCAP_PACE',
    PACES,
    'correct it, or leave it out for the default (realtime)',
    [
      'Realtime',
      'real-time',
      'MAX',
      'maximum',
      '0',
      '100000001',
      '-5',
      '1.5',
      '1e6',
      '1000pps',
      '10k',
      'auto',
    ],
  ],
  [
    'UPE_DEMO_PPS',
    'an integer from 1 to 10000000 (packets per second)',
    'correct it, or leave it out for the default (50000)',
    ['0', '10000001', '-1', '50_000', '50,000', '5e4', '50k', 'max', '0x10', 'NaN', 'Infinity'],
  ],
  ['UPE_RULES_FILE', 'the path of a file', 'correct it', ['rules\0.yaml']],
  [
    'UPE_RULES_WATCH',
    BOOLEANS,
    'correct it, or leave it out for the default (false)',
    ['yes', 'inotify', '1000'],
  ],
  [
    'UPE_RULE_CAPACITY',
    'an integer from 1 to 1048576 (rules)',
    'correct it, or leave it out for the default (16384)',
    ['0', '1048577', '-16384', '16384.0', '16k', 'auto', '99999999999999999999999'],
  ],
  [
    'UPE_WORKERS',
    'auto or an integer from 1 to 64',
    'correct it, or leave it out for the default (auto)',
    ['0', '65', '-1', '4x', 'x4', '1.0', '+4', '4 ', ' 4', 'Auto', 'AUTO', 'all', '0x4', '1e1', '٤'],
  ],
  [
    'UPE_POOL_BUFFERS',
    'auto or an integer from 64 to 4194304',
    'correct it, or leave it out for the default (auto)',
    ['0', '63', '4194305', '-1', '8192b', '8Ki', 'Auto', 'none'],
  ],
  [
    'UPE_BUFFER_BYTES',
    'a multiple of 64 from 128 to 65536',
    'correct it, or leave it out for the default (2048)',
    ['0', '64', '127', '129', '2000', '2049', '65535', '65600', '131072', '2048B', '2k', '-2048', 'auto'],
  ],
  [
    'UPE_RING_SLOTS',
    'auto or a power of two from 64 to 1048576',
    'correct it, or leave it out for the default (auto)',
    ['0', '1', '32', '63', '65', '1000', '1023', '1025', '2097152', '4294967296', '-1024', '1024.5', '2^10'],
  ],
  [
    'UPE_STATS_INTERVAL_MS',
    'an integer from 100 to 60000 (milliseconds)',
    'correct it, or leave it out for the default (1000)',
    ['0', '99', '60001', '-1000', '1s', '1000ms', '1.5', '1e3'],
  ],
  [
    'UPE_HTTP_HOST',
    HOSTS,
    'correct it, or leave it out for the default (127.0.0.1)',
    [
      '[::1]',
      '127.0.0.1:9912',
      'http://localhost',
      '256.0.0.1',
      '127.1',
      '*',
      'a b',
      'under_score',
      '-a',
      '::1::',
      '.',
    ],
  ],
  [
    'UPE_HTTP_PORT',
    'an integer from 0 to 65535',
    'correct it, or leave it out for the default (9912)',
    ['-1', '65536', '9464abc', '9912/tcp', ':9912', '80.0', 'http', 'tcp://10.0.0.1:9912', '1e3'],
  ],
  [
    'UPE_IDLE',
    'park or spin',
    'correct it, or leave it out for the default (park)',
    ['Park', 'SPIN', 'sleep', 'parkspin', 'true', '1'],
  ],
  [
    'UPE_LOG_LEVEL',
    LEVELS,
    'correct it, or leave it out for the default (info)',
    ['INFO', 'Info', 'warning', 'verbose', 'off', 'none', '30', 'trace,debug'],
  ],
];

function problemsOf(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function nameOf(variable: string) {
  return SETTING_NAMES.find((name) => settingOf(name).env === variable)!;
}

t.test('every setting has bad values here, more than a hundred in all', (t) => {
  t.strictSame(
    BAD_VALUES.map(([variable]) => variable).sort(),
    SETTING_NAMES.map((name) => settingOf(name).env).sort(),
  );
  t.ok(BAD_VALUES.flatMap(([, , , values]) => values).length > 100);
  t.end();
});

for (const [variable, expectation, remedy, values] of BAD_VALUES) {
  t.test(`${variable}: a bad value is refused by its variable and by its flag`, (t) => {
    const name = nameOf(variable);
    for (const value of values) {
      const rest = `is ${JSON.stringify(value)}, but it must be ${expectation}; ${remedy}.`;
      t.strictSame(
        problemsOf(() => loadConfig({ [variable]: value }, {}, 4)),
        [`${variable} ${rest}`],
        `${variable}=${JSON.stringify(value)}`,
      );
      const flags: FlagValues = { [name]: value };
      t.strictSame(
        problemsOf(() => loadConfig({}, flags, 4)),
        [`--${settingOf(name).flag} ${rest}`],
        `flag ${JSON.stringify(value)}`,
      );
    }
    t.end();
  });
}

t.test('all bad values of all variables are reported at once, in the order of the schema', (t) => {
  const env = Object.fromEntries(BAD_VALUES.map(([variable, , , values]) => [variable, values[0]]));
  const problems = problemsOf(() => loadConfig({ ...env, UPE_TYPO: '1' }, {}, 4));
  t.strictSame(
    problems.map((problem) => problem.split(' ')[0]),
    [...SETTING_NAMES.map((name) => settingOf(name).env), 'UPE_TYPO'],
  );
  t.end();
});

t.test('a message shows what a terminal would not, and cuts what is long', (t) => {
  const [control] = problemsOf(() => loadConfig({ UPE_IDLE: 'park\u001b[2J\n' }, {}, 4));
  t.match(control, 'UPE_IDLE is "park\\u001b[2J\\n", but');
  const [long] = problemsOf(() => loadConfig({ UPE_IDLE: 'x'.repeat(5000) }, {}, 4));
  t.match(long, `UPE_IDLE is "${'x'.repeat(80)}...", but`);
  t.end();
});
