import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { type Host, Lab, labMissing } from '../support/lab.js';
import { type NftCount, NftCounters } from '../support/nft-counters.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { startOnHost, startUpeOn, type UpeOnHost } from '../support/upe-on-host.js';
import { eventually, startProgram, type TestScope, UPE_MAIN } from '../support/upe-process.js';

const skip = labMissing(['nft', 'curl', 'ping', 'sysctl', 'setpriv', 'tcpreplay']);
const folder = temporaryFolder(t);
// UPE becomes nobody, who is to read the rules.
chmodSync(folder, 0o755);

const LEFT = { ipv4: '10.9.0.1', ipv6: 'fd00:9::1' } as const;
const MID = { ipv4: '10.9.0.2', ipv6: 'fd00:9::2' } as const;

/** A rule and the same for nftables. */
const CLASSES = [
  { name: 'ping', match: '{ protocol: icmp, icmp_type: 8 }', nft: 'icmp type echo-request' },
  { name: 'ping6', match: '{ protocol: icmpv6, icmp_type: 128 }', nft: 'icmpv6 type echo-request' },
  {
    name: 'udp-from-left',
    match: '{ protocol: udp, dst_port: 4000, src: "fd00:9::1" }',
    nft: 'ip6 saddr fd00:9::1 udp dport 4000',
  },
  { name: 'udp', match: '{ protocol: udp, dst_port: 4000 }', nft: 'udp dport 4000' },
  {
    name: 'web',
    match: '{ ip_version: 4, protocol: tcp, dst_port: 8000, dst: 10.9.0.2 }',
    nft: 'ip daddr 10.9.0.2 tcp dport 8000',
  },
  { name: 'web6', match: '{ ip_version: 6, protocol: tcp, dst_port: 8000 }', nft: 'tcp dport 8000' },
] as const;

/** Writes a rule file. Returns its path. */
function rulesFile(name: string, rules: readonly string[]): string {
  const file = join(folder, `${name}.yaml`);
  const list = rules.length === 0 ? ' []\n' : `\n${rules.map((rule) => `  - ${rule}\n`).join('')}`;
  writeFileSync(file, `default_action: count\nrules:${list}`);
  return file;
}

function startRawSocket(t: TestScope, host: Host, env: Readonly<Record<string, string>>): Promise<UpeOnHost> {
  return startUpeOn(t, host, { UPE_SOURCE: 'raw-socket', UPE_STATS_INTERVAL_MS: '100', ...env });
}

/** Counts what a host takes in at the IP layer, behind its firewall's input hook. */
class InputCounters {
  constructor(private readonly host: Host) {
    const lines = CLASSES.map(({ nft, name }) => `${nft} counter accept comment "${name}"`);
    host.run(
      'nft',
      `table inet upe {\n chain in {\n type filter hook input priority 0;\n ${lines.join('\n')}\n }\n}\n`,
    );
  }

  read(): Map<string, NftCount> {
    const { nftables } = JSON.parse(this.host.run('nft', '--json', 'list', 'table', 'inet', 'upe'));
    const rules: { comment: string; expr: { counter?: NftCount }[] }[] = nftables.flatMap(
      (entry: { rule?: unknown }) => entry.rule ?? [],
    );
    return new Map(
      rules.map(({ comment, expr }) => [
        comment,
        expr.find(({ counter }) => counter !== undefined)!.counter!,
      ]),
    );
  }
}

/** Two hosts with addresses of both kinds at the ends of a cable. */
async function rawLab(t: TestScope): Promise<{ lab: Lab; left: Host; mid: Host }> {
  const lab = Lab.of(t);
  const [left, mid] = [lab.host('left'), lab.host('mid')];
  lab.cable(left, 'eth0', mid, 'eth0');
  for (const [host, { ipv4, ipv6 }] of [
    [left, LEFT],
    [mid, MID],
  ] as const) {
    lab.address(host, 'eth0', `${ipv4}/24`);
    lab.address(host, 'eth0', `${ipv6}/64`);
  }
  for (const host of [left, mid]) {
    await eventually('end of the search for duplicate addresses', () => {
      return host.run('ip', '-6', 'addr', 'show', 'dev', 'eth0', 'tentative') === '';
    });
  }
  return { lab, left, mid };
}

