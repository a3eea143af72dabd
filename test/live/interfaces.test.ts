import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';
import { bridgeLab, RIGHT, stopBalanced } from '../support/bridge-lab.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { type Host, labMissing, watchLab } from '../support/lab.js';
import { rulesFileIn } from '../support/rules-file.js';
import type { Scrape } from '../support/scrape.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { startUpeOn, type UpeOnHost } from '../support/upe-on-host.js';
import { eventually } from '../support/upe-process.js';

const skip = labMissing(['tcpreplay', 'curl', 'ping', 'sysctl']);
const folder = temporaryFolder(t);
const rules = join(folder, 'rules.yaml');
writeFileSync(
  rules,
  'default_action: count\nrules:\n  - { name: dns, match: { protocol: udp, dst_port: 53 }, action: count }\n',
);
const DNS = 'upe_rule_packets_total{rule="dns",action="count"}';
const up = (name: string) => `upe_interface_up{interface="${name}"}`;
const capture = join(folder, 'one.pcap');
// To nobody: only a promiscuous interface lets it through to the host.
writeFrames(capture, [
  ethernet({ dst: '02:de:ad:be:ef:00', payload: ipv4({ payload: udp({ dstPort: 53 }) }) }),
]);

/** What UPE promises, milliseconds. */
const FOLLOW_MS = 2000;

/** Waits until something holds, which must not take longer than UPE promises. */
async function soon(t: Test, what: string, look: () => Promise<boolean>): Promise<void> {
  const beganMs = performance.now();
  await eventually(what, look);
  const tookMs = Math.round(performance.now() - beganMs);
  t.ok(tookMs < FOLLOW_MS, `${what} after ${tookMs} ms`);
}

function isUp(upe: UpeOnHost, name: string, expected: 0 | 1): () => Promise<boolean> {
  return async () => (await upe.scrape()).value(up(name)) === expected;
}

/** True when a frame that is sent just now is counted: asks again and again. */
function captures(upe: UpeOnHost, left: Host): () => Promise<boolean> {
  let before = -1;
  return async () => {
    const now = (await upe.scrape()).value(DNS);
    const hasGrown = before >= 0 && now > before;
    before = now;
    if (!hasGrown) await tcpreplay(left, 'eth0', capture);
    return hasGrown;
  };
}

/** Fails for every counter that is less than before. */
function assertGrown(t: Test, before: Scrape, after: Scrape): void {
  const growing = after.growing();
  const shrunk = [...before.growing()].filter(([series, value]) => !(growing.get(series)! >= value));
  t.strictSame(shrunk, [], 'no counter goes back');
}

/** How many want the interface to be promiscuous. */
function promiscuity(host: Host, name: string): number {
  return JSON.parse(host.run('ip', '-d', '-j', 'link', 'show', 'dev', name))[0].promiscuity;
}

