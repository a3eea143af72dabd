import type { Engine } from '../engine/engine.js';
import { loadRulesAside } from '../engine/rule-loader.js';
import { UpeError } from '../errors.js';
import type { Logger } from '../log.js';
import type { RuleSet } from '../rules/rule.js';

/** Loads the rules again when asked; requests that come meanwhile are answered by one more load. */
export class RuleReloads {
  /** Before the engine has started there is nothing to put other rules into. */
  private isBegun = false;
  private isLoading = false;
  private isWanted = false;
  private readonly file: string;
  private lastSha256: string | null;

  /** @param first the rules that the engine starts with. */
  constructor(
    private readonly engine: Engine,
    first: RuleSet,
    private readonly log: Logger,
  ) {
    this.file = first.file;
    this.lastSha256 = first.sha256;
  }

  /** SHA-256 of the file in use; `null` when the last attempt to load one has failed. */
  get sha256InUse(): string | null {
    return this.lastSha256;
  }

  /** The engine has started: answers a request that came before. */
  begin(): void {
    this.isBegun = true;
    if (this.isWanted) void this.loadWhileWanted();
  }

  request(): void {
    this.isWanted = true;
    if (this.isBegun && !this.isLoading) void this.loadWhileWanted();
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
    try {
      const ruleSet = await loadRulesAside(this.file);
      const generation = await this.engine.reload(ruleSet);
      this.lastSha256 = ruleSet.sha256;
      this.log.info({ file: this.file, rules: ruleSet.rules.length, generation }, 'rules loaded again');
    } catch (error) {
      if (!(error instanceof UpeError)) throw error;
      this.lastSha256 = null;
      const problems = error.message.split('\n');
      this.engine.noteReloadFailed(problems);
      this.log.error({ file: this.file, problems }, 'reload failed: the old rules stay');
    }
  }
}
