import { LATENCY_BOUNDS_SECONDS, WORKER_TOTALS } from './catalogue.js';
import type { CounterBanks } from './counter-banks.js';

const FIRST_BUCKET = WORKER_TOTALS.firstLatencyBucket;
const SUM_US = WORKER_TOTALS.latencySumUs;

/**
 * The time from reception to verdict, in buckets among a worker's totals. Packets of one burst were
 * mostly received at one moment, so the bucket is looked for once a moment and not once a packet.
 */
export class LatencyHistogram {
  private readonly boundsUs = Int32Array.from(LATENCY_BOUNDS_SECONDS, (seconds) => Math.round(seconds * 1e6));

  constructor(private readonly banks: CounterBanks) {}

  /** Counts `packets` packets that took `latencyUs` microseconds each; both int32. */
  add(latencyUs: number, packets: number): void {
    const { boundsUs, banks } = this;
    let bucket = 0;
    while (bucket < boundsUs.length && latencyUs > boundsUs[bucket]) bucket++;
    banks.cells[banks.totals + FIRST_BUCKET + bucket] += packets;
    banks.cells[banks.totals + SUM_US] += latencyUs * packets;
  }

  /** Packets that were ever counted here, by this thread and by those whose successor it is. */
  packets(): number {
    let packets = 0;
    for (let bucket = 0; bucket <= this.boundsUs.length; bucket++) {
      packets += this.banks.total(FIRST_BUCKET + bucket);
    }
    return packets;
  }
}
