import t from 'tap';
import { loadConfig } from '../../src/config/load.js';
import type { FlagValues } from '../../src/config/schema.js';
import { ConfigError } from '../../src/errors.js';

function problemsOf(env: NodeJS.ProcessEnv, flags: FlagValues = {}): readonly string[] {
  try {
    loadConfig(env, flags, 4);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const LIVE = { UPE_SOURCE: 'afpacket' };
const WATCH = { ...LIVE, UPE_INTERFACE: 'eth0' };
const BRIDGE = { ...LIVE, UPE_BRIDGE: 'eth0:eth1' };

const GOOD: readonly { name: string; env: NodeJS.ProcessEnv }[] = [
  { name: 'one interface', env: WATCH },
  { name: 'several interfaces', env: { ...LIVE, UPE_INTERFACE: 'eth0,eth1,eth2' } },
  { name: 'a bridge', env: BRIDGE },
  { name: 'a bridge, and interfaces to send copies to', env: { ...BRIDGE, UPE_INTERFACE: 'eth2,eth3' } },
  { name: 'interfaces for a source that does not read them', env: { UPE_INTERFACE: 'eth0' } },
  { name: 'watching what is addressed to the interface', env: { ...WATCH, UPE_PROMISCUOUS: 'false' } },
  { name: 'a bridge that is promiscuous in so many words', env: { ...BRIDGE, UPE_PROMISCUOUS: '1' } },
  { name: 'the largest ring', env: { UPE_RX_BLOCK_BYTES: '67108864', UPE_RX_BLOCKS: '31' } },
  { name: 'a user without a group', env: { UPE_USER: 'nobody' } },
  { name: 'a user and a group', env: { UPE_USER: 'nobody', UPE_GROUP: 'nogroup' } },
];

for (const { name, env } of GOOD) {
  t.test(`nothing is wrong with ${name}`, async (t) => {
    t.strictSame(problemsOf(env), []);
  });
}

const NO_INTERFACE =
  'is "afpacket", but neither UPE_INTERFACE nor UPE_BRIDGE is set; set one of them, or give --interface or --bridge.';
const NO_BRIDGE = 'is set, and only the afpacket source can bridge; set UPE_SOURCE to it.';
const TWICE = 'names eth0 twice; a bridge has two interfaces.';
const NOT_PROMISCUOUS = 'is "false", and a bridge must receive what is not addressed to it; leave it out.';
const NAMED_BEFORE = 'which is named before; name each interface once.';
const RING = 'are more than a ring can have (2147483647 bytes); give fewer or smaller ones.';

const BAD: readonly {
  name: string;
  env: NodeJS.ProcessEnv;
  flags?: FlagValues;
  problems: readonly string[];
}[] = [
  { name: 'a live source without an interface', env: LIVE, problems: [`UPE_SOURCE ${NO_INTERFACE}`] },
  {
    name: 'a live source by flag, its interface empty',
    env: { UPE_INTERFACE: '' },
    flags: { source: 'afpacket' },
    problems: [`--source ${NO_INTERFACE}`],
  },
  {
    name: 'a bridge without a source',
    env: { UPE_BRIDGE: 'eth0:eth1' },
    problems: [`UPE_BRIDGE ${NO_BRIDGE}`],
  },
  {
    name: 'a bridge by flag, and another source',
    env: { UPE_SOURCE: 'demo' },
    flags: { bridge: 'eth0:eth1' },
    problems: [`--bridge ${NO_BRIDGE}`],
  },
  {
    name: 'a bridge at the IP layer',
    env: { UPE_SOURCE: 'raw-socket', UPE_BRIDGE: 'eth0:eth1' },
    problems: [`UPE_BRIDGE ${NO_BRIDGE}`],
  },
  {
    name: 'a bridge from an interface to itself',
    env: { ...LIVE, UPE_BRIDGE: 'eth0:eth0' },
    problems: [`UPE_BRIDGE ${TWICE}`],
  },
  {
    name: 'a bridge by flag from an interface to itself',
    env: LIVE,
    flags: { bridge: 'eth0:eth0' },
    problems: [`--bridge ${TWICE}`],
  },
  {
    name: 'a bridge that hears only what is addressed to it',
    env: { ...BRIDGE, UPE_PROMISCUOUS: 'false' },
    problems: [`UPE_PROMISCUOUS ${NOT_PROMISCUOUS}`],
  },
  {
    name: 'a bridge that hears only what is addressed to it, by flag',
    env: BRIDGE,
    flags: { promiscuous: '0' },
    problems: [`--promiscuous ${NOT_PROMISCUOUS}`],
  },
  {
    name: 'an interface that is listed twice',
    env: { ...LIVE, UPE_INTERFACE: 'eth0,eth1,eth0' },
    problems: [`UPE_INTERFACE names eth0, ${NAMED_BEFORE}`],
  },
  {
    name: 'an interface that is listed three times, one problem',
    env: LIVE,
    flags: { interface: 'a,a,a' },
    problems: [`--interface names a, ${NAMED_BEFORE}`],
  },
  {
    name: 'ports of the bridge that are listed again',
    env: { ...BRIDGE, UPE_INTERFACE: 'eth1,eth2,eth0' },
    problems: [`UPE_INTERFACE names eth1, ${NAMED_BEFORE}`, `UPE_INTERFACE names eth0, ${NAMED_BEFORE}`],
  },
  {
    name: 'a ring of 2^31 bytes',
    env: { UPE_RX_BLOCK_BYTES: '67108864', UPE_RX_BLOCKS: '32' },
    problems: [`UPE_RX_BLOCKS is "32", and as many blocks of 67108864 bytes ${RING}`],
  },
  {
    name: 'a ring of too many blocks, by flag',
    env: {},
    flags: { rxBlocks: '8192' },
    problems: [`--rx-blocks is "8192", and as many blocks of 1048576 bytes ${RING}`],
  },
  {
    name: 'a group without a user',
    env: { UPE_GROUP: 'nogroup' },
    problems: ['UPE_GROUP is set without UPE_USER; set both.'],
  },
  {
    name: 'a group by flag without a user',
    env: { UPE_USER: '' },
    flags: { group: '0' },
    problems: ['--group is set without UPE_USER; set both.'],
  },
];

for (const { name, env, flags = {}, problems } of BAD) {
  t.test(`what does not fit together is refused: ${name}`, async (t) => {
    t.strictSame(problemsOf(env, flags), problems);
  });
}

t.test('all that does not fit together is told at once', async (t) => {
  const env = {
    ...{ UPE_SOURCE: 'pcap', UPE_BRIDGE: 'eth0:eth0', UPE_INTERFACE: 'eth0', UPE_PROMISCUOUS: '0' },
    ...{ UPE_RX_BLOCKS: '8192', UPE_GROUP: 'x' },
  };
  t.match(problemsOf(env), [
    /^UPE_SOURCE is "pcap", but UPE_PCAP_FILE is not set/,
    /^UPE_BRIDGE is set, and only/,
    /^UPE_BRIDGE names eth0 twice/,
    /^UPE_PROMISCUOUS is "false"/,
    /^UPE_INTERFACE names eth0/,
    /^UPE_RX_BLOCKS is "8192"/,
    /^UPE_GROUP is set without/,
  ]);
  t.equal(problemsOf(env).length, 7);
});
