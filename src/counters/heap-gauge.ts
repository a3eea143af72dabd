import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../memory/clock.js';

/** Heap statistics take microseconds and allocate: once in this time, however often counters are read. */
const READ_MS = 1000;

/** JavaScript heap in use in the thread that asks, bytes; at most a second old. */
export class HeapGauge {
  private bytes = 0;
  private readMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  read(): number {
    const nowMs = this.clock.nowMs();
    if (nowMs - this.readMs >= READ_MS) {
      this.readMs = nowMs;
      this.bytes = getHeapStatistics().used_heap_size;
    }
    return this.bytes;
  }
}
