import { setTimeout as sleep } from 'node:timers/promises';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { EnvironmentError } from '../errors.js';

/** How long a terminated thread may take to be gone, milliseconds. */
const TERMINATE_MS = 500;

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
  /** True when the thread could not even be terminated: the process cannot exit by itself then. */
  isStuck = false;

  /**
   * @param name as logs and metrics call it.
   * @param file the thread's compiled module.
   * @param onMessage everything that it says but the first answer.
   * @param onDeath it threw, or ended without being told to: the error, to be logged with its stack.
   */
  constructor(
    readonly name: string,
    file: URL,
    options: WorkerOptions,
    onMessage: (message: Incoming) => void,
    onDeath: (thread: string, error: Error) => void,
  ) {
    this.worker = new Worker(file, { ...options, name });
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', resolve);
    });
    this.firstAnswer = new Promise((resolve, reject) => {
      let isReady = false;
      const die = (error: Error) => {
        if (!isReady) reject(error);
        else if (!this.isEndExpected) onDeath(name, error);
        this.isEndExpected = true;
      };
      this.worker.on('message', (message: Incoming) => {
        if (message.kind === 'failed' && 'message' in message) {
          die(new EnvironmentError(String(message.message)));
        } else if (message.kind === 'ready') {
          isReady = true;
          resolve(message);
        } else {
          onMessage(message);
        }
      });
      this.worker.on('error', die);
      this.worker.on('exit', (code) => {
        this.hasExited = true;
        die(new Error(`the ${name} thread ended with code ${code}`));
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
