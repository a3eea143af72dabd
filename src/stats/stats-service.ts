import type { Logger } from '../log.js';
import type { CaptureMemory } from '../memory/capture-layout.js';
import type { Clock } from '../memory/clock.js';
import {
  CONTROL_PASSES,
  CONTROL_STATE,
  CONTROL_VIOLATIONS,
  controlOf,
  STATE_FINISHED,
} from '../memory/control-layout.js';
import { Links } from '../memory/link-layout.js';
import { PacketPool, type PoolMemory } from '../memory/packet-pool.js';
import { LINK_ETHERNET, LINK_IPV4 } from '../protocol/link-type.js';
import { type RingMemory, ringUsedSlots } from '../ring/ring-layout.js';
import type { SampleRingMemory } from '../ring/sample-ring-layout.js';
import type { Action } from '../rules/rule.js';
import { Aggregator, type AggregatorConfig } from './aggregator.js';
import { Captures } from './capture/captures.js';
import type { EngineState, ReloadState } from './engine-state.js';
import { EventLoopLoad } from './event-loop-load.js';
import { Exposer } from './exposition.js';
import { HttpServer, type HttpSettings } from './http-server.js';
import { InterfaceLosses, LOSS_CELLS } from './interface-losses.js';
import { MainLoad } from './main-load.js';
import { RuleSeries, type RulesNotice, type SeriesHistory } from './rule-series.js';
import type { LintedTable, ReloadOutcome, StatsSummary } from './stats-messages.js';
import { TopTalkers } from './talkers/top-talkers.js';
import { ThreadWatch } from './thread-watch.js';

/** Passes to wait for one in which every thread answered, before new rules are refused. */
const FRESH_PASSES_MAX = 50;

export interface StatsServiceConfig extends AggregatorConfig {
  readonly version: string;
  /** `UPE_SOURCE`. */
  readonly source: string;
  readonly mode: 'watch' | 'bridge';
  /** How many of `interfaces` are read; the others are only sent to. */
  readonly readInterfaceCount: number;
  /** Of memory/link-layout.ts; `null` where the source is no live one. */
  readonly links: SharedArrayBuffer | null;
  /** What becomes of frames that no rule judges. */
  readonly unjudged: { readonly unclassified: Action; readonly malformed: Action };
  readonly pool: PoolMemory;
  readonly captures: CaptureMemory;
  /** One a worker. */
  readonly rings: readonly RingMemory[];
  /** One a worker, or none where nobody looks for top talkers. */
  readonly sampleRings: readonly SampleRingMemory[];
  readonly rules: RulesNotice;
  /** What the thread before this one knew, when it died; `null` for the first. */
  readonly heritage: StatsHeritage | null;
  /** `LOSS_CELLS` an interface of interface-losses.ts; outlives the thread. */
  readonly losses: SharedArrayBuffer;
  /** Of main-load.ts. */
  readonly mainLoad: SharedArrayBuffer;
  /** Time between two passes, milliseconds. */
  readonly intervalMs: number;
  readonly http: HttpSettings;
}

/** What is known of an engine and in no counter: main keeps it for the case that stats dies. */
export interface StatsHeritage {
  readonly series: SeriesHistory | null;
  readonly reload: ReloadState;
  /** `null` before anything is known. */
  readonly linted: LintedTable | null;
  /** Monotonic clock at the start of the engine, milliseconds. */
  readonly startedMs: number;
}

export interface StatsServiceDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Has the rules loaded again. */
  readonly reload: () => Promise<ReloadOutcome>;
}

