import { EnvironmentError } from '../errors.js';
import type { Clock } from '../memory/clock.js';
import { EventLoopLoad } from '../stats/event-loop-load.js';
import { MainLoad } from '../stats/main-load.js';
import type { RulesNotice } from '../stats/rule-series.js';
import type { FromStats, ReloadOutcome, StatsSummary, ToStats } from '../stats/stats-messages.js';
import type { StatsHeritage } from '../stats/stats-service.js';
import type { StatsThreadData } from '../stats/stats-thread.js';
import { type CreateThread, EngineThread, type ThreadHooks } from './thread.js';

/** How often main tells stats of itself, milliseconds. */
const MAIN_REPORT_MS = 1000;

export interface StatsLinkDeps {
  readonly createThread: CreateThread;
  readonly clock: Clock;
  readonly onExit: ThreadHooks<FromStats>['onExit'];
  /** A client asks for the rules to be loaded again. */
  readonly onReloadWanted: () => Promise<ReloadOutcome>;
}

/** Main's end of the conversation with the stats thread, and with the one that takes its place when it dies. */
export class StatsLink {
  private thread: EngineThread<FromStats>;
  /** What the next thread is started with: main keeps here what the counters do not say. */
  private data: StatsThreadData;
  private heritage: StatsHeritage;
  private readonly load = new EventLoopLoad(MAIN_REPORT_MS);
  private readonly mainLoad: MainLoad;
  private mainReport: NodeJS.Timeout | null = null;
  private isEnding = false;
  /** Resolves when the thread that was started last is ready, or has died as well. */
  private succession: Promise<void> = Promise.resolve();
  private offered: RulesNotice | null = null;
  private onRulesAnswer: (refusal: string | null) => void = () => undefined;
  private onStopped: (summary: StatsSummary) => void = () => undefined;
  /** True from the first time that it was ready. */
  hasBeenReady = false;
  /** True while there is no thread, or none that is ready yet. */
  isDown = true;

  /** Starts the thread. */
  constructor(
    data: StatsThreadData,
    private readonly deps: StatsLinkDeps,
  ) {
    this.data = data;
    this.mainLoad = new MainLoad(data.config.mainLoad);
    const { clock } = deps;
    const { generation } = data.config.rules;
    const reload = { generation, successful: true, successMs: clock.unixMs(), failure: null };
    this.heritage = { series: null, reload, linted: null, startedMs: clock.nowMs() };
    this.thread = this.createThread();
  }

  /** Puts another thread into the place of the one that has died. */
  refill(): void {
    const { config } = this.data;
    this.data = { ...this.data, config: { ...config, heritage: this.heritage } };
    this.thread = this.createThread();
    this.succession = this.thread.ready().then(
      () => {
        this.isDown = false;
      },
      // It ends then, and that is noted.
      () => undefined,
    );
  }

  /** Waits until stats listens. Returns its port; throws EnvironmentError when it cannot. */
  async ready(): Promise<number> {
    const first = await this.thread.ready();
    // Told to end while it was loading, it is ready for that only.
    if (!this.isEnding) {
      this.load.start();
      this.reportMain();
      this.mainReport = setInterval(() => {
        this.load.tick();
        this.reportMain();
      }, MAIN_REPORT_MS);
    }
    const { config } = this.data;
    const port = first.kind === 'ready' ? first.port : config.http.port;
    // A successor listens where this one did.
    this.data = { ...this.data, config: { ...config, http: { ...config.http, port } } };
    this.hasBeenReady = true;
    this.isDown = false;
    return port;
  }

  tell(message: ToStats): void {
    this.note(message);
    this.thread.send(message);
  }

  /** Has stats make room for a table. One at a time; throws EnvironmentError when it refuses. */
  async prepareRules(notice: RulesNotice): Promise<void> {
    if (this.isDown) await this.succession;
    if (this.isDown) throw new EnvironmentError('the stats thread has died and is started again: try again');
    const answer = new Promise<string | null>((resolve) => {
      this.onRulesAnswer = resolve;
    });
    this.offered = notice;
    this.tell({ kind: 'prepareRules', notice });
    const refusal = await answer;
    if (refusal !== null) throw new EnvironmentError(refusal);
  }

  /** From here on the end of the thread is no surprise. */
  expectEnd(): void {
    this.isEnding = true;
    this.thread.expectEnd();
  }

  /**
   * Has stats make its last pass and end.
   *
   * @returns what it found, or `null` when it has not answered within `timeoutMs` milliseconds.
   */
  async stop(timeoutMs: number): Promise<StatsSummary | null> {
    if (this.mainReport !== null) clearInterval(this.mainReport);
    this.load.stop();
    let summary: StatsSummary | null = null;
    this.onStopped = (last) => {
      summary = last;
    };
    this.tell({ kind: 'stop' });
    // The answer is the last thing that the thread says: when it has ended, the answer is here.
    await this.thread.join(timeoutMs);
    return summary;
  }

  private createThread(): EngineThread<FromStats> {
    const file = new URL('../stats/stats-thread.js', import.meta.url);
    const thread = this.deps.createThread(file, { name: 'stats', workerData: this.data });
    return new EngineThread<FromStats>('stats', thread, {
      onMessage: (message) => this.receive(message),
      onExit: (error, wasReady) => {
        this.isDown = true;
        this.onRulesAnswer('the stats thread has died: try again');
        this.deps.onExit(error, wasReady);
      },
    });
  }

  /** What a successor has to know of what the thread is told. */
  private note(message: ToStats): void {
    const { reload } = this.heritage;
    if (message.kind === 'rulesInUse') {
      const { generation } = this.data.config.rules;
      this.heritage = {
        ...this.heritage,
        reload: { ...reload, generation, successful: true, successMs: message.atMs },
      };
    } else if (message.kind === 'reloadFailed') {
      const { atMs, problems } = message;
      this.heritage = {
        ...this.heritage,
        reload: { ...reload, successful: false, failure: { atMs, problems } },
      };
    } else if (message.kind === 'rulesLinted') {
      this.heritage = { ...this.heritage, linted: message };
    }
  }

  private receive(message: FromStats): void {
    if (message.kind === 'rulesPrepared') {
      const { config } = this.data;
      this.data = { ...this.data, config: { ...config, rules: this.offered ?? config.rules } };
      this.heritage = { ...this.heritage, series: message.history };
      this.onRulesAnswer(null);
    } else if (message.kind === 'rulesRefused') this.onRulesAnswer(message.reason);
    else if (message.kind === 'reloadWanted') void this.reload(message.id);
    else if (message.kind === 'stopped') this.onStopped(message.summary);
  }

  private async reload(id: number): Promise<void> {
    const asking = this.thread;
    const outcome = await this.deps.onReloadWanted();
    // A successor numbers its own requests; the client of this one is gone with the thread that served it.
    if (this.thread === asking) this.tell({ kind: 'reloadAnswered', id, outcome });
  }

  private reportMain(): void {
    this.mainLoad.set(this.load.read());
  }
}
