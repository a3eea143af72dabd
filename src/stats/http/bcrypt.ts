import { Worker } from 'node:worker_threads';

export interface Comparison {
  readonly password: string;
  readonly hash: string;
}

/**
 * Compares passwords with bcrypt hashes, on a thread of its own: one comparison takes 60 ms at a cost of 10, and
 * seconds at 15, in which the stats thread would answer nobody. The thread begins with the first comparison,
 * when the process has given up its privileges, and shares the processor that stats was given.
 */
export class Bcrypt {
  private worker: Worker | null = null;

  /** Whether the password has this hash. One comparison at a time. Throws when the thread dies of it. */
  compare(password: string, hash: string): Promise<boolean> {
    this.worker ??= new Worker(new URL('./bcrypt-thread.js', import.meta.url), { name: 'bcrypt' });
    const { worker } = this;
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        this.worker = null;
        settle();
        reject(error);
      };
      const end = () => fail(new Error('the bcrypt thread has ended'));
      const answer = (isEqual: boolean) => {
        settle();
        resolve(isEqual);
      };
      const settle = () => {
        worker.off('message', answer);
        worker.off('error', fail);
        worker.off('exit', end);
      };
      worker.once('message', answer);
      worker.once('error', fail);
      worker.once('exit', end);
      worker.postMessage({ password, hash } satisfies Comparison);
    });
  }

  async stop(): Promise<void> {
    await this.worker?.terminate();
    this.worker = null;
  }
}
