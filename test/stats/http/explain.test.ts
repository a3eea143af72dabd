import t from 'tap';
import { answerFor } from '../../../src/rules/explain/answer.js';
import type { KnownPacket } from '../../../src/rules/explain/known-packet.js';
import { readQuestion } from '../../../src/rules/explain/packet-question.js';
import type { RuleSet } from '../../../src/rules/rule.js';
import { RuleTable } from '../../../src/rules/rule-table.js';
import type { EngineAnswer } from '../../../src/stats/http/explain-endpoint.js';
import { arp, ethernet, ipv4, tcp } from '../../fixtures/frames.js';
import { rules as parsed } from '../../support/engine-fixture.js';
import { noticeOf } from '../engine-stand-in.js';
import { ServerStandIn } from '../server-stand-in.js';

const RULES = parsed(`default_action: drop
rules:
  - { name: telnet, match: { protocol: tcp, dst_port: 23 }, action: drop }
  - { name: fragments, match: { fragment: true }, action: count }
  - { name: mirrored, match: { src: [10.0.0.0/8, "fd00::/8"], in_interface: [eth1, eth7] }, action: { forward: eth2 } }
  - { name: web, match: { dst_port: [80, 443] }, action: count }
`);
const INTERFACES = ['eth0', 'eth1', 'eth2'];
const WHOLE =
  'src=10.0.0.1&dst=10.0.0.2&protocol=tcp&src_port=1024&dst_port=443&fragment=false&in_interface=eth0';

async function start(t: { teardown(clean: () => Promise<void>): unknown }, set: RuleSet = RULES) {
  const standIn = new ServerStandIn();
  t.teardown(() => standIn.stop());
  const plan = { slots: set.rules.map((_, i) => i), retired: [], folded: [], slotCount: set.rules.length };
  Object.assign(standIn.engine.state, { rulesInUse: noticeOf(set, plan, 7) });
  await standIn.start();
  const ask = (query: string) => fetch(`${standIn.url}/api/v1/explain?${query}`);
  return { ask, answer: async (query: string) => (await (await ask(query)).json()) as EngineAnswer };
}

t.test('the answer is the whole one, from the table in use', async (t) => {
  const { ask } = await start(t);
  const response = await ask(`${WHOLE}&all=true`);
  t.equal(response.status, 200);
  t.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
  const { generation, ...answer } = (await response.json()) as EngineAnswer;
  t.equal(generation, 7);
  const { table, live } = noticeOf(RULES, { slots: [0, 1, 2, 3], retired: [], folded: [], slotCount: 4 }, 7);
  const packet = readQuestion(Object.fromEntries(new URLSearchParams(WHOLE)), INTERFACES) as KnownPacket;
  const expected = answerFor(
    {
      table: new RuleTable({ generation: 7, buffer: table, compiled: null }),
      rules: live,
      interfaces: INTERFACES,
    },
    { kind: 'packet', packet, anomalies: [] },
    { unclassified: 'count', malformed: 'count' },
    { all: true, limit: 1000 },
  );
  // What the response's schema does not name would be missing.
  t.strictSame(answer, expected);
  t.match(answer.verdict, { kind: 'rule', rule: 'web', position: 4, action: 'count' });
});

t.test('every rule before the match has the field that it fails by', async (t) => {
  const { answer } = await start(t);
  const { rules } = await answer(WHOLE);
  t.strictSame(
    rules.map(({ rule, result, field, has, wants }) => [rule, result, field, has, wants]),
    [
      ['telnet', 'no_match', 'dst_port', '443', '23'],
      ['fragments', 'no_match', 'fragment', 'false', 'true'],
      ['mirrored', 'no_match', 'in_interface', 'eth0', 'eth1 or an interface that is not in use'],
      ['web', 'match', null, null, null],
    ],
  );
});

t.test('what is not said is not guessed', async (t) => {
  const { answer } = await start(t);
  const { verdict } = await answer('dst=10.0.0.2&protocol=tcp&dst_port=443');
  t.strictSame(verdict, {
    kind: 'cannot_tell',
    action: null,
    possible: [
      { rule: 'fragments', action: 'count', out_interface: null, if_field: 'fragment' },
      { rule: 'mirrored', action: 'forward', out_interface: 'eth2', if_field: 'src' },
      { rule: 'web', action: 'count', out_interface: null, if_field: null },
    ],
    possible_omitted: 0,
  });
  const { verdict: short } = await answer('dst=10.0.0.2&protocol=tcp&dst_port=443&limit=2');
  t.match(short, { possible: [{ rule: 'fragments' }, { rule: 'web' }], possible_omitted: 1 });
});

