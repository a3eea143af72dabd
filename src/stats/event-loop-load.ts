import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** How a thread with an event loop is doing, as it says itself. */
export interface EventLoopReading {
  /** Time that its event loop has been active since the thread began, seconds. */
  readonly busySeconds: number;
  readonly heapBytes: number;
  /** How late its last periodic timer came, seconds: what else waits in its loop waits as long. */
  readonly lagSeconds: number;
  /** Time that it has spent in garbage collection, seconds. */
  readonly gcSeconds: number;
}

/**
 * The load of the event loop of the thread that makes it: main or stats. The dataplane's loops never
 * yield, so that nothing of this could be measured there.
 *
 * The lag is taken from a timer that the thread has anyway; Node.js's own histogram of delays would wake
 * it fifty times a second to measure.
 */
export class EventLoopLoad {
  private lagMs = 0;
  private gcMs = 0;
  private lastTickMs = -1;
  private readonly observer = new PerformanceObserver((entries) => {
    for (const { duration } of entries.getEntries()) this.gcMs += duration;
  });

  /** @param intervalMs of the thread's periodic timer. */
  constructor(private readonly intervalMs: number) {}

  start(): void {
    this.observer.observe({ entryTypes: ['gc'] });
    this.lastTickMs = performance.now();
  }

  /** The periodic timer has come. */
  tick(): void {
    const nowMs = performance.now();
    this.lagMs = Math.max(0, nowMs - this.lastTickMs - this.intervalMs);
    this.lastTickMs = nowMs;
  }

  read(): EventLoopReading {
    return {
      busySeconds: performance.eventLoopUtilization().active / 1000,
      heapBytes: getHeapStatistics().used_heap_size,
      lagSeconds: this.lagMs / 1000,
      gcSeconds: this.gcMs / 1000,
    };
  }

  stop(): void {
    this.observer.disconnect();
  }
}