/** Aggregates once a second and serves what it finds. Lives on the stats thread. */
export class StatsService {
  private readonly aggregator: Aggregator;
  private readonly series: RuleSeries;
  private readonly server: HttpServer;
  private readonly captures: Captures;
  private readonly threads: ThreadWatch;
  private readonly talkers: TopTalkers | null;
  private readonly control: Int32Array;
  private readonly mainLoad: MainLoad;
  private readonly ownLoad: EventLoopLoad;
  private readonly reload: { -readonly [Field in keyof ReloadState]: ReloadState[Field] };
  private readonly startedMs: number;
  private timer: NodeJS.Timeout | null = null;
  /** What was told of the table that every worker uses: not yet of one that is prepared. */
  private inUse: RulesNotice;
  /** What the linter has found last: a set, because answers of the API ask rule by rule. */
  private linted: { readonly generation: number; readonly shadowed: ReadonlySet<number> } | null = null;

  constructor(
    private readonly config: StatsServiceConfig,
    private readonly deps: StatsServiceDeps,
  ) {
    this.aggregator = new Aggregator(config, deps.clock);
    this.ownLoad = new EventLoopLoad(config.intervalMs);
    const { heritage } = config;
    this.series = new RuleSeries(config.rules, heritage?.series);
    this.inUse = config.rules;
    if (heritage !== null && heritage.linted !== null) this.rulesLinted(heritage.linted);
    const firstLoad = { successful: true, successMs: deps.clock.unixMs(), failure: null };
    this.reload = { ...(heritage?.reload ?? { generation: config.rules.generation, ...firstLoad }) };
    this.startedMs = heritage?.startedMs ?? deps.clock.nowMs();
    this.control = controlOf(config.control, 1 + config.workerCounters.length);
    this.aggregator.passCount = this.control[CONTROL_PASSES];
    this.aggregator.violationCount = this.control[CONTROL_VIOLATIONS];
    this.mainLoad = new MainLoad(config.mainLoad);
    this.threads = new ThreadWatch(config, this.mainLoad, deps.clock);
    this.captures = new Captures(
      {
        memory: config.captures,
        version: config.version,
        interfaces: config.interfaces,
        // Of IPv4 packets without a link layer, where there is none.
        linkType: config.source === 'raw-socket' ? LINK_IPV4 : LINK_ETHERNET,
      },
      { clock: deps.clock, log: deps.log, rules: () => this.inUse },
    );
    const { sampleRings } = config;
    this.talkers = sampleRings.length === 0 ? null : new TopTalkers(sampleRings, deps.clock);
    const state = this.engineState();
    this.server = new HttpServer(
      { ...config.http, intervalMs: config.intervalMs },
      {
        state,
        exposer: new Exposer(state),
        log: deps.log,
        pass: () => this.pass(),
        nowMs: () => deps.clock.nowMs(),
        notReadyBecause: () => this.threads.problem(),
        reload: deps.reload,
        captures: this.captures,
      },
    );
  }

  /** Listens and begins to aggregate. Returns the port. */
  async start(): Promise<number> {
    // Nobody may be shown zeros where a thread before this one has shown counts.
    while (this.config.heritage !== null && this.aggregator.totals.atMs === 0) await this.pass();
    const port = await this.server.start();
    this.ownLoad.start();
    this.talkers?.start();
    this.timer = setInterval(() => {
      this.ownLoad.tick();
      this.talkers?.drainEarly();
      void this.pass().then(() => this.server.publish());
    }, this.config.intervalMs);
    await this.pass();
    return port;
  }

  /** The last pass, and the end of all serving. */
  async stop(): Promise<StatsSummary> {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.ownLoad.stop();
    this.talkers?.stop();
    await this.pass();
    await this.captures.stop();
    await this.server.stop();
    return this.aggregator.summary();
  }

  /**
   * Makes room in the series for a table that is about to be used.
   *
   * @returns why that is not possible now, or `null`.
   */
  async prepareRules(notice: RulesNotice): Promise<string | null> {
    if (notice.folded.length > 0 && !(await this.freshPass())) {
      return 'a worker does not answer, so the counts of retired rules cannot be closed: try again';
    }
    await this.aggregator.rest();
    this.series.apply(notice, this.aggregator.totals.slots);
    this.talkers?.forget(notice.folded.map(({ slot }) => slot));
    return null;
  }