/** Sends datagrams of growing size to port 4000. */
function sendDatagrams(host: Host, address: string, count: number): Promise<{ output: string }> {
  const code = `const socket = require('node:dgram').createSocket(process.argv[1].includes(':') ? 'udp6' : 'udp4');
    let sent = 0;
    const next = () => {
      if (sent === ${count}) return socket.close();
      socket.send(Buffer.alloc(sent++ % 1400, sent), 4000, process.argv[1], () => setTimeout(next, 0));
    };
    next();`;
  return host.finish(process.execPath, '-e', code, address);
}

/** Serves a megabyte to everybody. */
async function serve(host: Host): Promise<void> {
  const code = `const body = Buffer.alloc(1e6);
    require('node:http').createServer((_, answer) => answer.end(body)).listen(8000, '::', () => console.log('up'))`;
  const server = host.start(process.execPath, '-e', code);
  await new Promise((resolve) => server.stdout?.once('data', resolve));
}

async function macOf(host: Host, name: string): Promise<string> {
  return (await host.finish('cat', `/sys/class/net/${name}/address`)).output.trim();
}

const rulePackets = (rule: string, action = 'count') =>
  `upe_rule_packets_total{rule="${rule}",action="${action}"}`;

t.test('packets and bytes are those of the input hook of nftables', { skip }, async (t) => {
  const { left, mid } = await rawLab(t);
  const rules = CLASSES.map(
    ({ name, match }, i) => `{ name: ${name}, priority: ${i}, match: ${match}, action: count }`,
  );
  await serve(mid);
  for (const source of ['eth0', null]) {
    const nft = new InputCounters(mid);
    const env = { UPE_RULES_FILE: rulesFile('classes', rules), UPE_WORKERS: '2' };
    const upe = await startRawSocket(t, mid, source === null ? env : { ...env, UPE_INTERFACE: source });
    left.run('ping', '-c', '20', '-i', '0.01', MID.ipv4);
    // Four fragments each: one packet for both.
    left.run('ping', '-c', '10', '-i', '0.01', '-s', '5000', MID.ipv4);
    left.run('ping', '-c', '20', '-i', '0.01', MID.ipv6);
    await sendDatagrams(left, MID.ipv4, 500);
    await sendDatagrams(left, MID.ipv6, 500);
    for (const host of [MID.ipv4, `[${MID.ipv6}]`]) {
      left.run('curl', '-gs', '-o', '/dev/null', `http://${host}:8000/`);
    }
    // The last segments of the connections are still under way.
    await sleep(300);
    const scrape = await upe.scrapeAfter(1050);
    const kernel = nft.read();
    const label = source ?? 'raw-socket';
    for (const { name } of CLASSES) {
      const { packets, bytes } = kernel.get(name)!;
      t.ok(packets > 0, `${name} at nftables`);
      t.equal(scrape.value(rulePackets(name)), packets, `${label}: packets of ${name}`);
      t.equal(scrape.value(`upe_rule_bytes_total{rule="${name}",action="count"}`), bytes, `bytes of ${name}`);
    }
    t.equal(kernel.get('ping')!.packets, 30, 'a packet in fragments is one packet');
    t.equal(scrape.sum('upe_malformed_packets_total'), 0);
    t.equal(scrape.value('upe_accounting_violations_total'), 0);
    t.ok(scrape.value(`upe_rx_packets_total{interface="${label}"}`) > 1050, label);
    t.equal(scrape.values.get('upe_interface_up{interface="eth0"}'), source === null ? undefined : 1);
    const warned = upe.program.log.filter(({ level }) => level === 40).map(({ msg }) => msg);
    t.match(warned, [/IP layer.*this host itself.*destination is not known$/], 'says what it cannot see');
    t.equal((await upe.stop()).exitCode, 0);
    mid.run('nft', 'delete', 'table', 'inet', 'upe');
  }
});

