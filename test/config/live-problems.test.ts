import t from 'tap';
import { loadConfig } from '../../src/config/load.js';
import type { FlagValues } from '../../src/config/schema.js';
import { ConfigError } from '../../src/errors.js';
import { BAD_LIVE_SETTINGS } from './bad-combinations.js';

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

for (const { name, env, flags = {}, problems } of BAD_LIVE_SETTINGS) {
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
