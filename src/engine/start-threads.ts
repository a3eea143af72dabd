import type { MessagePort } from 'node:worker_threads';
import { loadRawSockets } from '../kernel/raw-sockets.js';
import { captureTapMemory } from '../memory/capture-layout.js';
import type { Clock } from '../memory/clock.js';
import { CONTROL_TABLE_GENERATION, controlOf } from '../memory/control-layout.js';
import type { RuleTableMemory } from '../rules/rule-table.js';
import type { FromRx, RxThreadData } from '../source/rx-thread.js';
import { isBridge, readInterfaceCount } from '../source/source-spec.js';
import { LOSS_CELLS } from '../stats/interface-losses.js';
import { createMainLoad } from '../stats/main-load.js';
import type { RulesNotice } from '../stats/rule-series.js';
import type { ReloadOutcome } from '../stats/stats-messages.js';
import type { StatsServiceConfig } from '../stats/stats-service.js';
import type { Passage } from '../worker/verdicts.js';
import { BRIDGE_IDLE_SPINS, IDLE_SPINS } from '../worker/worker-loop.js';
import type { FromWorker, WorkerThreadData } from '../worker/worker-thread.js';
import type { WorkerTransmit } from '../worker/worker-transmit.js';
import type { EngineConfig } from './engine.js';
import type { EngineMemory } from './engine-memory.js';
import type { LivePorts } from './live-ports.js';
import { MainRx, type Receiver } from './main-rx.js';
import { StatsLink } from './stats-link.js';
import { type CreateThread, EngineThread, type ThreadHooks } from './thread.js';

/** What the threads of one engine are started with. */
export interface ThreadSetting {
  readonly config: EngineConfig;
  readonly memory: EngineMemory;
  readonly interfaces: readonly string[];
  /** `null` where the source is no live one. */
  readonly live: LivePorts | null;
  /** Of memory/link-layout.ts; `null` where there are no interfaces to watch. */
  readonly links: SharedArrayBuffer | null;
  readonly createThread: CreateThread;
  readonly clock: Clock;
  readonly onWarning: (message: string) => void;
  readonly onReloadWanted: () => Promise<ReloadOutcome>;
}

/** What the engine does when a thread has ended. */
export type OnExit = ThreadHooks<never>['onExit'];

/** What leaves a bridge although no rule says so; nothing where UPE only watches. */
function passageOf({ source, nonIp, malformed }: EngineConfig): Passage {
  const bridges = isBridge(source);
  return {
    counted: bridges,
    unclassified: bridges && nonIp === 'forward',
    malformed: bridges && malformed === 'forward',
  };
}

/** The verdicts that frames are counted under which no rule judges. */
function unjudgedFates({ source, nonIp, malformed }: EngineConfig): StatsServiceConfig['unjudged'] {
  if (!isBridge(source)) return { unclassified: 'count', malformed: 'count' };
  return { unclassified: nonIp, malformed };
}

/** Threads are numbered rx 0, worker i 1 + i, stats last; each has its processor, in turn, if any are given. */
function cpuOf(config: EngineConfig, thread: number): number | null {
  const { affinity } = config;
  return affinity === null ? null : affinity[thread % affinity.length];
}

/** What is different from one thread in a worker's place to the next. */
export interface WorkerTerms {
  /** The rules to begin with. */
  readonly table: RuleTableMemory;
  /** The worker's end of the channel in which later tables come. */
  readonly tables: MessagePort;
  /** It follows a thread that has died. */
  readonly isSuccessor: boolean;
}

export function startWorker(
  setting: ThreadSetting,
  worker: number,
  { table, tables, isSuccessor }: WorkerTerms,
  onExit: OnExit,
): EngineThread<FromWorker> {
  const { config, memory, createThread, onWarning } = setting;
  const name = `worker${worker}`;
  Atomics.store(controlOf(memory.control, 1 + worker), CONTROL_TABLE_GENERATION, table.generation);
  const data: WorkerThreadData = {
    config: {
      idle: config.idle,
      idleSpins: isBridge(config.source) ? BRIDGE_IDLE_SPINS : IDLE_SPINS,
    },
    threadIndex: 1 + worker,
    cpu: cpuOf(config, 1 + worker),
    pool: memory.pool,
    ring: memory.rings[worker],
    control: memory.control,
    counters: memory.workerCounters[worker],
    capture: captureTapMemory(memory.captures, worker),
    samples: memory.sampleRings.at(worker) ?? null,
    table,
    tables,
    passage: passageOf(config),
    transmit: workerTransmit(setting, worker),
    isSuccessor,
  };
  const file = new URL('../worker/worker-thread.js', import.meta.url);
  const onMessage = (message: FromWorker) => {
    if (message.kind === 'warning') onWarning(message.message);
  };
  const thread = createThread(file, { name, workerData: data, transferList: [tables] });
  return new EngineThread<FromWorker>(name, thread, { onMessage, onExit });
}

