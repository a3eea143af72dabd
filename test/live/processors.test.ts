import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { labMissing, watchLab } from '../support/lab.js';
import type { Scrape } from '../support/scrape.js';
import { tcpreplay, writeFrames } from '../support/sending.js';
import { startUpeOn } from '../support/upe-on-host.js';

const missing = labMissing(['tcpreplay', 'curl', 'sysctl', 'python3']);
const skip = missing || (availableParallelism() < 2 && 'it takes two processors');
const folder = temporaryFolder(t);
const rules = join(folder, 'rules.yaml');
writeFileSync(rules, 'rules: []\n');

/** Threads of a process by the processors that they may run on, as the kernel lists them. */
function threadsByProcessors(pid: number): Map<string, number> {
  const threads = new Map<string, number>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
    const cpus = /^Cpus_allowed_list:\t(.*)$/m.exec(status)![1];
    threads.set(cpus, (threads.get(cpus) ?? 0) + 1);
  }
  return threads;
}

t.test('UPE_CPU_AFFINITY places rx, the workers and stats in turn', { skip }, async (t) => {
  const { mid } = watchLab(t);
  const env = { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules, UPE_WORKERS: '2' };
  const free = await startUpeOn(t, mid, env);
  const unpinned = threadsByProcessors(free.program.pid);
  t.equal(unpinned.size, 1, 'without it, every thread may run everywhere');
  await free.stop();
  // rx 1, the first worker 0, the second 1, stats 0.
  const upe = await startUpeOn(t, mid, { ...env, UPE_CPU_AFFINITY: '1,0' });
  const pinned = threadsByProcessors(upe.program.pid);
  t.equal(pinned.get('0'), 2);
  t.equal(pinned.get('1'), 2);
  t.ok([...pinned.values()].reduce((sum, count) => sum + count) > 4, 'the others stay free');
  t.strictSame(
    upe.program.log.filter(({ level }) => level >= 40),
    [],
    'no warnings',
  );
  t.equal((await upe.stop()).exitCode, 0);
});

t.test('a processor that is not there is a warning', { skip }, async (t) => {
  const { mid } = watchLab(t);
  const env = { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules, UPE_WORKERS: '1', UPE_CPU_AFFINITY: '0,1023' };
  const upe = await startUpeOn(t, mid, env);
  const warnings = upe.program.log.filter(({ level }) => level === 40).map(({ msg }) => msg);
  t.equal(warnings.length, 1, warnings.join('\n'));
  t.match(
    warnings[0],
    /^worker 0 cannot run on processor 1023 \(EINVAL\), and runs where the kernel puts it$/,
  );
  t.equal((await upe.stop()).exitCode, 0);
});

/**
 * Keeps processor 1 for itself for 100 ms: with real-time priority nothing else runs there. It takes the
 * priority when it has started, or its start would be part of the stall: half a second on a busy machine.
 */
const BUSY = `
import os, time
os.sched_setaffinity(0, [1])
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
end = time.monotonic() + 0.1
while time.monotonic() < end: pass
`;
const LOSSES = ['upe_rx_dropped_packets_total', 'upe_rx_kernel_dropped_packets_total'];

/** Packets that were under way for more than 50 ms. */
function latePackets(scrape: Scrape): number {
  const name = 'upe_packet_latency_seconds';
  return scrape.value(`${name}_count`) - scrape.value(`${name}_bucket{le="0.05"}`);
}

t.test('a worker that stalls for 100 ms loses nothing', { skip }, async (t) => {
  const STALLS = 5;
  const { left, mid } = watchLab(t);
  const capture = join(folder, 'flows.pcap');
  const frames = Array.from({ length: 1000 }, (_, i) =>
    ethernet({ minimumBytes: 60, payload: ipv4({ payload: udp({ srcPort: 1024 + i }) }) }),
  );
  writeFrames(capture, frames);
  // The only worker has processor 1, and what must not stall stays on 0.
  const env = { UPE_INTERFACE: 'eth0', UPE_RULES_FILE: rules, UPE_WORKERS: '1', UPE_CPU_AFFINITY: '0,1,0' };
  const upe = await startUpeOn(t, mid, env);
  const total = 800_000;
  const sending = tcpreplay(left, 'eth0', capture, 200_000, total / frames.length);
  for (let i = 0; i < STALLS; i++) {
    await sleep(400);
    await mid.finish('python3', '-c', BUSY);
  }
  const sent = await sending;
  const scrape = await upe.scrapeAfter(total);
  t.comment(`${sent.packetsPerSecond} packets per second; ${latePackets(scrape)} were late by 50 ms`);
  t.ok(latePackets(scrape) > 0, 'the worker has stalled');
  for (const family of LOSSES) t.equal(scrape.sum(family), 0, family);
  t.equal(scrape.value('upe_rx_packets_total{interface="eth0"}'), total);
  t.equal(scrape.value('upe_accounting_violations_total'), 0);
  t.equal((await upe.stop()).exitCode, 0);
});
