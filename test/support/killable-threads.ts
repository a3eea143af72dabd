import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { CreateThread } from '../../src/engine/thread.js';

/** Makes an engine's threads, and keeps hold of the newest of each name, so that a test can end it. */
export class KillableThreads {
  private readonly newest = new Map<string, Worker>();

  /** @param alter what a thread is started with, where the test wants that to be different. */
  constructor(private readonly alter: (options: WorkerOptions) => WorkerOptions = (options) => options) {}

  readonly create: CreateThread = (file, options) => {
    // Without what the test runner loads into every thread: that alone takes half a second.
    const thread = new Worker(file, { ...this.alter(options), execArgv: [] });
    this.newest.set(String(options.name), thread);
    return thread;
  };

  /** Ends a thread wherever it is. Resolves when it is gone. */
  async kill(name: string): Promise<void> {
    await this.newest.get(name)?.terminate();
  }
}

/** Numbers from 0 to 1 that are the same for the same seed: mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
