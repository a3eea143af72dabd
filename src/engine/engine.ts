import { MessageChannel } from 'node:worker_threads';
import type { LogLevel } from '../log.js';
import type { Clock } from '../memory/clock.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_DOORBELL,
  CONTROL_TABLE_GENERATION,
  controlOf,
} from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import { PacketPool } from '../memory/packet-pool.js';
import type { RuleSet } from '../rules/rule.js';
import type { FromRx, RxThreadData } from '../source/rx-thread.js';
import { interfacesOf, type SourceSpec } from '../source/source-spec.js';
import { Aggregator } from '../stats/aggregator.js';
import type { HttpAddress } from '../stats/http-server.js';
import { RuleSeries } from '../stats/rule-series.js';
import type { StatsSummary } from '../stats/stats-messages.js';
import type { FromWorker, WorkerThreadData } from '../worker/worker-thread.js';
import { createEngineMemory, type EngineMemory } from './engine-memory.js';
import { type FirstTable, RuleDeployment } from './rule-deployment.js';
import { StatsLink } from './stats-link.js';
import { EngineThread } from './thread.js';
import { allowDeepInlining } from './v8-flags.js';

/** Bounds of the steps of a stop, milliseconds; together under the 10 s that a stop may take. */
const STOP_RX_MS = 3000;
const STOP_WORKERS_MS = 4000;
const STOP_STATS_MS = 2000;

export interface EngineConfig {
  readonly version: string;
  readonly source: SourceSpec;
  readonly ruleSet: RuleSet;
  /** False where forward verdicts are refused at the start; true where they are counted as failed. */
  readonly acceptForward: boolean;
  readonly workerCount: number;
  readonly ringSlots: number;
  readonly poolBuffers: number;
  readonly bufferBytes: number;
  readonly ruleCapacity: number;
  readonly idle: 'park' | 'spin';
  /** `null`: no stats thread; main reads the counters itself, through `aggregator`. */
  readonly stats: { readonly intervalMs: number; readonly http: HttpAddress } | null;
  readonly logLevel: LogLevel;
}

export interface EngineDeps {
  readonly clock: Clock;
  /** A capture file has been read to its end, or as far as it is readable. */
  readonly onFile: (report: { file: string; packets: number; error: string | null }) => void;
  /** The source has no more to give; the engine goes on until it is stopped. */
  readonly onFinished: () => void;
  /** A thread has died of an error: the engine cannot go on. */
  readonly onDeath: (thread: string, error: Error) => void;
}

/**
 * The engine as main runs it: allocates the shared memory, starts the threads in the order workers,
 * stats, rx, so that whoever produces finds its consumer at work, and stops them in the order of the
 * packets, so that nothing is left under way.
 */
export class Engine {
  readonly memory: EngineMemory;
  /** Reads the counters where there is no stats thread; otherwise `null`. */
  readonly aggregator: Aggregator | null;
  /** What the counters belong to, for the reader without a stats thread. */
  readonly series: RuleSeries;
  private readonly interfaces: readonly string[];
  private readonly deployment: RuleDeployment;
  private readonly firstTable: FirstTable;
  private readonly channels: readonly MessageChannel[];
  private workers: EngineThread<FromWorker>[] = [];
  private stats: StatsLink | null = null;
  private rx: EngineThread<FromRx> | null = null;
  private stopping: Promise<StatsSummary> | null = null;

  /** Throws an UpeError when the rules cannot be used with this source. Starts nothing. */
  constructor(
    private readonly config: EngineConfig,
    private readonly deps: EngineDeps,
  ) {
    this.interfaces = interfacesOf(config.source);
    this.memory = createEngineMemory({ ...config, interfaceCount: this.interfaces.length });
    this.channels = this.memory.rings.map(() => new MessageChannel());
    this.deployment = new RuleDeployment(
      { ruleCapacity: config.ruleCapacity, interfaces: this.interfaces, canForward: config.acceptForward },
      {
        control: this.memory.control,
        ports: this.channels.map((channel) => channel.port1),
        prepareStats: async (notice) => {
          if (this.stats !== null) return this.stats.prepareRules(notice);
          await this.aggregator?.pass(this.series.notice.slotCount);
          if (this.aggregator !== null) this.series.apply(notice, this.aggregator.totals.slots);
        },
        announceInUse: () => this.stats?.tell({ kind: 'rulesInUse', atMs: deps.clock.unixMs() }),
      },
    );
    this.firstTable = this.deployment.first(config.ruleSet);
    this.series = new RuleSeries(this.firstTable.notice);
    this.aggregator =
      config.stats === null
        ? new Aggregator({ ...this.memory, interfaces: this.interfaces }, deps.clock)
        : null;
  }

  /**
   * Starts all threads, each when the one before is ready.
   *
   * @returns the port that stats listens on; 0 without a stats thread.
   * @throws EnvironmentError when the source cannot be opened or the port is taken; call `stop` then.
   */
  async start(): Promise<number> {
    allowDeepInlining();
    for (let worker = 0; worker < this.config.workerCount; worker++) {
      this.workers.push(this.startWorker(worker));
    }
    await Promise.all(this.workers.map((worker) => worker.ready()));
    const port = await this.startStats();
    this.rx = this.startRx();
    await this.rx.ready();
    return port;
  }

