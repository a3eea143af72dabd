import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { temporaryFolder } from '../support/engine-fixture.js';
import { runUpe, type TestScope } from '../support/upe-process.js';

const folder = temporaryFolder(t);
mkdirSync(join(folder, 'folder'));
const forward = write('forward.yaml', 'rules:\n  - { name: mirror-all, action: forward }\n');
const notYaml = write('not-yaml.yaml', 'rules: [\n');
const notText = write('not-text.yaml', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe, 0x00));
const empty = write('empty.yaml', '');
const missing = join(folder, 'missing');
const two = write('two.yaml', 'rules:\n  - { name: a, action: count }\n  - { name: b, action: count }\n');

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

interface BadInput {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  readonly exitCode: 1 | 2;
  /** The one line on standard error, or what it must have. */
  readonly says: string | RegExp;
}

const DEMO = { UPE_SOURCE: 'demo', UPE_HTTP_PORT: '0' };
const PCAP = { UPE_SOURCE: 'pcap', UPE_HTTP_PORT: '0' };

const CASES: readonly BadInput[] = [
  { name: 'no command', args: [], exitCode: 2, says: /^upe: No command is given; .*run/ },
  { name: 'an unknown command', args: ['replays'], exitCode: 2, says: /^upe: "replays" .* nearest .*replay/ },
  {
    name: 'an unknown flag',
    args: ['run', '--wokers', '2'],
    exitCode: 2,
    says: /^upe: --wokers .*--workers/,
  },
  { name: 'a replay of nothing', args: ['replay'], exitCode: 2, says: /^upe: replay needs a FILE/ },
  {
    name: 'a number that is none',
    args: ['run'],
    env: { ...DEMO, UPE_WORKERS: '4x' },
    exitCode: 2,
    says: /^upe: UPE_WORKERS is "4x", but it must be auto or an integer from 1 to 64/,
  },
  {
    name: 'a variable that does not exist',
    args: ['run'],
    env: { ...DEMO, UPE_WORKRES: '2' },
    exitCode: 2,
    says: /^upe: UPE_WORKRES is not a variable of UPE; the nearest name is UPE_WORKERS/,
  },
  { name: 'no source', args: ['run'], exitCode: 2, says: /^upe: UPE_SOURCE is not set.*demo, pcap/ },
  {
    name: 'a live source without an interface',
    args: ['run', '--source', 'afpacket'],
    exitCode: 2,
    says: /^upe: --source is "afpacket", but neither UPE_INTERFACE nor UPE_BRIDGE is set/,
  },
  {
    name: 'pcap without a file',
    args: ['run'],
    env: PCAP,
    exitCode: 2,
    says: /^upe: UPE_SOURCE is "pcap", but UPE_PCAP_FILE is not set/,
  },
  {
    name: 'a capture file that is missing',
    args: ['run'],
    env: { ...PCAP, UPE_PCAP_FILE: missing },
    exitCode: 1,
    says: `upe: capture file ${missing} does not exist; set UPE_PCAP_FILE to one that can be read`,
  },
  {
    name: 'a capture file that is a folder',
    args: ['run'],
    env: { ...PCAP, UPE_PCAP_FILE: folder },
    exitCode: 1,
    says: `upe: capture file ${folder} is a directory; set UPE_PCAP_FILE to a file in it`,
  },
  {
    name: 'a forward rule where nothing can be transmitted',
    args: ['run', '--rules', forward],
    env: DEMO,
    exitCode: 2,
    says: /^upe: .*\/forward\.yaml:2: rule mirror-all has the action forward.*replay/,
  },
  {
    name: 'more rules than counters',
    args: ['run', '--rules', two],
    env: { ...DEMO, UPE_RULE_CAPACITY: '1' },
    exitCode: 2,
    says: 'upe: the table has 2 rules and the counters have room for 1: raise UPE_RULE_CAPACITY and restart',
  },
  {
    name: 'a rule file that is missing',
    args: ['run', '--rules', missing],
    env: DEMO,
    exitCode: 1,
    says: /^upe: rule file .*\/missing does not exist; give .*--rules/,
  },
  {
    name: 'a rule file that is a folder',
    args: ['run', '--rules', folder],
    env: DEMO,
    exitCode: 1,
    says: /^upe: rule file .* is a directory; give .*--rules/,
  },
  {
    name: 'a rule file that is not YAML',
    args: ['run', '--rules', notYaml],
    env: DEMO,
    exitCode: 2,
    says: /\/not-yaml\.yaml:2:1: not valid YAML/,
  },
  {
    name: 'a rule file that is no text',
    args: ['run', '--rules', notText],
    env: DEMO,
    exitCode: 2,
    says: /\/not-text\.yaml:1:5: not UTF-8 text/,
  },
  {
    name: 'a rule file that is empty',
    args: ['run', '--rules', empty],
    env: DEMO,
    exitCode: 2,
    says: `${empty}:1:1: the file is empty; write "rules: []" for no rules`,
  },
];

for (const { name, args, env, exitCode, says } of CASES) {
  t.test(`${name}: exit code ${exitCode} and one line that says what to do`, async (t) => {
    const ended = await runUpe(t, args, env === undefined ? {} : { env });
    t.equal(ended.exitCode, exitCode);
    t.equal(ended.stdout, '');
    if (typeof says === 'string') t.equal(ended.stderr, `${says}\n`);
    else t.match(ended.stderr, says);
    t.match(ended.stderr, /^[^\n]+\n$/, 'one line');
    t.notMatch(ended.stderr, '    at ', 'no stack');
  });
}

/** A port that somebody else listens on. */
async function takenPort(t: TestScope): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

t.test('a port in use: exit code 1 and one line that names it', async (t) => {
  const port = await takenPort(t);
  const { exitCode, stderr } = await runUpe(t, ['run'], {
    env: { UPE_SOURCE: 'demo', UPE_HTTP_PORT: String(port) },
  });
  t.equal(exitCode, 1);
  t.equal(
    stderr,
    `upe: port ${port} on 127.0.0.1 is in use: stop what listens there, or set UPE_HTTP_PORT\n`,
  );
});
