import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { RestartPolicy } from '../../src/engine/supervisor.js';
import type { CreateThread } from '../../src/engine/thread.js';

/** A thread is replaced as often as the test ends it, and at once. */
export const ENDLESS_RESTARTS: RestartPolicy = {
  backoffMsMin: 10,
  backoffMsMax: 10,
  deathsMax: Number.POSITIVE_INFINITY,
  windowMs: 1,
};

/** Makes an engine's threads, and keeps hold of the newest of each name, so that a test can end it. */
export class KillableThreads {
  private readonly newest = new Map<string, Worker>();

  /** @param alter what a thread is started with, where the test wants that to be different. */
  constructor(private readonly alter: (options: WorkerOptions) => WorkerOptions = (options) => options) {}

  readonly create: CreateThread = (file, options) => {
    const thread = new Worker(file, this.alter(options));
    this.newest.set(String(options.name), thread);
    return thread;
  };

  /** Ends a thread wherever it is. Resolves when it is gone. */
  async kill(name: string): Promise<void> {
    await this.newest.get(name)?.terminate();
  }
}
