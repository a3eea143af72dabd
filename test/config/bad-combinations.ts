import type { FlagValues } from '../../src/config/schema.js';

/** Settings that are good by themselves and do not fit together. */
export interface BadCombination {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly flags?: FlagValues;
  /** Every sentence that they are refused with. */
  readonly problems: readonly string[];
}

const LIVE = { UPE_SOURCE: 'afpacket' };
const BRIDGE = { ...LIVE, UPE_BRIDGE: 'eth0:eth1' };

const NO_INTERFACE =
  'is "afpacket", but neither UPE_INTERFACE nor UPE_BRIDGE is set; set one of them, or give --interface or --bridge.';
const NO_BRIDGE = 'is set, and only the afpacket source can bridge; set UPE_SOURCE to it.';
const TWICE = 'names eth0 twice; a bridge has two interfaces.';
const NOT_PROMISCUOUS = 'is "false", and a bridge must receive what is not addressed to it; leave it out.';
const NAMED_BEFORE = 'which is named before; name each interface once.';
const RING = 'are more than a ring can have (2147483647 bytes); give fewer or smaller ones.';

export const BAD_LIVE_SETTINGS: readonly BadCombination[] = [
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

const NO_FILE = 'is "pcap", but UPE_PCAP_FILE is not set; set it, or give --pcap-file, to a capture file.';
const holds = (held: string, buffers: number) =>
  `but ${held} can hold ${buffers} buffers; give at least ${buffers}, or leave it out for the default (auto).`;
/** 2 GiB of buffers with 2048 bytes of a frame and a line of 64 bytes more. */
const LARGEST = 'the 1016800 of the largest pool with 2048 bytes each';
const overfills = (held: string, buffers: number) =>
  `but ${held} can hold ${buffers} buffers, more than ${LARGEST}; give fewer slots, fewer workers or smaller buffers.`;

/** What does not fit together with any source. Workers are given: their number depends on the machine otherwise. */
export const BAD_SIZES: readonly BadCombination[] = [
  { name: 'a file to read without one', env: { UPE_SOURCE: 'pcap' }, problems: [`UPE_SOURCE ${NO_FILE}`] },
  {
    name: 'the same by flag',
    env: { UPE_PCAP_FILE: '' },
    flags: { source: 'pcap' },
    problems: [`--source ${NO_FILE}`],
  },
  {
    name: 'a pool that one ring can empty',
    env: { UPE_WORKERS: '1', UPE_POOL_BUFFERS: '64' },
    problems: [`UPE_POOL_BUFFERS is "64", ${holds('1 worker with rings of 1024 slots', 1280)}`],
  },
  {
    name: 'a pool that lacks one buffer',
    env: { UPE_WORKERS: '4', UPE_POOL_BUFFERS: '4927' },
    problems: [`UPE_POOL_BUFFERS is "4927", ${holds('4 workers with rings of 1024 slots', 4928)}`],
  },
  {
    name: 'a pool by flag that is too small for the rings of the environment',
    env: { UPE_WORKERS: '1', UPE_RING_SLOTS: '2048' },
    flags: { poolBuffers: '2048' },
    problems: [`--pool-buffers is "2048", ${holds('1 worker with rings of 2048 slots', 2304)}`],
  },
  {
    name: 'rings that no pool can fill',
    env: { UPE_WORKERS: '64', UPE_RING_SLOTS: '1048576' },
    problems: [
      `UPE_RING_SLOTS is "1048576", ${overfills('64 workers with rings of 1048576 slots', 67121216)}`,
    ],
  },
  {
    name: 'rings by flag that no pool can fill',
    env: { UPE_WORKERS: '4' },
    flags: { ringSlots: '1048576' },
    problems: [`--ring-slots is "1048576", ${overfills('4 workers with rings of 1048576 slots', 4195136)}`],
  },
  {
    name: 'a pool of more than 2 GiB',
    env: { UPE_WORKERS: '1', UPE_POOL_BUFFERS: '1016801' },
    problems: [`UPE_POOL_BUFFERS is "1016801", more than ${LARGEST}; give fewer or smaller buffers.`],
  },
];

/** Rules that are good by themselves, and not with these settings. */
export interface BadTable {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly rules: string;
  /** What each line must have in it. */
  readonly problems: readonly RegExp[];
}

const WATCH = { ...LIVE, UPE_INTERFACE: 'eth0' };
const RAW = { UPE_SOURCE: 'raw-socket', UPE_INTERFACE: 'eth0' };
const oneRule = (rest: string) => `default_action: count\nrules:\n  - { name: r, ${rest} }\n`;

export const BAD_TABLES: readonly BadTable[] = [
  {
    name: 'more rules than counters',
    env: { UPE_RULE_CAPACITY: '1' },
    rules: 'rules:\n  - { name: a, action: count }\n  - { name: b, action: count }\n',
    problems: [/the table has 2 rules and the counters have room for 1: raise UPE_RULE_CAPACITY/],
  },
  {
    name: 'forward without another port',
    env: WATCH,
    rules: oneRule('action: forward'),
    problems: [
      /:3: rule r has the action forward, and without UPE_BRIDGE there is no other port; name an interface/,
    ],
  },
  {
    name: 'forward to an interface that is not in use',
    env: WATCH,
    rules: oneRule('action: { forward: eth7 }'),
    problems: [/:3: rule r forwards to eth7, which is not among .* \(eth0\); add it to UPE_INTERFACE/],
  },
  {
    name: 'forward to an interface that the bridge does not have',
    env: BRIDGE,
    rules: oneRule('action: { forward: eth7 }'),
    problems: [/:3: rule r forwards to eth7, which is not among .* \(eth0, eth1\); add it to UPE_INTERFACE/],
  },
  {
    name: 'forward to the loopback',
    env: { ...LIVE, UPE_INTERFACE: 'eth0,lo' },
    rules: oneRule('action: { forward: lo }'),
    problems: [/:3: rule r forwards to lo, where each copy would arrive again/],
  },
  {
    name: 'forward as the default, watching',
    env: WATCH,
    rules: 'default_action: forward\nrules: []\n',
    problems: [/default_action is forward, and without UPE_BRIDGE there is no other port; use count/],
  },
  {
    name: 'a bridge without a default action',
    env: BRIDGE,
    rules: 'rules: []\n',
    problems: [/a bridge needs a default_action: forward or count/],
  },
  {
    name: 'raw-socket, and forward without an interface',
    env: { UPE_SOURCE: 'raw-socket' },
    rules: oneRule('action: { forward: eth0 }'),
    problems: [/:3: rule r has the action forward, and UPE_INTERFACE names no interface to send by; set it/],
  },
  {
    name: 'raw-socket, and an IPv6 destination',
    env: RAW,
    rules: oneRule('match: { dst: "fd00::/8" }, action: count'),
    problems: [/:3: rule r matches an IPv6 dst, and raw-socket .*; match by src, or use the afpacket source/],
  },
  {
    name: 'raw-socket, and a VLAN',
    env: RAW,
    rules: oneRule('match: { vlan: 5 }, action: count'),
    problems: [/:3: rule r matches vlan, and raw-socket .*; use the afpacket source/],
  },
  {
    name: 'raw-socket, and a DSCP of either family',
    env: RAW,
    rules: oneRule('match: { dscp: 46 }, action: count'),
    problems: [/:3: rule r matches dscp, and raw-socket .*; add ip_version: 4, or use the afpacket source/],
  },
  {
    name: 'raw-socket, and IPv6 to be sent',
    env: RAW,
    rules: oneRule('match: { ip_version: 6 }, action: { forward: eth0 }'),
    problems: [/:3: rule r forwards IPv6 packets only, and raw-socket can send IPv4 alone; use count/],
  },
];