/** What a worker sends with: sockets of its own, or a ring to rx. */
export function workerTransmit(
  { config, memory, live }: ThreadSetting,
  worker: number,
): WorkerTransmit | null {
  if (live !== null) {
    const otherPort = isBridge(config.source) ? [1, 0] : [];
    return { kind: 'sockets', fd: live.transmitFds[worker], otherPort, links: live.linksBuffer };
  }
  return memory.transmitRings.length > 0 ? { kind: 'ring', ring: memory.transmitRings[worker] } : null;
}

/** What rx says beside that it is ready, and what main does beside receiving. */
export interface RxListener {
  readonly onFile: (report: { file: string; packets: number; error: string | null }) => void;
  readonly onFinished: () => void;
  readonly onExit: OnExit;
  /** Called while main waits for the lock of the pool's list, with the index of the thread that has it. */
  readonly whileLocked: (holder: number) => void;
}

/** Starts the rx thread, or makes main the one that receives, where the source works nowhere else. */
export function startRx(setting: ThreadSetting, listener: RxListener, isSuccessor: boolean): Receiver {
  const { config, memory, interfaces, live, links, createThread, onWarning } = setting;
  if (config.source.kind === 'raw-socket') {
    return new MainRx(
      { interfaces: config.source.interfaces, idle: config.idle, cpu: cpuOf(config, 0) },
      { memory, links, loadSockets: loadRawSockets, onWarning, whileLocked: listener.whileLocked },
    );
  }
  const data: RxThreadData = {
    config: { idle: config.idle, isBridge: isBridge(config.source) },
    cpu: cpuOf(config, 0),
    source: config.source,
    handles: live?.handles ?? null,
    interfaceCount: interfaces.length,
    pool: memory.pool,
    rings: memory.rings,
    control: memory.control,
    counters: memory.rxCounters,
    isSuccessor,
  };
  const onMessage = (message: FromRx) => {
    if (message.kind === 'file') listener.onFile(message);
    else if (message.kind === 'finished') listener.onFinished();
    else if (message.kind === 'warning') onWarning(message.message);
    else if (message.kind === 'link-lost') live?.linkLost();
  };
  const file = new URL('../source/rx-thread.js', import.meta.url);
  const thread = createThread(file, { name: 'rx', workerData: data });
  return new EngineThread<FromRx>('rx', thread, { onMessage, onExit: listener.onExit });
}

/** @param stats the configuration of a stats thread; an engine without one does not call this. */
export function startStats(
  setting: ThreadSetting,
  stats: NonNullable<EngineConfig['stats']>,
  rules: RulesNotice,
  onExit: OnExit,
): StatsLink {
  const { config, memory, interfaces, links, createThread, clock, onReloadWanted } = setting;
  const { source } = config;
  return new StatsLink(
    {
      config: {
        version: config.version,
        source: source.kind,
        mode: isBridge(source) ? 'bridge' : 'watch',
        interfaces,
        readInterfaceCount: readInterfaceCount(source),
        links,
        unjudged: unjudgedFates(config),
        control: memory.control,
        rxCounters: memory.rxCounters,
        workerCounters: memory.workerCounters,
        pool: memory.pool,
        captures: memory.captures,
        rings: memory.rings,
        sampleRings: memory.sampleRings,
        rules,
        heritage: null,
        losses: new SharedArrayBuffer(interfaces.length * LOSS_CELLS * Float64Array.BYTES_PER_ELEMENT),
        mainLoad: createMainLoad(),
        intervalMs: stats.intervalMs,
        http: stats.http,
      },
      cpu: cpuOf(config, 1 + config.workerCount),
      logLevel: config.logLevel,
    },
    { createThread, clock, onExit, onReloadWanted },
  );
}
