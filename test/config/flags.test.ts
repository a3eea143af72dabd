import t from 'tap';
import { type CommandLine, parseCommandLine } from '../../src/config/flags.js';
import { boolean } from '../../src/config/formats.js';
import { loadConfig } from '../../src/config/load.js';
import { SETTING_NAMES, settingOf } from '../../src/config/schema.js';
import { ConfigError } from '../../src/errors.js';

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
  ['check', { command: 'check', flags: {} }],
  ['check --rules r.yaml', { command: 'check', flags: { rulesFile: 'r.yaml' } }],
  ['check --rules-file r.yaml', { command: 'check', flags: { rulesFile: 'r.yaml' } }],
  ['replay a.pcap', { command: 'replay', files: ['a.pcap'], json: false, flags: {} }],
  ['replay -', { command: 'replay', files: ['-'], json: false, flags: {} }],
  ['replay a - b --json', { command: 'replay', files: ['a', '-', 'b'], json: true, flags: {} }],
  ['replay --json a', { command: 'replay', files: ['a'], json: true, flags: {} }],
  ['replay --rules r a', { command: 'replay', files: ['a'], json: false, flags: { rulesFile: 'r' } }],
  ['replay a --http-port 1', { command: 'replay', files: ['a'], json: false, flags: { httpPort: '1' } }],
  ['replay -- --json -x', { command: 'replay', files: ['--json', '-x'], json: false, flags: {} }],
  ['replay run', { command: 'replay', files: ['run'], json: false, flags: {} }],
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

const COMMANDS_ARE = 'the commands are run, replay, check, healthcheck and help';
const WORKERS_ARE = 'auto or an integer from 1 to 64';
const NOT_A_FLAG = 'is not a flag of UPE; the nearest name is';
const LISTS = 'and "upe help" lists them all.';

const REFUSED: readonly [string, readonly string[]][] = [
  ['', [`No command is given; ${COMMANDS_ARE}.`]],
  ['--workers 2', [`No command is given; ${COMMANDS_ARE}.`]],
  ['rum', [`"rum" is not a command; the nearest name is run, and ${COMMANDS_ARE}.`]],
  ['replya a.pcap', [`"replya" is not a command; the nearest name is replay, and ${COMMANDS_ARE}.`]],
  ['RUN', [`"RUN" is not a command; the nearest name is run, and ${COMMANDS_ARE}.`]],
  ['constructor', [`"constructor" is not a command; the nearest name is run, and ${COMMANDS_ARE}.`]],
  ['help chek', [`"chek" is not a command; the nearest name is check, and ${COMMANDS_ARE}.`]],
  ['help run check', ['help takes the name of one command, but "check" follows; leave it out.']],
  ['run --worker 4', [`--worker ${NOT_A_FLAG} --workers, ${LISTS}`]],
  ['run --worker=4', [`--worker ${NOT_A_FLAG} --workers, ${LISTS}`]],
  ['run --rule x', [`--rule ${NOT_A_FLAG} --rules, ${LISTS}`]],
  ['run --Workers 4', [`--Workers ${NOT_A_FLAG} --workers, ${LISTS}`]],
  ['run --no-pcap-loop', [`--no-pcap-loop ${NOT_A_FLAG} --pcap-loop, ${LISTS}`]],
  ['replay a -json', [`-json ${NOT_A_FLAG} --json, ${LISTS}`]],
  ['run --__proto__=1', [`--__proto__ ${NOT_A_FLAG} --group, ${LISTS}`]],
  ['run --workers', [`--workers needs a value: ${WORKERS_ARE}.`]],
  [
    'run --workers --idle spin',
    [
      `--workers needs a value (${WORKERS_ARE}), but --idle follows; if that is the value, write --workers=--idle.`,
    ],
  ],
  [
    'run --workers -1',
    [`--workers needs a value (${WORKERS_ARE}), but -1 follows; if that is the value, write --workers=-1.`],
  ],
  ['run --workers 1 --workers 1', ['--workers is given more than once; keep one of them.']],
  ['run --pcap-loop --pcap-loop=false', ['--pcap-loop is given more than once; keep one of them.']],
  ['check --rules a --rules-file b', ['--rules-file or --rules is given more than once; keep one of them.']],
  ['replay a --json --json --json', ['--json is given more than once; keep one of them.']],
  ['replay a --json=true', ['--json takes no value; leave out "=true".']],
  ['run --help=run', ['--help takes no value; leave out "=run".']],
  ['replay', ['replay needs a FILE: give one or more capture files, or - for standard input.']],
  ['replay --json', ['replay needs a FILE: give one or more capture files, or - for standard input.']],
  ['run --json', ['--json belongs to replay, not to run; leave it out.']],
  ['replay a --ready', ['--ready belongs to healthcheck, not to replay; leave it out.']],
  ['run demo', ['run takes no argument beside its flags, but "demo" follows; leave it out.']],
  ['run -', ['run takes no argument beside its flags, but "-" follows; leave it out.']],
  ['run --pcap-loop false', ['run takes no argument beside its flags, but "false" follows; leave it out.']],
  ['run -- --idle', ['run takes no argument beside its flags, but "--idle" follows; leave it out.']],
  [
    'check r.yaml',
    [
      'check takes no argument beside its flags, but "r.yaml" follows; leave it out, or give a rule file as --rules FILE.',
    ],
  ],
  [
    'replay --ready',
    [
      '--ready belongs to healthcheck, not to replay; leave it out.',
      'replay needs a FILE: give one or more capture files, or - for standard input.',
    ],
  ],
  [
    'run --worker 4 --idle --rings=2 extra',
    [
      `--worker ${NOT_A_FLAG} --workers, ${LISTS}`,
      '--idle needs a value (park or spin), but --rings=2 follows; if that is the value, write --idle=--rings=2.',
    ],
  ],
];

t.test('a command line becomes what it asks for', (t) => {
  for (const [line, expected] of ACCEPTED) t.strictSame(parseCommandLine(line.split(' ')), expected, line);
  t.end();
});

t.test('a mistaken command line is refused with all its mistakes', (t) => {
  for (const [line, problems] of REFUSED) {
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
    httpHost: '::1',
    httpPort: '0',
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
