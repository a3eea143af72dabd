import type { Engine } from '../engine/engine.js';
import { loadRulesAside } from '../engine/rule-loader.js';
import { UpeError } from '../errors.js';
import type { Logger } from '../log.js';
import type { RuleSet } from '../rules/rule.js';
import { SERIES_PER_RULE } from '../stats/rule-families.js';
import type { ReloadOutcome } from '../stats/stats-messages.js';

export interface RuleReloadsConfig {
  /** The rules that the engine starts with. */
  readonly first: RuleSet;
}

export interface RuleReloadsDeps {
  readonly engine: Engine;
  readonly log: Logger;
}

/** Loads the rules again when asked; requests that come meanwhile are answered by one more load. */
export class RuleReloads {
  /** Before the engine has started there is nothing to put other rules into. */
  private isStarted = false;
  private isStopped = false;
  private isLoading = false;
  /** Who waits for a load that has not begun yet. */
  private waiting: ((outcome: ReloadOutcome) => void)[] = [];
  /** Who waits for the one that has. */
  private served: ((outcome: ReloadOutcome) => void)[] = [];
  private readonly file: string;
  private lastSha256: string | null;

  constructor(
    { first }: RuleReloadsConfig,
    private readonly deps: RuleReloadsDeps,
  ) {
    this.file = first.file;
    this.lastSha256 = first.sha256;
  }

  /** SHA-256 of the file in use; `null` when the last attempt to load one has failed. */
  get sha256InUse(): string | null {
    return this.lastSha256;
  }

  /** The engine has started: answers requests that came before. */
  start(): void {
    this.isStarted = true;
    if (this.waiting.length > 0) void this.loadWhileWanted();
  }

  /** The engine stops: whoever waits is told so, and nothing more is loaded. */
  stop(): void {
    this.isStopped = true;
    for (const resolve of [...this.served.splice(0), ...this.waiting.splice(0)])
      resolve({ kind: 'stopping' });
  }

  /** Resolves with what became of a load that began after this call. */
  request(): Promise<ReloadOutcome> {
    if (this.isStopped) return Promise.resolve({ kind: 'stopping' });
    const outcome = new Promise<ReloadOutcome>((resolve) => {
      this.waiting.push(resolve);
    });
    if (this.isStarted && !this.isLoading) void this.loadWhileWanted();
    return outcome;
  }

  private async loadWhileWanted(): Promise<void> {
    this.isLoading = true;
    while (this.waiting.length > 0) {
      this.served = this.waiting.splice(0);
      const outcome = await this.load();
      for (const resolve of this.served.splice(0)) resolve(outcome);
    }
    this.isLoading = false;
  }

  private async load(): Promise<ReloadOutcome> {
    const { engine, log } = this.deps;
    try {
      const aside = await loadRulesAside(this.file, engine.interfaces);
      const { ruleSet, parseMs, compileMs } = aside;
      const generation = await engine.reload(ruleSet, aside);
      this.lastSha256 = ruleSet.sha256;
      const ruleCount = ruleSet.rules.length;
      const times = { parseMs: Math.round(parseMs), compileMs: Math.round(compileMs) };
      const series = SERIES_PER_RULE * ruleCount;
      log.info({ file: this.file, rules: ruleCount, series, generation, ...times }, 'rules loaded again');
      return { kind: 'loaded', generation, ruleCount };
    } catch (error) {
      if (!(error instanceof UpeError)) throw error;
      this.lastSha256 = null;
      const problems = error.message.split('\n');
      engine.noteReloadFailed(problems);
      log.error({ file: this.file, problems }, 'reload failed: the old rules stay');
      return { kind: 'failed', isInvalid: error.exitCode === 2, problems };
    }
  }
}
