import type { Clock } from '../memory/clock.js';
import { CONTROL_RESTARTS, CONTROL_STATE, controlOf, STATE_DEAD } from '../memory/control-layout.js';

export interface RestartPolicy {
  /** The pause before a thread is started again, milliseconds: doubled from the first to the second. */
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** A thread that has died more often than this within the window is not started any more. */
  readonly deathsMax: number;
  readonly windowMs: number;
}

/** A place in the engine that is always to be filled by a thread. */
export interface Post {
  /** As logs and metrics call the thread. */
  readonly name: string;
  /** Its control block's number. */
  readonly threadIndex: number;
  /** Puts another thread into the place of one that has ended. */
  readonly refill: () => void;
}

export interface SupervisorDeps {
  readonly control: SharedArrayBuffer;
  readonly clock: Clock;
  /** A thread has died of an error and is started again after so many milliseconds. */
  readonly onRestart: (thread: string, error: Error, delayMs: number) => void;
  /** A thread has died, and that is the end. */
  readonly onDeath: (thread: string, error: Error) => void;
}

/** Has threads that die replaced: each after a pause that grows, and not for ever. */
export class Supervisor {
  /** Times of the deaths within the window, by control block, milliseconds. */
  private readonly deathsMs = new Map<number, number[]>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private isStopped = false;

  /** @param policy `null`: no thread is replaced. */
  constructor(
    private readonly policy: RestartPolicy | null,
    private readonly deps: SupervisorDeps,
  ) {}

  /** The thread of a post has ended, and nobody told it to. What it held of its own accord is no concern of ours. */
  noteDeath(post: Post, error: Error): void {
    const { control, onRestart, onDeath } = this.deps;
    const block = controlOf(control, post.threadIndex);
    Atomics.store(block, CONTROL_STATE, STATE_DEAD);
    if (this.isStopped) return;
    const delayMs = this.pauseMs(post);
    if (delayMs < 0) {
      onDeath(post.name, error);
      return;
    }
    onRestart(post.name, error, delayMs);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      Atomics.add(block, CONTROL_RESTARTS, 1);
      post.refill();
    }, delayMs);
    this.timers.add(timer);
  }

  /** Replaces no thread from here on. */
  stop(): void {
    this.isStopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  /** How long to wait before a post is filled again, milliseconds; -1 for ever. */
  private pauseMs({ threadIndex }: Post): number {
    const { policy } = this;
    if (policy === null) return -1;
    const nowMs = this.deps.clock.nowMs();
    const before = this.deathsMs.get(threadIndex) ?? [];
    const deaths = [...before.filter((deathMs) => nowMs - deathMs < policy.windowMs), nowMs];
    this.deathsMs.set(threadIndex, deaths);
    if (deaths.length > policy.deathsMax) return -1;
    return Math.min(policy.backoffMsMin * 2 ** (deaths.length - 1), policy.backoffMsMax);
  }
}
