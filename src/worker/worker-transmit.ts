import { WORKER_TOTALS } from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';
import type { BufferCache } from '../memory/buffer-cache.js';
import { CONTROL_DOORBELL, controlOf } from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import { Links } from '../memory/link-layout.js';
import type { PacketPool } from '../memory/packet-pool.js';
import type { SendQueue } from '../memory/send-queue.js';
import type { RingMemory } from '../ring/ring-layout.js';
import { RingProducer } from '../ring/ring-producer.js';
import { AfPacketTransmitter } from '../tx/afpacket-transmitter.js';
import { RingTransmitter } from '../tx/ring-transmitter.js';
import { TransmitCounters } from '../tx/transmit-counters.js';
import { NoTransmitter, type Transmitter } from '../tx/transmitter.js';
import { WORKER_BURST } from './hand.js';

/** What a worker sends with, in a form that can be passed to a thread. */
export type WorkerTransmit =
  | {
      readonly kind: 'sockets';
      /** A packet socket of its own. */
      readonly fd: number;
      /** The other port of each port of a bridge, by position; empty without a bridge. */
      readonly otherPort: readonly number[];
      /** Of memory/link-layout.ts. */
      readonly links: SharedArrayBuffer;
    }
  | {
      readonly kind: 'ring';
      /** To rx, which sends (raw-socket). */
      readonly ring: RingMemory;
    };

export interface WorkerTransmitDeps {
  readonly pool: PacketPool;
  readonly cache: BufferCache;
  readonly queue: SendQueue;
  readonly banks: CounterBanks;
  readonly control: SharedArrayBuffer;
}

/**
 * What carries out a worker's verdicts: frames leave, or else each is a counted failure.
 *
 * @param transmit `null` where nothing can be sent.
 */
export function createTransmitter(transmit: WorkerTransmit | null, deps: WorkerTransmitDeps): Transmitter {
  const { pool, cache, queue, banks, control } = deps;
  const counters = new TransmitCounters(banks, WORKER_TOTALS.firstTransmit);
  if (transmit === null) return new NoTransmitter(counters);
  if (transmit.kind === 'ring') {
    const ring = new RingProducer(transmit.ring);
    const doorbell = new Doorbell(controlOf(control, 0), CONTROL_DOORBELL);
    return new RingTransmitter({ pool, cache, ring, doorbell, counters, banks, queue });
  }
  const { fd, otherPort, links } = transmit;
  return new AfPacketTransmitter(
    { fd, otherPort, burst: WORKER_BURST },
    { pool, links: new Links(links), counters, queue },
  );
}
