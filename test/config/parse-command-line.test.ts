import t from 'tap';
import { boolean } from '../../src/config/formats.js';
import { loadConfig } from '../../src/config/load.js';
import { type CommandLine, parseCommandLine } from '../../src/config/parse-command-line.js';
import { SETTING_NAMES, settingOf } from '../../src/config/schema.js';
import { ConfigError } from '../../src/errors.js';
import { BAD_COMMAND_LINES } from './bad-command-lines.js';

function problemsOf(argv: readonly string[]): readonly string[] {
  try {
    parseCommandLine(argv);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const ACCEPTED: readonly [string, CommandLine][] = [
  ['run', { command: 'run', flags: {} }],
  ['run --source demo', { command: 'run', flags: { source: 'demo' } }],
  ['run --source=demo --workers 2', { command: 'run', flags: { source: 'demo', workers: '2' } }],
  ['--source demo run', { command: 'run', flags: { source: 'demo' } }],
  ['run --workers=-1', { command: 'run', flags: { workers: '-1' } }],
  ['run --workers=', { command: 'run', flags: { workers: '' } }],
  ['run --pcap-file -', { command: 'run', flags: { pcapFile: '-' } }],
  ['run --pcap-loop', { command: 'run', flags: { pcapLoop: 'true' } }],
  ['run --pcap-loop=false', { command: 'run', flags: { pcapLoop: 'false' } }],
  ['run --pcap-loop --idle spin', { command: 'run', flags: { pcapLoop: 'true', idle: 'spin' } }],
  ['run --rules-file=a=b', { command: 'run', flags: { rulesFile: 'a=b' } }],
  ['run --', { command: 'run', flags: {} }],
  ['check', { command: 'check', overlaps: false, json: false, flags: {} }],
  [
    'check --rules r.yaml',
    { command: 'check', overlaps: false, json: false, flags: { rulesFile: 'r.yaml' } },
  ],
  [
    'check --rules-file r.yaml',
    { command: 'check', overlaps: false, json: false, flags: { rulesFile: 'r.yaml' } },
  ],
  ['check --json --overlaps', { command: 'check', overlaps: true, json: true, flags: {} }],
  ['replay a.pcap', { command: 'replay', files: ['a.pcap'], against: null, json: false, flags: {} }],
  ['replay -', { command: 'replay', files: ['-'], against: null, json: false, flags: {} }],
  [
    'replay a - b --json',
    { command: 'replay', files: ['a', '-', 'b'], against: null, json: true, flags: {} },
  ],
  ['replay --json a', { command: 'replay', files: ['a'], against: null, json: true, flags: {} }],
  [
    'replay --rules r a',
    { command: 'replay', files: ['a'], against: null, json: false, flags: { rulesFile: 'r' } },
  ],
  [
    'replay a --http-port 1',
    { command: 'replay', files: ['a'], against: null, json: false, flags: { httpPort: '1' } },
  ],
  [
    'replay -- --json -x',
    { command: 'replay', files: ['--json', '-x'], against: null, json: false, flags: {} },
  ],
  ['replay run', { command: 'replay', files: ['run'], against: null, json: false, flags: {} }],
  ['replay --against n o', { command: 'replay', files: ['o'], against: 'n', json: false, flags: {} }],
  [
    'explain tcp any 10.0.0.2:443 --vlan none --all',
    {
      command: 'explain',
      operands: ['tcp', 'any', '10.0.0.2:443'],
      texts: new Map([['vlan', 'none']]),
      all: true,
      each: false,
      json: false,
      flags: {},
    },
  ],
  ['import nftables', { command: 'import', firewall: 'nftables', file: '-', chain: null, ipv6: false }],
  [
    'import iptables saved --ipv6 --chain filter/INPUT',
    { command: 'import', firewall: 'iptables', file: 'saved', chain: 'filter/INPUT', ipv6: true },
  ],
  ['top', { command: 'top', texts: new Map(), unmatched: false, json: false, flags: {} }],
  [
    'top --json --rule web --limit=3 --unmatched --http-port=1',
    {
      command: 'top',
      texts: new Map([
        ['rule', 'web'],
        ['limit', '3'],
      ]),
      unmatched: true,
      json: true,
      flags: { httpPort: '1' },
    },
  ],
  ['healthcheck', { command: 'healthcheck', ready: false, flags: {} }],
  ['healthcheck --ready --http-port=1', { command: 'healthcheck', ready: true, flags: { httpPort: '1' } }],
  ['help', { command: 'help', topic: null }],
  ['help run', { command: 'help', topic: 'run' }],
  ['help healthcheck', { command: 'help', topic: 'healthcheck' }],
  ['help help', { command: 'help', topic: null }],
  ['--help', { command: 'help', topic: null }],
  ['-h', { command: 'help', topic: null }],
  ['run --help', { command: 'help', topic: 'run' }],
  ['-h replay', { command: 'help', topic: 'replay' }],
  ['help check --help', { command: 'help', topic: 'check' }],
  ['replay --help', { command: 'help', topic: 'replay' }],
  ['run --wrong --help', { command: 'help', topic: 'run' }],
  ['wrong --help', { command: 'help', topic: null }],
  ['--version', { command: 'version' }],
  ['-V', { command: 'version' }],
  ['run --version', { command: 'version' }],
  ['-hV', { command: 'help', topic: null }],
];

t.test('a command line becomes what it asks for', (t) => {
  for (const [line, expected] of ACCEPTED) t.strictSame(parseCommandLine(line.split(' ')), expected, line);
  t.end();
});

t.test('a mistaken command line is refused with all its mistakes', (t) => {
  for (const [line, problems] of BAD_COMMAND_LINES) {
    t.strictSame(problemsOf(line === '' ? [] : line.split(' ')), problems, line);
  }
  t.end();
});

t.test('every setting is a flag, with its value after a space or an equals sign', (t) => {
  for (const name of SETTING_NAMES) {
    const { flag, aliases, format } = settingOf(name);
    for (const alias of [flag, ...aliases]) {
      t.strictSame(parseCommandLine(['run', `--${alias}=some text`]), {
        command: 'run',
        flags: { [name]: 'some text' },
      });
      const argv = format === boolean ? ['run', `--${alias}`] : ['run', `--${alias}`, 'true'];
      t.strictSame(parseCommandLine(argv), { command: 'run', flags: { [name]: 'true' } });
    }
  }
  t.end();
});

t.test('a flag and its variable mean the same', (t) => {
  const texts = {
    source: 'afpacket',
    interface: 'eth2,eth3',
    bridge: 'eth0:eth1',
    nonIp: 'drop',
    malformed: 'forward',
    promiscuous: '1',
    rxBlockBytes: '131072',
    rxBlocks: '64',
    rxBlockTimeoutMs: '5',
    rxWaitMs: '20',
    cpuAffinity: '0,2-3',
    user: 'nobody',
    group: 'nogroup',
    pcapFile: 'x.pcap',
    pcapLoop: 'true',
    pcapPace: '12',
    demoPps: '7',
    rulesFile: 'r.yaml',
    rulesWatch: 'true',
    ruleCapacity: '9',
    workers: '3',
    poolBuffers: '9999',
    bufferBytes: '256',
    ringSlots: '128',
    statsIntervalMs: '500',
    topTalkers: 'false',
    httpHost: '::1',
    httpPort: '0',
    webConfigFile: 'w.yml',
    httpLifecycle: 'true',
    captureDir: '/captures',
    idle: 'spin',
    logLevel: 'debug',
  } satisfies Record<(typeof SETTING_NAMES)[number], string>;
  const argv = SETTING_NAMES.map((name) => `--${settingOf(name).flag}=${texts[name]}`);
  const env = Object.fromEntries(SETTING_NAMES.map((name) => [settingOf(name).env, texts[name]]));
  const line = parseCommandLine(['run', ...argv]);
  t.ok(line.command === 'run');
  if (line.command === 'run') t.strictSame(loadConfig({}, line.flags), loadConfig(env, {}));
  t.end();
});