  /** The prepared table is in use by every worker. */
  rulesInUse(atMs: number): void {
    this.inUse = this.series.notice;
    this.captures.rulesInUse(this.inUse);
    this.reload.generation = this.inUse.generation;
    this.reload.successful = true;
    this.reload.successMs = atMs;
  }

  /** It is known which rules of a table can never match. */
  rulesLinted({ generation, shadowed }: LintedTable): void {
    this.linted = { generation, shadowed: new Set(shadowed) };
  }

  get history(): SeriesHistory {
    return this.series.history;
  }

  reloadFailed(atMs: number, problems: readonly string[]): void {
    this.reload.successful = false;
    this.reload.failure = { atMs, problems };
  }

  private async pass(): Promise<boolean> {
    const violationsBefore = this.aggregator.violationCount;
    const fresh = await this.aggregator.pass(this.series.notice.slotCount);
    if (this.aggregator.violationCount > violationsBefore) {
      const { violations } = this.aggregator.totals.identity;
      this.deps.log.error({ violations }, 'the accounting identity does not hold');
    }
    this.control[CONTROL_PASSES] = this.aggregator.passCount;
    this.control[CONTROL_VIOLATIONS] = this.aggregator.violationCount;
    this.threads.beat();
    return fresh;
  }

  /** A pass that begins now and in which every thread answers; false when that does not come about. */
  private async freshPass(): Promise<boolean> {
    await this.pass();
    for (let tries = 0; tries < FRESH_PASSES_MAX; tries++) if (await this.pass()) return true;
    return false;
  }

  private engineState(): EngineState {
    const { config, reload } = this;
    const rulesInUse = () => this.inUse;
    const shadowedRules = () =>
      this.linted?.generation === this.inUse.generation ? this.linted.shadowed : null;
    const uptimeMs = () => this.deps.clock.nowMs() - this.startedMs;
    const eventLoopThreads = () => [
      { thread: 'main', ...this.mainLoad.read() },
      { thread: 'stats', ...this.ownLoad.read() },
    ];
    const pool = new PacketPool(config.pool);
    const rxControl = controlOf(config.control, 0);
    return {
      version: config.version,
      source: config.source,
      get uptimeMs() {
        return uptimeMs();
      },
      mode: config.mode,
      aggregator: this.aggregator,
      readInterfaceCount: config.readInterfaceCount,
      live:
        config.links === null ? null : liveState(config.interfaces, new Links(config.links), config.losses),
      unjudged: config.unjudged,
      series: this.series,
      get rulesInUse() {
        return rulesInUse();
      },
      get shadowedRules() {
        return shadowedRules();
      },
      get eventLoopThreads() {
        return eventLoopThreads();
      },
      threadHealth: () => this.threads.read(),
      ringSlots: config.rings[0].slots,
      ringUsedSlots: (worker) => ringUsedSlots(config.rings[worker]),
      poolBuffers: config.pool.shape.bufferCount,
      bufferBytes: config.pool.shape.bufferBytes,
      poolFreeBuffers: () => pool.freeCount(),
      talkers: this.talkers,
      reload,
      captures: this.captures,
      get isSourceFinished() {
        return Atomics.load(rxControl, CONTROL_STATE) === STATE_FINISHED;
      },
    };
  }
}

function liveState(
  interfaces: readonly string[],
  links: Links,
  cells: SharedArrayBuffer,
): EngineState['live'] {
  const losses = interfaces.map((name, i) => {
    const own = i * LOSS_CELLS * Float64Array.BYTES_PER_ELEMENT;
    return new InterfaceLosses(name, new Float64Array(cells, own, LOSS_CELLS));
  });
  // What was lost before the first look is not ours.
  losses.forEach((own, i) => void own.update(links.kernelIndex(i)));
  return {
    isUp: (i) => links.isUp(i),
    losses: (i) => losses[i].update(links.kernelIndex(i)),
  };
}