t.test('answers at once, and costs next to nothing, while nothing comes', { skip }, async (t) => {
  const lab = Lab.of(t);
  const host = lab.host('alone');
  const upe = await startRawSocket(t, host, {
    UPE_INTERFACE: 'lo',
    UPE_STATS_INTERVAL_MS: '1000',
    UPE_RULES_FILE: rulesFile('none', []),
  });
  const { pid } = upe.program;
  const ticks = () => {
    const fields = host.run('cat', `/proc/${pid}/stat`).split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  await sleep(2000);
  const before = ticks();
  await sleep(10_000);
  const used = ticks() - before;
  // A hundredth of a second each. The bound is of 2%, and of whatever else the machine is at.
  t.ok(used <= 40, `${used / 10}% of a core`);
  t.comment(`${used / 10}% of a core`);
  t.equal((await upe.stop()).exitCode, 0);
});

/** A third host behind a second interface of mid. */
async function forwardLab(t: TestScope): Promise<{ left: Host; mid: Host; right: Host }> {
  const { lab, left, mid } = await rawLab(t);
  const right = lab.host('right');
  lab.cable(mid, 'eth1', right, 'eth0');
  // Whoever has the address of mid on the far side gets what was meant for mid.
  lab.address(right, 'eth0', `${MID.ipv4}/24`);
  const mac = await macOf(right, 'eth0');
  mid.run('ip', 'neigh', 'add', MID.ipv4, 'lladdr', mac, 'dev', 'eth1', 'nud', 'permanent');
  return { left, mid, right };
}

/** Receives datagrams at port 4000 until none has come for a second. `ended` is their count. */
async function receiveDatagrams(host: Host): Promise<{ ended: Promise<number> }> {
  const code = `const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 4e6 });
    let count = 0, timer;
    const end = () => (console.log(count), process.exit());
    socket.on('message', () => (count++, clearTimeout(timer), (timer = setTimeout(end, 1000))));
    socket.bind(4000, () => console.log('bound'))`;
  const receiver = host.start(process.execPath, '-e', code);
  let output = '';
  receiver.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const ended = new Promise<number>((resolve) =>
    receiver.once('close', () => resolve(Number(output.split('\n')[1]))),
  );
  await new Promise((resolve) => receiver.stdout?.once('data', resolve));
  return { ended };
}

t.test('a rule sends IPv4 packets out of another interface', { skip }, async (t) => {
  const { left, mid, right } = await forwardLab(t);
  const far = new NftCounters(right, 'eth0', [
    { name: 'ping', match: 'icmp type echo-request' },
    { name: 'udp', match: 'udp dport 4000' },
  ]);
  const receiver = await receiveDatagrams(right);
  const upe = await startRawSocket(t, mid, {
    UPE_INTERFACE: 'eth0,eth1',
    UPE_WORKERS: '2',
    UPE_RULES_FILE: rulesFile('forward', [
      '{ name: ping, match: { protocol: icmp, icmp_type: 8 }, action: { forward: eth1 } }',
      '{ name: udp, match: { protocol: udp, dst_port: 4000 }, action: { forward: eth1 } }',
    ]),
  });
  left.run('ping', '-c', '20', '-i', '0.01', MID.ipv4);
  // More than fits the far side's cable once they are whole again.
  left.run('ping', '-c', '3', '-i', '0.01', '-s', '1900', MID.ipv4);
  await sendDatagrams(left, MID.ipv4, 300);
  await sendDatagrams(left, MID.ipv6, 7);
  t.equal(await receiver.ended, 300, 'whole datagrams, with right checksums');
  const scrape = await upe.scrapeAfter(330);
  const [ping, udp] = [await far.read('ping'), await far.read('udp')];
  t.equal(ping.packets, 20);
  t.equal(udp.packets, 300);
  t.equal(scrape.value('upe_tx_packets_total{interface="eth1"}'), 320);
  t.equal(
    scrape.value('upe_tx_bytes_total{interface="eth1"}'),
    ping.bytes + udp.bytes,
    'from the IP header on',
  );
  const failed = (reason: string) =>
    scrape.value(`upe_tx_failed_packets_total{interface="eth1",reason="${reason}"}`);
  t.equal(failed('oversize'), 3);
  t.equal(failed('error'), 7, 'IPv6 cannot be sent');
  t.equal(scrape.value(rulePackets('udp', 'forward')), 307);
  t.equal(scrape.value('upe_accounting_violations_total'), 0);
  mid.run('ip', 'link', 'set', 'eth1', 'down');
  await upe.program.waitForLog('interface down');
  left.run('ping', '-c', '2', '-i', '0.01', MID.ipv4);
  // A judged packet may still wait for the main thread, which sends.
  const downFailures = 'upe_tx_failed_packets_total{interface="eth1",reason="interface_down"}';
  const later = await upe.scrapeWhen(downFailures, 2);
  t.equal(later.value(downFailures), 2);
  t.equal(later.value('upe_interface_up{interface="eth1"}'), 0);
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('under load everything is accounted for at every pass, and at the end', { skip }, async (t) => {
  const { left, mid } = await forwardLab(t);
  const upe = await startRawSocket(t, mid, {
    UPE_INTERFACE: 'eth0,eth1',
    UPE_WORKERS: '2',
    UPE_RULES_FILE: rulesFile('flood', [
      '{ name: udp, match: { protocol: udp }, action: { forward: eth1 } }',
    ]),
  });
  const macs = { dst: await macOf(mid, 'eth0'), src: await macOf(left, 'eth0') };
  const frames = Array.from({ length: 1000 }, (_, i) =>
    ethernet({
      ...macs,
      payload: ipv4({
        src: LEFT.ipv4,
        dst: MID.ipv4,
        payload: udp({ srcPort: 1000 + (i % 50), dstPort: 4000, payload: new Uint8Array(i) }),
      }),
    }),
  );
  const capture = join(folder, 'flood.pcap');
  writeFrames(capture, frames);
  let isSending = true;
  const sending = tcpreplay(left, 'eth0', capture, 40_000, 200).finally(() => {
    isSending = false;
  });
  let scrapes = 0;
  let violations = 0;
  while (isSending) {
    violations += (await upe.scrape()).value('upe_accounting_violations_total');
    scrapes++;
  }
  const { packets } = await sending;
  t.equal(violations, 0);
  t.equal(packets, 200_000);
  const scrape = await upe.scrape();
  const sent = scrape.sum('upe_tx_packets_total');
  const full = scrape.value('upe_tx_failed_packets_total{interface="eth1",reason="queue_full"}');
  t.comment(
    `${scrape.sum('upe_rx_packets_total')} received, ${sent} sent, ${full} with no room, ${scrapes} scrapes`,
  );
  t.ok(sent > 10_000);
  // Stopped while packets are under way.
  const more = tcpreplay(left, 'eth0', capture, 40_000, 20);
  await eventually('more packets', async () => (await upe.scrape()).sum('upe_tx_packets_total') > sent + 100);
  const { exitCode, stdout } = await upe.stop();
  t.equal(exitCode, 0);
  t.match(stdout, /"holds":true.*"violatedPasses":0.*stopped: every packet is accounted for/);
  await more;
});

t.test('what cannot be is refused with the reason', { skip }, async (t) => {
  const lab = Lab.of(t);
  const [left, host] = [lab.host('left'), lab.host('host')];
  lab.cable(left, 'eth0', host, 'eth0');
  const cases: {
    what: string;
    rules: string[];
    env: Record<string, string>;
    says: RegExp[];
    exitCode: number;
  }[] = [
    {
      what: 'rules',
      env: { UPE_INTERFACE: 'eth0' },
      rules: [
        '{ name: a, match: { dst: "2001:db8::/32" }, action: count }',
        '{ name: b, match: { vlan: 7 }, action: drop }',
        '{ name: c, match: { dscp: 46 }, action: count }',
        '{ name: d, match: { ip_version: 6, protocol: tcp }, action: { forward: eth0 } }',
        '{ name: e, match: { protocol: icmpv6 }, action: { forward: eth0 } }',
        '{ name: f, match: { protocol: udp }, action: { forward: eth9 } }',
        '{ name: g, match: { protocol: udp }, action: forward }',
        '{ name: h, match: { dscp: 46, ip_version: 4 }, action: count }',
      ],
      says: [
        /rules\.yaml:3: rule a matches an IPv6 dst, and raw-socket /,
        /rules\.yaml:4: rule b matches vlan, and raw-socket /,
        /rules\.yaml:5: rule c matches dscp, and raw-socket /,
        /rules\.yaml:6: rule d forwards IPv6 packets only, and raw-socket /,
        /rules\.yaml:7: rule e forwards IPv6 packets only, and raw-socket /,
        /rules\.yaml:8: rule f forwards to eth9, which is not among the interfaces in use \(eth0\)/,
        /rules\.yaml:9: rule g has the action forward, and without UPE_BRIDGE there is no other port/,
        /^(?!.*rule h)/s,
      ],
      exitCode: 2,
    },
    {
      what: 'nothing-to-send-by',
      env: {},
      rules: ['{ name: a, match: { protocol: udp }, action: { forward: eth0 } }'],
      says: [/:3: rule a has the action forward, and UPE_INTERFACE names no interface to send by/],
      exitCode: 2,
    },
    {
      what: 'loop',
      env: { UPE_INTERFACE: 'lo' },
      rules: ['{ name: a, match: { protocol: udp }, action: { forward: lo } }'],
      says: [/:3: rule a forwards to lo, where each copy would arrive again/],
      exitCode: 2,
    },
    {
      what: 'no-interface',
      env: { UPE_INTERFACE: 'eht0' },
      rules: [],
      says: [/^upe: there is no interface "eht0" here; did you mean eth0\?$/m],
      exitCode: 1,
    },
    {
      what: 'bridge',
      env: { UPE_BRIDGE: 'eth0:eth1' },
      rules: [],
      says: [/UPE_BRIDGE is set, and only the afpacket source can bridge/],
      exitCode: 2,
    },
  ];
  for (const { what, rules, env, says, exitCode } of cases) {
    const file = rulesFile(what, rules);
    const settings = { UPE_SOURCE: 'raw-socket', UPE_HTTP_PORT: '0', UPE_RULES_FILE: file, ...env };
    const ended = await startOnHost(t, host, ['run'], settings).ended;
    t.equal(ended.exitCode, exitCode, what);
    for (const sentence of says) t.match(ended.stderr, sentence, what);
  }
});

t.test('without the capability it says which one it needs', { skip }, async (t) => {
  const lab = Lab.of(t);
  const host = lab.host('host');
  const args = [
    'setpriv',
    '--reuid',
    '65534',
    '--regid',
    '65534',
    '--clear-groups',
    process.execPath,
    UPE_MAIN,
    'run',
  ];
  const [program, ...rest] = [...host.prefix, ...args];
  const { exitCode, stderr } = await startProgram(t, program, rest, {
    env: { UPE_SOURCE: 'raw-socket', UPE_HTTP_PORT: '0', UPE_RULES_FILE: rulesFile('none', []) },
  }).ended;
  t.equal(exitCode, 1);
  t.match(
    stderr,
    /^upe: cannot open a raw socket: EPERM; this needs the capability CAP_NET_RAW: start as root/,
  );
});

t.test('rules that cannot be are refused at a reload as well, and the old ones stay', { skip }, async (t) => {
  const lab = Lab.of(t);
  const host = lab.host('host');
  const file = rulesFile('reload', ['{ name: udp, match: { protocol: udp }, action: count }']);
  const upe = await startRawSocket(t, host, { UPE_INTERFACE: 'lo', UPE_RULES_FILE: file });
  rulesFile('reload', ['{ name: tag, match: { vlan: 7 }, action: count }']);
  upe.program.signal('SIGHUP');
  const { problems } = await upe.program.waitForLog('reload failed: the old rules stay');
  t.match(problems, [/reload\.yaml:3: rule tag matches vlan, and raw-socket /]);
  t.equal((await upe.scrape()).value(rulePackets('udp')), 0);
  t.equal((await upe.stop()).exitCode, 0);
});
