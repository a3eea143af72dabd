import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { hasThread } from '../kernel/thread-id.js';
import { CONTROL_THREAD_ID, controlOf } from '../memory/control-layout.js';
import { PacketPool } from '../memory/packet-pool.js';
import type { RuleTableMemory } from '../rules/rule-table.js';
import type { FromWorker } from '../worker/worker-thread.js';
import { closeDeadWorker } from './abandoned-worker.js';
import { startWorker, type ThreadSetting } from './start-threads.js';
import type { Supervisor } from './supervisor.js';
import type { EngineThread } from './thread.js';

export interface WorkerPostsDeps {
  readonly supervisor: Supervisor;
  /** The rules that a worker which begins now begins with. */
  readonly table: () => RuleTableMemory;
}

/** The workers of an engine, one a ring: each is replaced when it dies. */
export class WorkerPosts {
  /** Main's ends of the channels in which later rule tables go to the workers. */
  readonly tablePorts: MessagePort[] = [];
  /** Those at work, or the last that were. */
  readonly threads: EngineThread<FromWorker>[] = [];
  private readonly pool: PacketPool;

  constructor(
    private readonly setting: ThreadSetting,
    private readonly deps: WorkerPostsDeps,
  ) {
    this.pool = new PacketPool(setting.memory.pool);
  }

  /** Resolves when all of them are ready. */
  async start(): Promise<void> {
    this.setting.memory.rings.forEach((_, worker) => {
      this.fill(worker, false);
    });
    await Promise.all(this.threads.map((thread) => thread.ready()));
  }

  /** From here on the end of a worker is no surprise, and none is replaced. */
  expectEnd(): void {
    for (const thread of this.threads) thread.expectEnd();
  }

  /**
   * Waits until all have ended by themselves, and closes the books of those that had died.
   *
   * @returns the names of those that have not ended within `timeoutMs` milliseconds.
   */
  async join(timeoutMs: number): Promise<string[]> {
    const inTime = await Promise.all(this.threads.map((thread) => thread.join(timeoutMs)));
    const late = this.threads.filter((_, worker) => !inTime[worker]);
    // A worker that sits in a system call may yet hold the lock.
    if (late.length === 0) this.threads.forEach((_, worker) => void closeDeadWorker(this.setting, worker));
    for (const port of this.tablePorts) port.close();
    return late.map(({ name }) => name);
  }

  /**
   * Breaks the lock of the pool's list if it is a dead worker's. For main where it needs the lock itself: it would
   * wait for ever for what it does when it hears of the death.
   *
   * @param threadIndex who holds the lock.
   */
  breakLockOfDead(threadIndex: number): void {
    const id = Atomics.load(controlOf(this.setting.memory.control, threadIndex), CONTROL_THREAD_ID);
    if (!hasThread(id)) this.pool.repairAfter(threadIndex);
  }

  private fill(worker: number, isSuccessor: boolean): void {
    this.tablePorts[worker]?.close();
    const { port1, port2 } = new MessageChannel();
    this.tablePorts[worker] = port1;
    const threadIndex = 1 + worker;
    const post = { name: `worker${worker}`, threadIndex, refill: () => this.fill(worker, true) };
    const terms = { table: this.deps.table(), tables: port2, isSuccessor };
    this.threads[worker] = startWorker(this.setting, worker, terms, (error, wasReady) => {
      // At once, whatever comes next: the others wait for the lock.
      this.pool.repairAfter(threadIndex);
      if (error !== null && (wasReady || isSuccessor)) this.deps.supervisor.noteDeath(post, error);
    });
  }
}
