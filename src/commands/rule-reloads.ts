import type { Engine } from '../engine/engine.js';
import { loadRulesAside } from '../engine/rule-loader.js';
import { UpeError } from '../errors.js';
import type { Logger } from '../log.js';
import type { RuleSet } from '../rules/rule.js';

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
  private isLoading = false;
  private isWanted = false;
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

  /** The engine has started: answers a request that came before. */
  start(): void {
    this.isStarted = true;
    if (this.isWanted) void this.loadWhileWanted();
  }

  /** Asks for one more load; answered when the engine has started. */
  request(): void {
    this.isWanted = true;
    if (this.isStarted && !this.isLoading) void this.loadWhileWanted();
  }

  private async loadWhileWanted(): Promise<void> {
    this.isLoading = true;
    while (this.isWanted) {
      this.isWanted = false;
      await this.load();
    }
    this.isLoading = false;
  }

  private async load(): Promise<void> {
    const { engine, log } = this.deps;
    try {
      const ruleSet = await loadRulesAside(this.file);
      const generation = await engine.reload(ruleSet);
      this.lastSha256 = ruleSet.sha256;
      log.info({ file: this.file, rules: ruleSet.rules.length, generation }, 'rules loaded again');
    } catch (error) {
      if (!(error instanceof UpeError)) throw error;
      this.lastSha256 = null;
      const problems = error.message.split('\n');
      engine.noteReloadFailed(problems);
      log.error({ file: this.file, problems }, 'reload failed: the old rules stay');
    }
  }
}