  /** Puts another rule set into use. Throws an UpeError, and keeps the old one, when that cannot be. */
  async reload(ruleSet: RuleSet): Promise<number> {
    return this.deployment.replace(ruleSet);
  }

  /** An attempt to reload failed before there was a rule set. */
  noteReloadFailed(): void {
    this.stats?.tell({ kind: 'reloadFailed' });
  }

  /**
   * Stops the source, lets the workers empty their rings, takes the last counts, and ends all threads,
   * within 10 s. May be called twice, and after a failed `start`.
   *
   * @returns the accounting of the whole run.
   */
  stop(): Promise<StatsSummary> {
    this.stopping ??= this.stopInOrder();
    return this.stopping;
  }

  /** True when a thread sits in a system call that nothing can end, such as a read from a silent socket. */
  get hasStuckThread(): boolean {
    return [this.rx, ...this.workers].some((thread) => thread?.isStuck === true);
  }

  private async stopInOrder(): Promise<StatsSummary> {
    const late: string[] = [];
    for (const thread of [this.rx, ...this.workers, this.stats]) thread?.expectEnd();
    this.order(0, COMMAND_STOP);
    if (this.rx !== null && !(await this.rx.join(STOP_RX_MS))) late.push(this.rx.name);
    this.workers.forEach((_, worker) => {
      this.order(1 + worker, COMMAND_STOP);
    });
    const joined = await Promise.all(this.workers.map((worker) => worker.join(STOP_WORKERS_MS)));
    joined.forEach((inTime, worker) => {
      if (!inTime) late.push(this.workers[worker].name);
    });
    for (const channel of this.channels) channel.port1.close();
    const summary = await this.lastSummary(late);
    const violations = [
      ...summary.violations,
      ...late.map((name) => `the ${name} thread did not stop in time`),
    ];
    if (late.length === 0) violations.push(...this.auditPool(summary.inFlight));
    return { ...summary, violations, holds: violations.length === 0 };
  }

  private async lastSummary(late: string[]): Promise<StatsSummary> {
    if (this.stats !== null) {
      const summary = await this.stats.stop(STOP_STATS_MS);
      if (summary !== null) return summary;
      late.push('stats');
    }
    // The stats thread is not there, or not well: the counters are, and they rest.
    const aggregator =
      this.aggregator ?? new Aggregator({ ...this.memory, interfaces: this.interfaces }, this.deps.clock);
    await aggregator.pass(this.series.notice.slotCount);
    return aggregator.summary();
  }

  /** With the threads gone, every buffer must be free exactly once. */
  private auditPool(inFlight: number): string[] {
    const { heldCount } = new PacketPool(this.memory.pool).audit();
    return heldCount === inFlight
      ? []
      : [`${heldCount} buffers are neither free nor in flight (${inFlight})`];
  }

  private startWorker(worker: number): EngineThread<FromWorker> {
    const control = controlOf(this.memory.control, 1 + worker);
    Atomics.store(control, CONTROL_TABLE_GENERATION, this.firstTable.table.generation);
    const tables = this.channels[worker].port2;
    const data: WorkerThreadData = {
      config: { idle: this.config.idle },
      threadIndex: 1 + worker,
      pool: this.memory.pool,
      ring: this.memory.rings[worker],
      control: this.memory.control,
      counters: this.memory.workerCounters[worker],
      table: this.firstTable.table,
      tables,
    };
    const file = new URL('../worker/worker-thread.js', import.meta.url);
    const options = { workerData: data, transferList: [tables] };
    return new EngineThread<FromWorker>(`worker${worker}`, file, options, () => undefined, this.deps.onDeath);
  }

  private async startStats(): Promise<number> {
    const { config, memory } = this;
    if (config.stats === null) return 0;
    const stats = new StatsLink(
      {
        config: {
          version: config.version,
          source: config.source.kind,
          mode: 'watch',
          interfaces: this.interfaces,
          control: memory.control,
          rxCounters: memory.rxCounters,
          workerCounters: memory.workerCounters,
          pool: memory.pool,
          rings: memory.rings,
          rules: this.firstTable.notice,
          intervalMs: config.stats.intervalMs,
          http: config.stats.http,
        },
        logLevel: config.logLevel,
      },
      this.deps.onDeath,
    );
    const port = await stats.ready();
    this.stats = stats;
    return port;
  }

  private startRx(): EngineThread<FromRx> {
    const data: RxThreadData = {
      config: { idle: this.config.idle },
      source: this.config.source,
      pool: this.memory.pool,
      rings: this.memory.rings,
      control: this.memory.control,
      counters: this.memory.rxCounters,
    };
    const onMessage = (message: FromRx) => {
      if (message.kind === 'file') this.deps.onFile(message);
      else if (message.kind === 'finished') this.deps.onFinished();
    };
    const file = new URL('../source/rx-thread.js', import.meta.url);
    return new EngineThread<FromRx>('rx', file, { workerData: data }, onMessage, this.deps.onDeath);
  }

  private order(threadIndex: number, command: number): void {
    const control = controlOf(this.memory.control, threadIndex);
    Atomics.store(control, CONTROL_COMMAND, command);
    new Doorbell(control, CONTROL_DOORBELL).ring();
  }
}
