import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { median } from '../bench/measure.js';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';
import { Random } from '../protocol/random.js';
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
/** The kernel tells whoever reads an interface that it went down: UPE looks at once, and once a second otherwise. */
const TOLD_MS = 200;
const FLAPS = Number(process.env.TEST_FLAPS ?? 20);
/** Between down and up, beside what UPE takes to notice. */
const DOWN_MS_MAX = 200;
const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

t.setTimeout(180_000);
// The two that take longest wait for the kernel and for UPE's next look: they run beside each other.
t.jobs = 2;
const waiting = { skip, buffered: true };
t.comment(`TEST_SEED=${SEED}`);

/** Waits until something holds, which must not take longer than UPE promises. Returns how long it took, milliseconds. */
async function soon(t: Test, what: string, look: () => Promise<boolean>): Promise<number> {
  const beganMs = performance.now();
  await eventually(what, look);
  const tookMs = Math.round(performance.now() - beganMs);
  t.ok(tookMs < FOLLOW_MS, `${what} after ${tookMs} ms`);
  return tookMs;
}

function longest(what: string, tookMs: readonly number[]): string {
  const sorted = [...tookMs].sort((a, b) => a - b);
  return `${what} ${tookMs.length} times: capture again after ${sorted[sorted.length >> 1]} ms (median), ${sorted.at(-1)} ms (longest)`;
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

t.test(`an interface that goes down and comes up again, ${FLAPS} times`, waiting, async (t) => {
  const random = new Random(SEED);
  const { left, mid } = watchLab(t);
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules });
  await soon(t, 'capture', captures(upe, left));
  const tookMs: number[] = [];
  const downMs: number[] = [];
  for (let flap = 0; flap < FLAPS; flap++) {
    const [what, host] = flap % 2 === 0 ? (['the interface', mid] as const) : (['its peer', left] as const);
    const before = await upe.scrape();
    host.run('ip', 'link', 'set', 'eth0', 'down');
    const noticedMs = await soon(t, `${what} down`, isUp(upe, 'eth0', 0));
    if (host === mid) downMs.push(noticedMs);
    await sleep(random.fraction() * DOWN_MS_MAX);
    const beganMs = performance.now();
    host.run('ip', 'link', 'set', 'eth0', 'up');
    await soon(t, `${what} up`, isUp(upe, 'eth0', 1));
    await soon(t, 'capture again', captures(upe, left));
    tookMs.push(Math.round(performance.now() - beganMs));
    assertGrown(t, before, await upe.scrape());
  }
  t.comment(longest('down and up', tookMs));
  const toldMs = median(downMs);
  t.ok(toldMs < TOLD_MS, `down for UPE after ${toldMs} ms (median)`);
  t.ok(tookMs.every((ms) => ms < FOLLOW_MS));
  t.equal(promiscuity(mid, 'eth0'), 1);
  const changes = upe.program.log.map(({ msg }) => msg).filter((msg) => msg.startsWith('interface '));
  const flaps = Array.from({ length: FLAPS }, () => ['interface down', 'interface up']).flat();
  t.strictSame(changes, ['interface up', ...flaps], 'log');
  t.equal((await upe.stop()).exitCode, 0);
});

t.test(`an interface that is deleted and created again, ${FLAPS} times`, waiting, async (t) => {
  const random = new Random(SEED);
  const { lab, left, mid } = watchLab(t);
  const upe = await startUpeOn(t, mid, { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules });
  await soon(t, 'capture', captures(upe, left));
  const tookMs: number[] = [];
  for (let i = 0; i < FLAPS; i++) {
    const before = await upe.scrape();
    mid.run('ip', 'link', 'del', 'eth0');
    await soon(t, 'gone', isUp(upe, 'eth0', 0));
    await sleep(random.fraction() * DOWN_MS_MAX);
    lab.cable(left, 'eth0', mid, 'eth0');
    const beganMs = performance.now();
    await soon(t, 'back', isUp(upe, 'eth0', 1));
    await soon(t, 'capture again', captures(upe, left));
    tookMs.push(Math.round(performance.now() - beganMs));
    t.equal(promiscuity(mid, 'eth0'), 1, 'promiscuous again');
    assertGrown(t, before, await upe.scrape());
  }
  t.comment(longest('deleted and created again', tookMs));
  t.ok(tookMs.every((ms) => ms < FOLLOW_MS));
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
