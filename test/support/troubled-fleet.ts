import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { poolBuffersMin } from '../../src/config/sizing.js';
import { bridgeLab, RIGHT } from './bridge-lab.js';
import type { ScrapeTarget } from './prometheus-server.js';
import { rulesFileIn } from './rules-file.js';
import { raised, relayScrapes } from './scrape-relay.js';
import { StoppedThread } from './stopped-thread.js';
import { startUpeOn } from './upe-on-host.js';
import { startUpe, type TestScope } from './upe-process.js';

/**
 * What no test can raise: on a machine without a network card, in an engine without a fault, or on one whose
 * pool holds whatever its rings can hold.
 */
const BEYOND_REACH = new Set([
  'upe_accounting_violations_total',
  'upe_interface_receive_dropped_packets_total',
  'upe_interface_receive_missed_packets_total',
  'upe_rx_dropped_packets_total',
  'upe_rx_kernel_dropped_packets_total',
  'upe_thread_event_loop_lag_seconds',
  'upe_thread_restarts_total',
  'upe_tx_failed_packets_total',
  'upe_worker_lost_packets_total',
]);
/** What it goes up by every second. */
const RAISED_PER_SECOND = 1000;
/** How often an engine has to be started anew to be called restarting. */
const RESTARTS = 4;
const RULE = '{ name: web, match: { dst_port: 443 }, action: count }';
const SHADOWED_RULE = '{ name: never, match: { protocol: tcp, dst_port: 443 }, action: drop }';
const DEMO = { UPE_SOURCE: 'demo', UPE_DEMO_PPS: '2000', UPE_WORKERS: '1' };

/** One engine of the fleet. */
interface Troubled {
  readonly port: number;
  /** Trouble that is seen only in what comes after: to be called when Prometheus has scraped for a while. */
  strike?(): Promise<void>;
}

export interface TroubledFleet {
  readonly targets: readonly ScrapeTarget[];
  strike(): Promise<void>;
}

/**
 * Instances of UPE on this machine, each with a trouble of its own, which they have until the test ends.
 * As root: a bridge needs network namespaces, and so does stopping a thread.
 *
 * @param folder for rule files.
 */
export async function startTroubledFleet(t: TestScope, folder: string): Promise<TroubledFleet> {
  const fleet: Troubled[] = await Promise.all([
    stalledWorker(t, { UPE_RING_SLOTS: '64', UPE_POOL_BUFFERS: '1024' }),
    // Of the smallest pool for such a ring, the full ring takes nearly all.
    stalledWorker(t, { UPE_RING_SLOTS: '8192', UPE_POOL_BUFFERS: String(poolBuffersMin(1, 8192)) }),
    refusedReload(t, folder),
    restarting(t),
    brokenBridge(t, folder),
    // Nobody listens there.
    { port: 1 },
  ]);
  return {
    targets: fleet.map(({ port }) => ({ port })),
    strike: async () => {
      await Promise.all(fleet.map((instance) => instance.strike?.()));
    },
  };
}

/** The only thread of a process that may run on one processor and nowhere else. */
function threadPinnedTo(pid: number, cpu: number): number {
  const threads = readdirSync(`/proc/${pid}/task`).filter((task) => {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
    return new RegExp(`^Cpus_allowed_list:\t${cpu}$`, 'm').test(status);
  });
  if (threads.length !== 1) throw new Error(`${threads.length} threads are pinned to processor ${cpu}`);
  return Number(threads[0]);
}

/** An engine whose worker stands still while packets come. */
async function stalledWorker(t: TestScope, sizes: Readonly<Record<string, string>>): Promise<Troubled> {
  // In turn: rx on 1, the worker on 0, stats on 1.
  const upe = await startUpe(t, { ...DEMO, ...sizes, UPE_CPU_AFFINITY: '1,0' });
  const thread = StoppedThread.stop(threadPinnedTo(upe.program.pid, 0));
  t.teardown(() => thread.resume());
  return { port: upe.port };
}

/** An engine with rules of its own, that loads them once more, and then goes on with them although they went bad. */
async function refusedReload(t: TestScope, folder: string): Promise<Troubled> {
  const file = rulesFileIn(folder, 'refused', [RULE, SHADOWED_RULE], 'count');
  const { port, program } = await startUpe(t, { ...DEMO, UPE_RULES_FILE: file });
  const strike = async () => {
    program.signal('SIGHUP');
    await program.waitForLog('rules loaded again');
    writeFileSync(file, 'rules: [{ name: web, action: explode }]\n');
    program.signal('SIGHUP');
    await program.waitForLog('reload failed');
  };
  return { port, strike };
}

/** An engine that is started again and again. */
async function restarting(t: TestScope): Promise<Troubled> {
  let upe = await startUpe(t, DEMO);
  const port = await relayScrapes(t, async () => (await upe.get('/metrics')).text());
  const strike = async () => {
    for (let restart = 0; restart < RESTARTS; restart++) {
      await upe.stop();
      upe = await startUpe(t, DEMO);
      // Long enough to be scraped.
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  };
  return { port, strike };
}

/**
 * A bridge that forwards pings until one of its ports goes down, and of whose losses more is said than can be
 * brought about here.
 */
async function brokenBridge(t: TestScope, folder: string): Promise<Troubled> {
  const { left, mid } = bridgeLab(t);
  const file = rulesFileIn(folder, 'bridge', ['{ name: all, action: forward }'], 'forward');
  const upe = await startUpeOn(t, mid, { UPE_BRIDGE: 'eth0:eth1', UPE_RULES_FILE: file });
  left.run('ping', '-q', '-c', '20', '-i', '0.01', RIGHT.ipv4);
  mid.run('ip', 'link', 'set', 'eth1', 'down');
  const began = performance.now();
  const port = await relayScrapes(t, async () => {
    const seconds = (performance.now() - began) / 1000;
    return raised(await upe.scrapeText(), BEYOND_REACH, Math.floor(seconds * RAISED_PER_SECOND));
  });
  return { port };
}
