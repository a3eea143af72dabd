import { Worker } from 'node:worker_threads';
import { type Account, become, privilegedThreads } from '../kernel/privileges.js';
import type { LogLevel } from '../log.js';
import type { Clock } from '../memory/clock.js';
import {
  COMMAND_HOLD,
  COMMAND_RUN,
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_DOORBELL,
  controlOf,
} from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import { PacketPool } from '../memory/packet-pool.js';
import { RX_INDEX } from '../memory/pool-layout.js';
import { packRules } from '../rules/packed-rules.js';
import type { RuleSet } from '../rules/rule.js';
import { interfacesOf, type SourceSpec } from '../source/source-spec.js';
import { Aggregator } from '../stats/aggregator.js';
import type { HttpSettings } from '../stats/http-server.js';
import { RuleSeries } from '../stats/rule-series.js';
import type { LintedTable, ReloadOutcome, StatsSummary } from '../stats/stats-messages.js';
import { createEngineMemory, type EngineMemory } from './engine-memory.js';
import { ruleProblems } from './forwarding.js';
import { createWatch, type InterfaceWatch } from './interface-watch.js';
import { createLivePorts, type LivePorts } from './live-ports.js';
import { MainRx } from './main-rx.js';
import { type FirstTable, RuleDeployment } from './rule-deployment.js';
import { RuleLinter } from './rule-linter.js';
import type { RulesAside } from './rule-loader.js';
import { RxPost } from './rx-post.js';
import { startStats, type ThreadSetting } from './start-threads.js';
import type { StatsLink } from './stats-link.js';
import { type RestartPolicy, Supervisor } from './supervisor.js';
import type { CreateThread } from './thread.js';
import { allowDeepInlining, collectOnlyWhenNeeded } from './v8-flags.js';
import { WorkerPosts } from './worker-posts.js';

/** Bounds of the steps of a stop, milliseconds; together under the 10 s that a stop may take. */
const STOP_RX_MS = 3000;
const STOP_WORKERS_MS = 4000;
const STOP_STATS_MS = 2000;

export interface EngineConfig {
  readonly version: string;
  readonly source: SourceSpec;
  readonly ruleSet: RuleSet;
  /** True where a forward verdict that cannot leave is counted as failed, as in a replay; otherwise it is refused. */
  readonly acceptForward: boolean;
  /** A bridge: the fate of unclassified and of malformed frames. */
  readonly nonIp: 'forward' | 'drop';
  readonly malformed: 'forward' | 'drop';
  readonly workerCount: number;
  readonly ringSlots: number;
  readonly poolBuffers: number;
  readonly bufferBytes: number;
  readonly ruleCapacity: number;
  readonly idle: 'park' | 'spin';
  /** `null`: no stats thread; main reads the counters itself, through `aggregator`. */
  readonly stats: {
    readonly intervalMs: number;
    readonly http: HttpSettings;
    /** Whether it learns the heaviest flows of the rules. */
    readonly topTalkers: boolean;
  } | null;
  /** Processors for rx, the workers and stats, in turn; `null` leaves them to the kernel. */
  readonly affinity: readonly number[] | null;
  /** Who to become when everything is open; `null` to stay who we are. */
  readonly account: Account | null;
  /** When threads that have died are replaced; `null`: never, the engine cannot go on then. */
  readonly restarts: RestartPolicy | null;
  readonly logLevel: LogLevel;
}

export interface EngineDeps {
  readonly clock: Clock;
  /** A capture file has been read to its end, or as far as it is readable. */
  readonly onFile: (report: { file: string; packets: number; error: string | null }) => void;
  /** The source has no more to give; the engine goes on until it is stopped. */
  readonly onFinished: () => void;
  /** A thread has died of an error, and is replaced after so many milliseconds. */
  readonly onRestart: (thread: string, error: Error, delayMs: number) => void;
  /** A thread has died of an error and is not replaced: the engine cannot go on. */
  readonly onDeath: (thread: string, error: Error) => void;
  /** Something that the user ought to know, as a sentence. */
  readonly onWarning: (message: string) => void;
  /** A live interface went up or down, or is gone. */
  readonly onLink: (name: string, state: 'up' | 'down' | 'gone') => void;
  /** A client of the HTTP server asks for the rules to be loaded again. */
  readonly onReloadWanted: () => Promise<ReloadOutcome>;
  /** For tests, which end threads; a `Worker` of the file where it is not given. */
  readonly createThread?: CreateThread;
}

/**
 * The engine as main runs it: allocates the shared memory, starts the threads, lets rx receive when
 * workers and stats are ready, so that whoever produces finds its consumer at work, and stops them in
 * the order of the packets, so that nothing is left under way.
 */
