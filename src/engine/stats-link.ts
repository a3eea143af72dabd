import { EnvironmentError } from '../errors.js';
import { EventLoopLoad } from '../stats/event-loop-load.js';
import type { RulesNotice } from '../stats/rule-series.js';
import type { FromStats, ReloadOutcome, StatsSummary, ToStats } from '../stats/stats-messages.js';
import type { StatsThreadData } from '../stats/stats-thread.js';
import { type CreateThread, EngineThread, type ThreadHooks } from './thread.js';

/** How often main tells stats of itself, milliseconds. */
const MAIN_REPORT_MS = 1000;

/** Main's end of the conversation with the stats thread. */
export class StatsLink {
  private readonly thread: EngineThread<FromStats>;
  private readonly data: StatsThreadData;
  private readonly mainLoad = new EventLoopLoad(MAIN_REPORT_MS);
  private mainReport: NodeJS.Timeout | null = null;
  private onRulesAnswer: (refusal: string | null) => void = () => undefined;
  private onStopped: (summary: StatsSummary) => void = () => undefined;

  /**
   * Starts the thread.
   *
   * @param onReloadWanted a client asks for the rules to be loaded again.
   */
  constructor(
    data: StatsThreadData,
    createThread: CreateThread,
    onExit: ThreadHooks<FromStats>['onExit'],
    private readonly onReloadWanted: () => Promise<ReloadOutcome>,
  ) {
    this.data = data;
    const file = new URL('../stats/stats-thread.js', import.meta.url);
    const onMessage = (message: FromStats) => this.receive(message);
    const thread = createThread(file, { name: 'stats', workerData: data });
    this.thread = new EngineThread<FromStats>('stats', thread, { onMessage, onExit });
  }

  /** Waits until stats listens. Returns its port; throws EnvironmentError when it cannot. */
  async ready(): Promise<number> {
    const first = await this.thread.ready();
    this.mainLoad.start();
    this.reportMain();
    this.mainReport = setInterval(() => {
      this.mainLoad.tick();
      this.reportMain();
    }, MAIN_REPORT_MS);
    return first.kind === 'ready' ? first.port : this.data.config.http.port;
  }

  tell(message: ToStats): void {
    this.thread.send(message);
  }

  /** Has stats make room for a table. One at a time; throws EnvironmentError when it refuses. */
  async prepareRules(notice: RulesNotice): Promise<void> {
    const answer = new Promise<string | null>((resolve) => {
      this.onRulesAnswer = resolve;
    });
    this.tell({ kind: 'prepareRules', notice });
    const refusal = await answer;
    if (refusal !== null) throw new EnvironmentError(refusal);
  }

  /** From here on the end of the thread is no surprise. */
  expectEnd(): void {
    this.thread.expectEnd();
  }

  /**
   * Has stats make its last pass and end.
   *
   * @returns what it found, or `null` when it has not answered within `timeoutMs` milliseconds.
   */
  async stop(timeoutMs: number): Promise<StatsSummary | null> {
    if (this.mainReport !== null) clearInterval(this.mainReport);
    this.mainLoad.stop();
    let summary: StatsSummary | null = null;
    this.onStopped = (last) => {
      summary = last;
    };
    this.tell({ kind: 'stop' });
    // The answer is the last thing that the thread says: when it has ended, the answer is here.
    await this.thread.join(timeoutMs);
    return summary;
  }

  private receive(message: FromStats): void {
    if (message.kind === 'rulesPrepared') this.onRulesAnswer(null);
    else if (message.kind === 'rulesRefused') this.onRulesAnswer(message.reason);
    else if (message.kind === 'reloadWanted') void this.reload(message.id);
    else if (message.kind === 'stopped') this.onStopped(message.summary);
  }

  private async reload(id: number): Promise<void> {
    this.tell({ kind: 'reloadAnswered', id, outcome: await this.onReloadWanted() });
  }

  private reportMain(): void {
    this.tell({ kind: 'mainThread', load: this.mainLoad.read() });
  }
}
