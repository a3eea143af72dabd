import type { Clock } from '../memory/clock.js';
import {
  CONTROL_HEARTBEAT,
  CONTROL_RESTARTS,
  CONTROL_STATE,
  controlOf,
  STATE_DEAD,
  STATE_FINISHED,
  STATE_RUNNING,
} from '../memory/control-layout.js';
import type { AggregatorConfig } from './aggregator.js';
import type { MainLoad } from './main-load.js';

/** A thread that has not looked up for so long is stalled, milliseconds: parked, it looks up once a second. */
const STALLED_MS = 5000;

export interface ThreadHealth {
  readonly thread: string;
  /** How often it has been replaced after a death. */
  readonly restarts: number;
  /** Time since it was last seen to look up. */
  readonly heartbeatAgeSeconds: number;
}

/** How the other threads are, as their control blocks say. Runs on the stats thread. */
export class ThreadWatch {
  private readonly blocks: readonly Int32Array[];
  private readonly beats: Int32Array;
  private readonly seenMs: Float64Array;
  private mainSeenMs: number;

  private mainReadings: number;
  private readonly workerCount: number;

  /** The control blocks are those of rx, of the workers, and of stats itself; main has none. */
  constructor(
    { control, workerCounters }: Pick<AggregatorConfig, 'control' | 'workerCounters'>,
    private readonly mainLoad: MainLoad,
    private readonly clock: Clock,
  ) {
    const workerCount = workerCounters.length;
    this.workerCount = workerCount;
    this.mainReadings = mainLoad.readings;
    this.blocks = Array.from({ length: workerCount + 2 }, (_, thread) => controlOf(control, thread));
    this.beats = Int32Array.from(this.blocks, (block) => block[CONTROL_HEARTBEAT]);
    this.mainSeenMs = clock.nowMs();
    this.seenMs = new Float64Array(this.blocks.length).fill(this.mainSeenMs);
  }

  /** Stats is at work. */
  beat(): void {
    this.blocks[this.workerCount + 1][CONTROL_HEARTBEAT] += 1;
    this.look();
  }

  read(): ThreadHealth[] {
    this.look();
    const nowMs = this.clock.nowMs();
    const main = { thread: 'main', restarts: 0, heartbeatAgeSeconds: (nowMs - this.mainSeenMs) / 1000 };
    const others = this.blocks.map((block, i) => ({
      thread: this.nameOf(i),
      restarts: Atomics.load(block, CONTROL_RESTARTS),
      heartbeatAgeSeconds: (nowMs - this.seenMs[i]) / 1000,
    }));
    return [main, ...others];
  }

  /** The first thread that is not at work, as a sentence; `null` when all are. */
  problem(): string | null {
    const health = this.read();
    for (const [i, block] of this.blocks.slice(0, -1).entries()) {
      const state = Atomics.load(block, CONTROL_STATE);
      const name = this.nameOf(i);
      if (state === STATE_DEAD) return `The ${name} thread has died and is not at work again yet.`;
      if (state !== STATE_RUNNING && state !== STATE_FINISHED) return `The ${name} thread is not running.`;
    }
    const stalled = health.find(({ heartbeatAgeSeconds }) => heartbeatAgeSeconds * 1000 > STALLED_MS);
    if (stalled === undefined) return null;
    return `The ${stalled.thread} thread has not moved for ${Math.round(stalled.heartbeatAgeSeconds)} s.`;
  }

  private look(): void {
    const nowMs = this.clock.nowMs();
    const { readings } = this.mainLoad;
    if (readings !== this.mainReadings) this.mainSeenMs = nowMs;
    this.mainReadings = readings;
    this.blocks.forEach((block, i) => {
      const beats = Atomics.load(block, CONTROL_HEARTBEAT);
      if (beats !== this.beats[i]) this.seenMs[i] = nowMs;
      this.beats[i] = beats;
    });
  }

  private nameOf(block: number): string {
    if (block === 0) return 'rx';
    return block <= this.workerCount ? `worker${block - 1}` : 'stats';
  }
}
