import type { Worker } from 'node:worker_threads';
import type { LintedTable } from '../stats/stats-messages.js';
import type { CreateThread } from './thread.js';

/** A table that stays in use for so long is worth looking at, milliseconds: of a storm of reloads, the last one. */
const SETTLED_MS = 1000;
/** Of 16,384 rules the thread needs a quarter of this. */
const HEAP_MIB_MAX = 1024;

/** What the linter thread is given. */
export interface RuleLinterData {
  /** Of `packRules`. */
  readonly rules: SharedArrayBuffer;
}

/** What it answers. */
export type LintedRules = Pick<LintedTable, 'shadowed'>;

export interface RuleLinterDeps {
  readonly createThread: CreateThread;
  readonly onLinted: (linted: LintedTable) => void;
  readonly onWarning: (message: string) => void;
}

/**
 * Has the table in use looked at for rules that can never match, on a thread that ends when it knows: that takes
 * seconds where there are many rules. Another table makes what it has found so far worthless, and ends it.
 */
export class RuleLinter {
  private timer: NodeJS.Timeout | null = null;
  private worker: Worker | null = null;
  private isStopped = false;

  constructor(private readonly deps: RuleLinterDeps) {}

  /** A table has come into use. `packed`: of `packRules`. */
  tableInUse(generation: number, packed: SharedArrayBuffer): void {
    void this.giveUp();
    if (this.isStopped) return;
    this.timer = setTimeout(() => this.begin(generation, packed), SETTLED_MS);
    this.timer.unref();
  }

  /** Ends whatever is under way, for good. Resolves when there is no thread any more. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.giveUp();
  }

  private begin(generation: number, packed: SharedArrayBuffer): void {
    try {
      const worker = this.deps.createThread(new URL('./rule-linter-thread.js', import.meta.url), {
        name: 'linter',
        workerData: { rules: packed } satisfies RuleLinterData,
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
      });
      this.worker = worker;
      worker.unref();
      worker.once('message', ({ shadowed }: LintedRules) => {
        if (this.worker === worker) this.deps.onLinted({ generation, shadowed });
      });
      worker.once('error', (error) => {
        if (this.worker === worker) this.warn(error);
      });
    } catch (error) {
      this.warn(error as Error);
    }
  }

  /** The packets do not need the linter: whatever it fails of, such as memory, the engine goes on. */
  private warn({ message }: Error): void {
    this.deps.onWarning(
      `which rules can never match is not known, because the linter has failed: ${message}`,
    );
  }

  private async giveUp(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const { worker } = this;
    this.worker = null;
    await worker?.terminate();
  }
}
