import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Asked } from './loaded-upe-thread.js';
import { type Ended, runUpe, type TestScope } from './upe-process.js';

/** Of so many command lines, one is run by a process. */
const LINES_A_PROCESS = 10;

/**
 * `upe`, loaded once, for tests of what many command lines are answered with: most of a process that says one line is
 * the loading of modules. For commands that end by themselves, and read no standard input.
 */
export class LoadedUpe {
  private readonly thread = new Worker(new URL('./loaded-upe-thread.js', import.meta.url));
  /** Rejects when the thread has ended: no command may do that. */
  private readonly end: Promise<never>;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly t: TestScope) {
    this.end = new Promise((_, reject) => {
      this.thread.once('error', reject);
      this.thread.once('exit', (code) => reject(new Error(`the thread of upe has ended with ${code}`)));
    });
    this.end.catch(() => undefined);
    t.teardown(() => this.thread.terminate());
  }

  /** Runs a command line to its end, after those before it. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const answer = this.last.then(async () => {
      this.thread.postMessage({ args, env } satisfies Asked);
      const [ended] = await Promise.race([once(this.thread, 'message'), this.end]);
      return ended as Ended;
    });
    this.last = answer.catch(() => undefined);
    return answer;
  }

  /** Runs the i-th of many command lines: one of ten by a process of its own, for what only that can show. */
  runNth(i: number, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return i % LINES_A_PROCESS === 0 ? runUpe(this.t, args, { env }) : this.run(args, env);
  }
}
