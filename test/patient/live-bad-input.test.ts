import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { temporaryFolder } from '../support/engine-fixture.js';
import { Lab, labMissing } from '../support/lab.js';
import { startOnHost } from '../support/upe-on-host.js';

const skip = labMissing(['sysctl']);
const folder = temporaryFolder(t);

function write(name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const countAll = write('count.yaml', 'default_action: count\nrules: []\n');
const noDefault = write('no-default.yaml', 'rules: []\n');
const forwardDefault = write('forward.yaml', 'default_action: forward\nrules: []\n');
const toEth1 = write(
  'to-eth1.yaml',
  'default_action: count\nrules:\n  - { name: a, action: count }\n  - { name: copy, action: { forward: eth1 } }\n',
);
const toOther = write('to-other.yaml', 'default_action: count\nrules:\n  - { name: out, action: forward }\n');

interface BadInput {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly exitCode: 1 | 2;
  /** Of the one line on standard error. */
  readonly says: string | RegExp;
}

/** On a host with the interfaces lo, eth0 and eth1. */
const CASES: readonly BadInput[] = [
  {
    name: 'an interface that is not there, but nearly',
    env: { UPE_INTERFACE: 'eht0' },
    exitCode: 1,
    says: 'upe: there is no interface "eht0" here; did you mean eth0?\n',
  },
  {
    name: 'an interface that is not there',
    env: { UPE_INTERFACE: 'wlp0s20f3' },
    exitCode: 1,
    says: /^upe: there is no interface "wlp0s20f3" here; there are: (?=.*\blo\b)(?=.*\beth0\b)(?=.*\beth1\b).*\n$/,
  },
  {
    name: 'a bridge with a port that is not there',
    env: { UPE_BRIDGE: 'eth0:eth9' },
    exitCode: 1,
    says: /^upe: there is no interface "eth9" here; did you mean eth[01]\?\n$/,
  },
  {
    name: 'no interface',
    env: {},
    exitCode: 2,
    says: /^upe: UPE_SOURCE is "afpacket", but neither UPE_INTERFACE nor UPE_BRIDGE is set; .*\n$/,
  },
  {
    name: 'an interface twice',
    env: { UPE_INTERFACE: 'eth0,eth0' },
    exitCode: 2,
    says: /^upe: UPE_INTERFACE names eth0, which is named before; .*\n$/,
  },
  {
    name: 'a bridge from an interface to itself',
    env: { UPE_BRIDGE: 'eth0:eth0' },
    exitCode: 2,
    says: /^upe: UPE_BRIDGE names eth0 twice; a bridge has two interfaces\.\n$/,
  },
  {
    name: 'a port of the bridge as a further interface',
    env: { UPE_BRIDGE: 'eth0:eth1', UPE_INTERFACE: 'eth1' },
    exitCode: 2,
    says: /^upe: UPE_INTERFACE names eth1, which is named before; .*\n$/,
  },
  {
    name: 'a bridge with lo',
    env: { UPE_BRIDGE: 'eth0:lo' },
    exitCode: 1,
    says: 'upe: interface lo has no Ethernet to bridge\n',
  },
  {
    name: 'a bridge without a default action',
    env: { UPE_BRIDGE: 'eth0:eth1', UPE_RULES_FILE: noDefault },
    exitCode: 2,
    says: `upe: ${noDefault}: a bridge needs a default_action: forward or count lets pass what no rule matches, drop does not\n`,
  },
  {
    name: 'a rule that forwards to an interface that is not listed',
    env: { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: toEth1 },
    exitCode: 2,
    says:
      `upe: ${toEth1}:4: rule copy forwards to eth1, which is not among the interfaces in use (eth0); ` +
      'add it to UPE_INTERFACE\n',
  },
  {
    name: 'a rule that forwards without a bridge and without a name',
    env: { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: toOther },
    exitCode: 2,
    says: /^upe: .*to-other\.yaml:3: rule out has the action forward, and without UPE_BRIDGE .*\n$/,
  },
  {
    name: 'a default action of forward without a bridge',
    env: { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: forwardDefault },
    exitCode: 2,
    says: /^upe: .*forward\.yaml: default_action is forward, and without UPE_BRIDGE .*\n$/,
  },
  {
    name: 'a receive ring that the kernel cannot have',
    env: { UPE_INTERFACE: 'eth0', UPE_RX_BLOCKS: '4096' },
    exitCode: 2,
    says: /^upe: UPE_RX_BLOCKS is "4096", and as many blocks of 1048576 bytes are more than .*\n$/,
  },
];

t.test('each is refused in one line', { skip }, async (t) => {
  const lab = Lab.of(t);
  const [left, mid] = [lab.host('left'), lab.host('mid')];
  for (const name of ['eth0', 'eth1']) lab.cable(left, name, mid, name);
  const waiting = [...CASES];
  const tryWaiting = async () => {
    for (let bad = waiting.shift(); bad !== undefined; bad = waiting.shift()) {
      const settings = { UPE_SOURCE: 'afpacket', UPE_HTTP_PORT: '0', UPE_RULES_FILE: countAll };
      const { exitCode, stderr } = await startOnHost(t, mid, ['run'], { ...settings, ...bad.env }).ended;
      t.equal(exitCode, bad.exitCode, bad.name);
      if (typeof bad.says === 'string') t.equal(stderr, bad.says, bad.name);
      else t.match(stderr, bad.says, bad.name);
    }
  };
  // Most of it is waiting for Node.js to start.
  await Promise.all([tryWaiting(), tryWaiting()]);
});

t.test('values that are none are refused together', { skip }, async (t) => {
  const values = {
    UPE_INTERFACE: 'eth0,,eth1',
    UPE_BRIDGE: 'eth0:eth1:eth2',
    UPE_NON_IP: 'pass',
    UPE_MALFORMED: 'count',
    UPE_PROMISCUOUS: 'yes',
    UPE_RX_BLOCK_BYTES: '100000',
    UPE_RX_BLOCKS: '1',
    UPE_RX_BLOCK_TIMEOUT_MS: '0',
    UPE_RX_WAIT_MS: '-1',
    UPE_CPU_AFFINITY: '3-1',
    UPE_USER: 'no body',
    UPE_GROUP: ':',
  };
  const host = Lab.of(t).host('alone');
  const env = { UPE_SOURCE: 'afpacket', UPE_HTTP_PORT: '0', ...values };
  const { exitCode, stderr } = await startOnHost(t, host, ['run'], env).ended;
  t.equal(exitCode, 2);
  const lines = stderr.split('\n');
  Object.entries(values).forEach(([name, value], i) => {
    t.ok(lines[i].startsWith(`upe: ${name} is "${value}", but it must be `), lines[i]);
  });
});

/** A tun device whose link layer is set to IEEE 802.11: TUNSETIFF, TUNSETLINK, TUNSETPERSIST (if_tun.h). */
const MAKE_ODD = `
import fcntl, struct
f = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(f, 0x400454CA, struct.pack("16sH22x", b"odd0", 0x1002))
fcntl.ioctl(f, 0x400454CD, 801)
fcntl.ioctl(f, 0x400454CB, 1)
`;

t.test('a link layer that UPE does not know is refused by its name', { skip }, async (t) => {
  const host = Lab.of(t).host('alone');
  const made = await host.finish('python3', '-c', MAKE_ODD);
  if (made.exitCode !== 0) return t.comment(`no such device can be made here: ${made.output}`);
  const env = { UPE_SOURCE: 'afpacket', UPE_HTTP_PORT: '0', UPE_INTERFACE: 'odd0', UPE_RULES_FILE: countAll };
  const { exitCode, stderr } = await startOnHost(t, host, ['run'], env).ended;
  t.equal(exitCode, 1);
  t.equal(
    stderr,
    'upe: interface odd0 is of a kind that UPE cannot read: IEEE 802.11 (link layer type 801); ' +
      'it reads Ethernet, loopback and raw IP interfaces\n',
  );
});
