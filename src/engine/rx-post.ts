import { PacketPool } from '../memory/packet-pool.js';
import { RX_INDEX } from '../memory/pool-layout.js';
import { closeDeadRx } from './abandoned-rx.js';
import type { Receiver } from './main-rx.js';
import { type OnExit, type RxListener, startRx, type ThreadSetting } from './start-threads.js';
import type { Supervisor } from './supervisor.js';

export interface RxPostDeps extends Omit<RxListener, 'onExit'> {
  readonly supervisor: Supervisor;
  /** rx has died, and that is the end. */
  readonly onDeath: (thread: string, error: Error) => void;
}

/**
 * Who receives in an engine: replaced when it dies, except over capture files, whose place in the file dies with
 * it.
 */
export class RxPost implements Receiver {
  readonly name = 'rx';
  private readonly pool: PacketPool;
  private receiver: Receiver;
  private hasBeenReady = false;
  private isEnding = false;
  private isDead = false;

  constructor(
    private readonly setting: ThreadSetting,
    private readonly deps: RxPostDeps,
  ) {
    this.pool = new PacketPool(setting.memory.pool);
    this.receiver = this.fill(false);
  }

  /** The one at work, or the last that was. */
  get current(): Receiver {
    return this.receiver;
  }

  get isStuck(): boolean {
    return this.receiver.isStuck;
  }

  async ready(): Promise<void> {
    await this.receiver.ready();
    this.hasBeenReady = true;
  }

  expectEnd(): void {
    this.isEnding = true;
    this.receiver.expectEnd();
  }

  /** As `Receiver.join`; where it is dead, its books are closed. */
  async join(timeoutMs: number): Promise<boolean> {
    if (!(await this.receiver.join(timeoutMs))) return false;
    const { memory, interfaces, clock } = this.setting;
    if (this.isDead) closeDeadRx(memory, interfaces, clock, this.deps.whileLocked);
    return true;
  }

  private fill(isSuccessor: boolean): Receiver {
    this.isDead = false;
    const onExit: OnExit = (error, wasReady) => this.noteExit(error, wasReady);
    return startRx(this.setting, { ...this.deps, onExit }, isSuccessor);
  }

  private noteExit(error: Error | null, wasReady: boolean): void {
    // At once, whatever comes next: the others wait for the lock.
    this.pool.repairAfter(RX_INDEX);
    if (!wasReady && !this.hasBeenReady) return;
    this.isDead = true;
    if (error === null) return;
    const { config, onWarning } = this.setting;
    if (config.source.kind === 'pcap') {
      if (config.restarts !== null)
        onWarning('the rx thread has died, and its place in the capture files with it');
      this.deps.onDeath(this.name, error);
      return;
    }
    const post = { name: this.name, threadIndex: RX_INDEX, refill: () => this.refill() };
    this.deps.supervisor.noteDeath(post, error);
  }

  private refill(): void {
    if (!this.isEnding) this.receiver = this.fill(true);
  }
}