t.test('a frame is parsed as in the engine', async (t) => {
  const { answer } = await start(t);
  const hexOf = (frame: Uint8Array) => Buffer.from(frame).toString('hex');
  const telnet = ethernet({ payload: ipv4({ payload: tcp({ dstPort: 23 }) }) });
  t.match((await answer(`hex=${hexOf(telnet)}`)).verdict, { kind: 'rule', rule: 'telnet' });
  const ip = ipv4({ payload: tcp({ dstPort: 23 }) }).bytes;
  t.match((await answer(`hex=${hexOf(ip)}&link_type=ip`)).verdict, { kind: 'rule', rule: 'telnet' });
  t.match((await answer(`hex=${hexOf(telnet)}&in_interface=eth1`)).packet, { in_interface: 'eth1' });
  t.strictSame((await answer(`hex=${hexOf(ethernet({ payload: arp() }))}`)).verdict, {
    kind: 'unclassified',
    reason: 'arp',
    action: 'count',
  });
  const cooked = `${'00'.repeat(14)}0800${hexOf(ip)}`;
  t.match((await answer(`hex=${cooked}`)).notes[1], /^It was taken for Ethernet; .* link_type: 113 or 276/);
  t.match((await answer(`hex=${cooked}&link_type=113`)).verdict, { kind: 'rule', rule: 'telnet' });
  t.match((await answer('protocol=TCP&tcp_flags=SYN')).packet, { protocol: 'tcp', tcp_flags: 'syn' });
  t.strictSame((await answer('hex=00')).verdict, {
    kind: 'malformed',
    reason: 'ethernet_short',
    action: 'count',
  });
});

t.test('a long answer keeps the rules that decide, and says how many others there are', async (t) => {
  const lines = Array.from(
    { length: 3000 },
    (_, i) => `  - { name: r${i}, match: { dst_port: ${i} }, action: count }`,
  );
  const { answer } = await start(t, parsed(`rules:\n${lines.join('\n')}\n`));
  for (const [limit, listed] of [
    ['', 1000],
    ['&limit=1', 1],
    ['&limit=2500', 2500],
    ['&limit=10000', 2991],
  ] as const) {
    const { rules, rules_omitted } = await answer(`protocol=tcp&dst_port=2990${limit}`);
    t.equal(rules.length, listed, limit);
    t.equal(rules_omitted, 2991 - listed, limit);
    t.match(rules.at(-1), { rule: 'r2990', position: 2991, result: 'match' }, limit);
  }
});

const BAD: readonly [query: string, parameters: readonly string[], detail: RegExp][] = [
  ['', ['hex'], /^hex: give it, or fields of the packet like dst and dst_port\.$/],
  ['all=true', ['hex'], /give it/],
  ['dts=10.0.0.1', ['dts'], /^dts: does not exist; the parameters are ip_version, protocol, src, dst, /],
  ['dst=10.0.0.1&dst=10.0.0.2', ['dst'], /^dst: is given more than once\.$/],
  ['dst=10.0.0.256', ['dst'], /^dst: 10\.0\.0\.256 is not an IPv4 or IPv6 address/],
  ['dst=10.0.0.0/8', ['dst'], /^dst: 10\.0\.0\.0\/8 is a network; a packet has an address\.$/],
  ['dst=', ['dst'], /^dst: no value/],
  ['src=10.0.0.1&dst=::1', ['dst'], /^dst: ::1 is IPv6, but the source is IPv4; a packet has one version\.$/],
  [
    'protocol=tpc&dst_port=99999',
    ['protocol', 'dst_port'],
    /^protocol: unknown protocol tpc; did you mean tcp\?/,
  ],
  [
    'protocol=icmp&dst_port=1',
    ['dst_port'],
    /^dst_port: does not go with icmp; only tcp, udp, sctp can have it\.$/,
  ],
  ['tcp_flags=syn,!ack', ['tcp_flags'], /^tcp_flags: syn,!ack: name the flags that are set/],
  ['fragment=yes', ['fragment'], /^fragment: yes must be true or false\.$/],
  ['hex=0g', ['hex'], /^hex: "g" is no digit/],
  ['hex=000', ['hex'], /^hex: 3 digits make no whole number of bytes/],
  ['hex=', ['hex'], /^hex: there are no digits/],
  ['hex=00&dst=10.0.0.1', ['dst'], /^dst: does not go with hex/],
  ['hex=00&link_type=147', ['link_type'], /^link_type: "147" is no link type that carries IP/],
  ['dst=10.0.0.1&link_type=1', ['link_type'], /^link_type: goes with hex only\.$/],
  ['dst=10.0.0.1&all=1', ['all'], /^all: must be true or false\.$/],
  ['dst=10.0.0.1&limit=0', ['limit'], /^limit: must be a whole number from 1 to 10000\.$/],
  ['dst=10.0.0.1&limit=10001', ['limit'], /^limit: must be a whole number/],
];

t.test('what cannot be answered is a problem document that names the parameters', async (t) => {
  const { ask } = await start(t);
  for (const [query, parameters, detail] of BAD) {
    const response = await ask(query);
    t.equal(response.status, 400, query);
    t.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8', query);
    const document = (await response.json()) as Record<string, unknown>;
    t.match(document, { type: 'about:blank', title: 'Bad Request', status: 400, detail }, query);
    const errors = document.errors as { parameter: string }[];
    t.strictSame(
      errors.map(({ parameter }) => parameter),
      parameters,
      query,
    );
  }
});