export class Engine {
  readonly memory: EngineMemory;
  /** Reads the counters where there is no stats thread; otherwise `null`. */
  readonly aggregator: Aggregator | null;
  /** What the counters belong to, for the reader without a stats thread. */
  readonly series: RuleSeries;
  /** Labels of the source's interfaces. */
  readonly interfaces: readonly string[];
  private readonly live: LivePorts | null;
  /** Of the interfaces of a raw-socket source; an afpacket source's are watched by `live`. */
  private readonly watch: InterfaceWatch | null;
  private readonly setting: ThreadSetting;
  private readonly deployment: RuleDeployment;
  private readonly firstTable: FirstTable;
  private readonly supervisor: Supervisor;
  private readonly workers: WorkerPosts;
  private stats: StatsLink | null = null;
  private rx: RxPost | null = null;
  private readonly linter: RuleLinter | null;
  private stopping: Promise<StatsSummary> | null = null;

  /** Throws an UpeError when the rules cannot be used with this source. Starts nothing. */
  constructor(
    private readonly config: EngineConfig,
    private readonly deps: EngineDeps,
  ) {
    this.interfaces = interfacesOf(config.source);
    this.memory = createEngineMemory({
      ...config,
      interfaceCount: this.interfaces.length,
      rxSends: config.source.kind === 'raw-socket',
      captures: config.stats !== null,
      hugePages: config.source.kind === 'afpacket',
      samples: config.stats?.topTalkers === true,
    });
    this.supervisor = new Supervisor(config.restarts, { ...deps, control: this.memory.control });
    this.live = createLivePorts(config, deps);
    this.watch = createWatch(config.source, deps);
    this.setting = {
      config,
      memory: this.memory,
      interfaces: this.interfaces,
      live: this.live,
      links: this.live?.linksBuffer ?? this.watch?.linksBuffer ?? null,
      createThread: (file, options) => new Worker(file, options),
      ...deps,
    };
    const table = () => this.deployment.table;
    this.workers = new WorkerPosts(this.setting, { supervisor: this.supervisor, table });
    this.deployment = new RuleDeployment(
      {
        ruleCapacity: config.ruleCapacity,
        interfaces: this.interfaces,
        problemsOf: (ruleSet) => (config.acceptForward ? [] : ruleProblems(ruleSet, config.source)),
      },
      {
        clock: deps.clock,
        setTargets: (targets) => this.live?.hideOutgoing(targets),
        control: this.memory.control,
        ports: this.workers.tablePorts,
        prepareStats: async (notice) => {
          if (this.stats !== null) return this.stats.prepareRules(notice);
          await this.aggregator?.pass(this.series.notice.slotCount);
          if (this.aggregator !== null) this.series.apply(notice, this.aggregator.totals.slots);
        },
        announceInUse: () => this.stats?.tell({ kind: 'rulesInUse', atMs: deps.clock.unixMs() }),
      },
    );
    const onLinted = (linted: LintedTable) => this.stats?.tell({ kind: 'rulesLinted', ...linted });
    this.linter = config.stats === null ? null : new RuleLinter({ ...this.setting, onLinted });
    this.firstTable = this.deployment.first(config.ruleSet);
    this.series = new RuleSeries(this.firstTable.notice);
    this.aggregator =
      config.stats === null
        ? new Aggregator({ ...this.memory, interfaces: this.interfaces }, deps.clock)
        : null;
  }

  /**
   * Starts all threads; rx opens its source when the others are ready. When `stop` has been called meanwhile nothing
   * begins any more: a process that exits while a thread begins may wait for it for ever.
   *
   * @returns the port that stats listens on; 0 without a stats thread, or when it was stopped meanwhile.
   * @throws EnvironmentError when the source cannot be opened or the port is taken; call `stop` then.
   */
  async start(): Promise<number> {
    try {
      return await this.begin();
    } catch (error) {
      // Told to stop before it was ready, a thread ends without a word: that is no failure.
      if (this.isStopping) return 0;
      throw error;
    }
  }

  private async begin(): Promise<number> {
    allowDeepInlining();
    collectOnlyWhenNeeded();
    this.live?.open();
    const wakeFd = this.live?.handles?.wakeFd;
    if (wakeFd !== undefined) this.doorbell(RX_INDEX).setWakeDescriptor(wakeFd);
    this.watch?.open();
    this.deployment.begin();
    // They load their modules and warm up beside each other.
    const threads = Promise.all([this.workers.start(), this.startStats()]);
    // Until it is waited for, below, its failure is nobody's: it would end the process before `stop` has been called.
    threads.catch(() => undefined);
    this.order(RX_INDEX, COMMAND_HOLD);
    this.rx = new RxPost(this.setting, {
      ...this.deps,
      supervisor: this.supervisor,
      whileLocked: (holder) => this.workers.breakLockOfDead(holder),
    });
    // Meanwhile, and before there are packets, because it takes a while.
    const packed = this.linter === null ? null : packRules(this.config.ruleSet);
    const [, port] = await threads;
    if (this.isStopping) return 0;
    this.order(RX_INDEX, COMMAND_RUN);
    await this.rx.ready();
    if (this.isStopping) return 0;
    this.giveUpPrivileges();
    this.live?.begin();
    this.watch?.begin();
    if (packed !== null) this.linter?.tableInUse(this.firstTable.notice.generation, packed);
    return port;
  }

