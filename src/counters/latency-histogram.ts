import { LATENCY_BOUNDS_SECONDS, WORKER_TOTALS } from './catalogue.js';
import type { CounterBanks } from './counter-banks.js';

/**
 * The time from reception to verdict, in buckets among a worker's totals. Packets of one burst were
 * mostly received at one moment, so the bucket is looked for once a moment and not once a packet.
 */
export class LatencyHistogram {
  private readonly boundsMs = Float64Array.from(LATENCY_BOUNDS_SECONDS, (seconds) => seconds * 1000);

  constructor(private readonly banks: CounterBanks) {}

  /** Counts `packets` packets that took `latencyMs` milliseconds each. */
  add(latencyMs: number, packets: number): void {
    const { boundsMs, banks } = this;
    let bucket = 0;
    while (bucket < boundsMs.length && latencyMs > boundsMs[bucket]) bucket++;
    banks.cells[banks.totals + WORKER_TOTALS.firstLatencyBucket + bucket] += packets;
    banks.cells[banks.totals + WORKER_TOTALS.latencySumMs] += latencyMs * packets;
  }
}
