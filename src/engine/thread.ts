import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker, WorkerOptions } from 'node:worker_threads';
import { EnvironmentError } from '../errors.js';

/** How long a terminated thread may take to be gone, milliseconds. */
const TERMINATE_MS = 500;

export interface ThreadHooks<Incoming> {
  /** Everything that it says but the first answer. */
  readonly onMessage: (message: Incoming) => void;
  /**
   * It has ended, and does nothing any more.
   *
   * @param error why, to be logged with its stack, where nobody had told it to end; otherwise `null`.
   * @param wasReady whether it had got as far as that.
   */
  readonly onExit: (error: Error | null, wasReady: boolean) => void;
}

/** Makes the thread of a compiled module. Tests make threads that they can end. */
export type CreateThread = (file: URL, options: WorkerOptions) => Worker;

/**
 * A thread of the engine, seen from main: started with a handshake, ended by itself or by force. The
 * first message that it sends is `ready`, or `failed` with a sentence for the user.
 */
export class EngineThread<Incoming extends { readonly kind: string }> {
  private readonly worker: Worker;
  private readonly exited: Promise<unknown>;
  private readonly firstAnswer: Promise<Incoming>;
  /** The thread has been told to end: its end is no surprise. */
  private isEndExpected = false;
  private hasExited = false;
  private isReady = false;
  /** True when the thread could not even be terminated: the process cannot exit by itself then. */
  isStuck = false;

  /** @param name as logs and metrics call it. */
  constructor(
    readonly name: string,
    worker: Worker,
    hooks: ThreadHooks<Incoming>,
  ) {
    this.worker = worker;
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', resolve);
    });
    this.firstAnswer = new Promise((resolve, reject) => {
      let reason: Error | null = null;
      const fail = (error: Error) => {
        reason ??= error;
        reject(error);
      };
      this.worker.on('message', (message: Incoming) => {
        if (message.kind === 'failed' && 'message' in message) {
          fail(new EnvironmentError(String(message.message)));
        } else if (message.kind === 'ready') {
          this.isReady = true;
          resolve(message);
        } else {
          hooks.onMessage(message);
        }
      });
      this.worker.on('error', fail);
      this.worker.on('exit', (code) => {
        this.hasExited = true;
        const error = reason ?? new Error(`the ${name} thread ended with code ${code}`);
        reject(error);
        hooks.onExit(this.isEndExpected ? null : error, this.isReady);
      });
    });
    this.firstAnswer.catch(() => undefined);
  }

  /** Resolves with `ready`. Throws what the thread gives as the reason why it cannot be. */
  ready(): Promise<Incoming> {
    return this.firstAnswer;
  }

  send(message: unknown): void {
    this.worker.postMessage(message);
  }

  /** From here on the end of the thread is no surprise. */
  expectEnd(): void {
    this.isEndExpected = true;
  }

  /**
   * Waits until the thread has ended by itself.
   *
   * @returns false when it has not within `timeoutMs` milliseconds; it has been terminated then.
   */
  async join(timeoutMs: number): Promise<boolean> {
    this.expectEnd();
    if (this.hasExited) return true;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const inTime = await Promise.race([this.exited.then(() => true), timeout]);
    clearTimeout(timer);
    if (inTime) return true;
    // A thread that sits in a system call cannot be terminated: it is left behind, and said so.
    const terminated = this.worker.terminate().then(() => true);
    this.isStuck = !(await Promise.race([terminated, sleep(TERMINATE_MS, false, { ref: false })]));
    return false;
  }
}
