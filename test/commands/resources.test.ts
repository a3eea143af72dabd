import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { SAMPLE_CAPTURE } from '../fixtures/sample-capture.js';
import { temporaryFolder } from '../support/engine-fixture.js';
import { startUpe } from '../support/upe-process.js';

/** Clock ticks per second in /proc/PID/stat: 100 on every Linux, whatever the kernel's own rate (USER_HZ). */
const TICKS_PER_SECOND = 100;
const IDLE_SECONDS = 5;
const IDLE_SHARE_MAX = 0.02;
/** What the start has left behind is not what is measured: code still being compiled, the linter a second later. */
const SETTLE_MS = 3000;
/** The same rest costs more where other tests keep the processors' caches busy. */
const WINDOWS_MAX = 3;
/** 247 with Node.js 20; newer versions are larger by themselves. */
const RESIDENT_MIB_MAX = process.versions.node.startsWith('20.') ? 280 : 330;

/** CPU time of all threads of a process, user and system, in seconds. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

t.test('an engine whose file has ended leaves the processor alone', async (t) => {
  const capture = join(temporaryFolder(t), 'sample.pcap');
  writeFileSync(capture, SAMPLE_CAPTURE);
  const { program } = await startUpe(t, { UPE_SOURCE: 'pcap', UPE_PCAP_FILE: capture, UPE_PCAP_PACE: 'max' });
  await program.waitForLog('the source has finished');
  await sleep(SETTLE_MS);
  let share = 1;
  for (let window = 0; window < WINDOWS_MAX && share >= IDLE_SHARE_MAX; window++) {
    const before = cpuSeconds(program.pid);
    await sleep(IDLE_SECONDS * 1000);
    share = (cpuSeconds(program.pid) - before) / IDLE_SECONDS;
    t.comment(`${(share * 100).toFixed(2)}% of a core`);
  }
  t.ok(share < IDLE_SHARE_MAX, `${(share * 100).toFixed(2)}% of a core`);
});

t.test('four workers under demo traffic fit into a small machine', async (t) => {
  const { program, scrape } = await startUpe(t, { UPE_SOURCE: 'demo', UPE_WORKERS: '4' });
  await sleep(4000);
  t.ok((await scrape()).sum('upe_worker_packets_total') > 10_000, 'there is traffic');
  const resident = residentMib(program.pid);
  t.ok(resident > 30 && resident < RESIDENT_MIB_MAX, `${resident.toFixed(0)} MiB`);
});