t.test('an interface that goes down and comes up again', { skip }, async (t) => {
  const { left, mid } = watchLab(t);
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules });
  await soon(t, 'capture', captures(upe, left));
  for (const [what, host] of [
    ['the interface', mid],
    ['its peer', left],
  ] as const) {
    const before = await upe.scrape();
    host.run('ip', 'link', 'set', 'eth0', 'down');
    await soon(t, `${what} down`, isUp(upe, 'eth0', 0));
    host.run('ip', 'link', 'set', 'eth0', 'up');
    await soon(t, `${what} up`, isUp(upe, 'eth0', 1));
    await soon(t, 'capture again', captures(upe, left));
    assertGrown(t, before, await upe.scrape());
  }
  t.equal(promiscuity(mid, 'eth0'), 1);
  const changes = upe.program.log.map(({ msg }) => msg).filter((msg) => msg.startsWith('interface '));
  t.strictSame(
    changes,
    ['up', 'down', 'up', 'down', 'up'].map((state) => `interface ${state}`),
    'log',
  );
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('an interface that is deleted and created again', { skip }, async (t) => {
  const { lab, left, mid } = watchLab(t);
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules });
  await soon(t, 'capture', captures(upe, left));
  for (let i = 0; i < 2; i++) {
    const before = await upe.scrape();
    mid.run('ip', 'link', 'del', 'eth0');
    await soon(t, 'gone', isUp(upe, 'eth0', 0));
    lab.cable(left, 'eth0', mid, 'eth0');
    await soon(t, 'back', isUp(upe, 'eth0', 1));
    await soon(t, 'capture again', captures(upe, left));
    t.equal(promiscuity(mid, 'eth0'), 1, 'promiscuous again');
    assertGrown(t, before, await upe.scrape());
  }
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('an interface that is deleted and created again before UPE notices', { skip }, async (t) => {
  const { lab, left, mid } = watchLab(t);
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules });
  mid.run('ip', 'link', 'del', 'eth0');
  lab.cable(left, 'eth0', mid, 'eth0');
  await soon(t, 'capture again', captures(upe, left));
  t.equal(promiscuity(mid, 'eth0'), 1, 'promiscuous again');
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('an interface that leaves the host and returns with its old number', { skip }, async (t) => {
  const { lab, left, mid } = watchLab(t);
  const other = lab.host('other');
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules });
  await soon(t, 'capture', captures(upe, left));
  mid.run('ip', 'link', 'set', 'eth0', 'netns', other.name);
  await soon(t, 'gone', isUp(upe, 'eth0', 0));
  other.run('ip', 'link', 'set', 'eth0', 'netns', mid.name);
  mid.run('ip', 'link', 'set', 'eth0', 'up');
  await soon(t, 'back', isUp(upe, 'eth0', 1));
  await soon(t, 'capture again', captures(upe, left));
  t.equal(promiscuity(mid, 'eth0'), 1, 'promiscuous again');
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('without UPE_PROMISCUOUS it sees only what is for the host', { skip }, async (t) => {
  const { mid } = watchLab(t);
  const env = { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules, UPE_PROMISCUOUS: 'false' };
  const upe = await startUpeOn(t, mid, env);
  t.equal(promiscuity(mid, 'eth0'), 0);
  await upe.stop();
});

t.test('a port of a bridge goes down, comes up, is deleted and created again', { skip }, async (t) => {
  const { lab, left, mid, right } = bridgeLab(t);
  const env = { UPE_BRIDGE: 'eth0:eth1', UPE_RULES_FILE: rulesFileIn(folder, 'pass-all', [], 'forward') };
  const upe = await startUpeOn(t, mid, env);
  const reaches = async () => (await left.finish('ping', '-c', '1', '-W', '1', RIGHT.ipv4)).exitCode === 0;
  await soon(t, 'connection', reaches);
  const failed = async () =>
    (await upe.scrape()).value('upe_tx_failed_packets_total{interface="eth1",reason="interface_down"}');
  for (const [down, again] of [
    [['set', 'eth1', 'down'], () => mid.run('ip', 'link', 'set', 'eth1', 'up')],
    [['del', 'eth1'], reconnect],
  ] as const) {
    const before = await upe.scrape();
    const failedBefore = await failed();
    mid.run('ip', 'link', ...down);
    await soon(t, `link ${down[0]}`, isUp(upe, 'eth1', 0));
    await tcpreplay(left, 'eth0', capture, 1000, 20);
    await eventually('failures', async () => (await failed()) >= failedBefore + 20);
    again();
    await soon(t, 'up', isUp(upe, 'eth1', 1));
    await soon(t, 'connection again', reaches);
    assertGrown(t, before, await upe.scrape());
  }
  function reconnect(): void {
    lab.cable(mid, 'eth1', right, 'eth0');
    lab.address(right, 'eth0', `${RIGHT.ipv4}/24`);
    left.run('ip', 'neigh', 'flush', 'dev', 'eth0');
  }
  t.equal(promiscuity(mid, 'eth1'), 1);
  await stopBalanced(t, upe);
});