  /**
   * Puts another rule set into use. Throws an UpeError, and keeps the old one, when that cannot be.
   *
   * @param aside what another thread has made of the rules for this engine's interfaces.
   */
  async reload(
    ruleSet: RuleSet,
    aside: Pick<RulesAside, 'compiled' | 'packed'> | null = null,
  ): Promise<number> {
    const generation = await this.deployment.replace(ruleSet, aside?.compiled);
    this.linter?.tableInUse(generation, aside?.packed ?? packRules(ruleSet));
    return generation;
  }

  /** An attempt to reload failed. `problems`: why, one sentence each. */
  noteReloadFailed(problems: readonly string[]): void {
    this.stats?.tell({ kind: 'reloadFailed', atMs: this.deps.clock.unixMs(), problems });
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

  /** True from the first call of `stop` on. */
  get isStopping(): boolean {
    return this.stopping !== null;
  }

  /** True when a thread sits in a system call that nothing can end, such as a read from a silent socket. */
  get hasStuckThread(): boolean {
    return [this.rx, ...this.workers.threads].some((thread) => thread?.isStuck === true);
  }

  /** Resolves with the port that stats listens on; 0 where there is no stats thread. */
  private async startStats(): Promise<number> {
    if (this.config.stats === null) return 0;
    const { notice } = this.firstTable;
    const stats = startStats(this.setting, this.config.stats, notice, (error, wasReady) => {
      if (error !== null && (wasReady || stats.hasBeenReady)) this.supervisor.noteDeath(post, error);
    });
    const post = { name: 'stats', threadIndex: 1 + this.config.workerCount, refill: () => stats.refill() };
    this.stats = stats;
    return stats.ready();
  }

  /** What needs privileges is open, and no frame has come yet. */
  private giveUpPrivileges(): void {
    const { account, source } = this.config;
    if (account !== null) become(account);
    const isLive = source.kind === 'afpacket' || source.kind === 'raw-socket';
    if (!isLive || process.getuid?.() === 0) return;
    const threads = privilegedThreads();
    if (threads.length > 0) {
      this.deps.onWarning(
        `${threads.length} threads keep the capability that UPE was started with (${threads.join(', ')}): ` +
          'start it as root, and it changes to UPE_USER and keeps none',
      );
    }
  }

  private async stopInOrder(): Promise<StatsSummary> {
    const late: string[] = [];
    for (const thread of [this.rx, this.stats]) thread?.expectEnd();
    const linterEnd = this.linter?.stop();
    this.order(RX_INDEX, COMMAND_STOP);
    // Workers that die are replaced meanwhile: rx may wait for room in their rings.
    if (this.rx !== null && !(await this.rx.join(STOP_RX_MS))) late.push(this.rx.name);
    this.supervisor.stop();
    this.workers.expectEnd();
    this.workers.threads.forEach((_, worker) => {
      this.order(1 + worker, COMMAND_STOP);
    });
    late.push(...(await this.workers.join(STOP_WORKERS_MS)));
    if (this.rx?.current instanceof MainRx) this.rx.current.finish();
    this.watch?.close();
    if (late.length === 0) this.live?.close();
    await linterEnd;
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
      const { isDown } = this.stats;
      const summary = await this.stats.stop(STOP_STATS_MS);
      if (summary !== null) return summary;
      if (!isDown) late.push('stats');
    }
    // The stats thread is not there, or not well: the counters are, and they rest.
    const aggregator =
      this.aggregator ?? new Aggregator({ ...this.memory, interfaces: this.interfaces }, this.deps.clock);
    // All slots: with a stats thread only that one knows how many are in use by now.
    await aggregator.pass(this.memory.workerCounters[0].shape.slotCount);
    return aggregator.summary();
  }

  /** With the threads gone, every buffer must be free exactly once. */
  private auditPool(inFlight: number): string[] {
    const { heldCount } = new PacketPool(this.memory.pool).audit();
    return heldCount === inFlight
      ? []
      : [`${heldCount} buffers are neither free nor in flight (${inFlight})`];
  }

  private order(threadIndex: number, command: number): void {
    const control = controlOf(this.memory.control, threadIndex);
    Atomics.store(control, CONTROL_COMMAND, command);
    Atomics.notify(control, CONTROL_COMMAND);
    this.doorbell(threadIndex).ring();
  }

  private doorbell(threadIndex: number): Doorbell {
    return new Doorbell(controlOf(this.memory.control, threadIndex), CONTROL_DOORBELL);
  }
}
