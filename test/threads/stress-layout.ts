import type { PoolMemory } from '../../src/memory/packet-pool.js';
import type { RingMemory } from '../../src/ring/ring-layout.js';

/** What both threads of the stress test are given. */
export interface StressData {
  readonly role: 'producer' | 'consumer';
  readonly pool: PoolMemory;
  readonly ring: RingMemory;
  readonly packets: number;
}

/** What the consumer found. */
export interface StressReport {
  readonly received: number;
  /** The first packet that was not the one expected, or -1. */
  readonly firstWrong: number;
}
