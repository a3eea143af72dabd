import * as catalogue from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';
import type { BufferCache } from '../memory/buffer-cache.js';
import type { Doorbell } from '../memory/doorbell.js';
import type { PacketPool } from '../memory/packet-pool.js';
import type { SendQueue } from '../memory/send-queue.js';
import { LINK_IPV4 } from '../protocol/link-type.js';
import type { RingProducer } from '../ring/ring-producer.js';
import { copyFrame } from '../source/frame-copy.js';
import { ORDER_BYTES, ORDER_OUT_INTERFACE, ORDER_WORDS } from './raw-socket-order-layout.js';
import type { TransmitCounters } from './transmit-counters.js';
import { ERROR, OVERSIZE, QUEUE_FULL } from './transmit-failure.js';
import type { Transmitter } from './transmitter.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { WORKER_TOTALS } = catalogue;

export interface RingTransmitterDeps {
  readonly pool: PacketPool;
  /** The worker's own. */
  readonly cache: BufferCache;
  /** To main, which sends, and its doorbell. */
  readonly ring: RingProducer;
  readonly doorbell: Doorbell;
  readonly counters: TransmitCounters;
  readonly banks: CounterBanks;
  /** The worker's own. Its entries are the copies that are to be handed over. */
  readonly queue: SendQueue;
}

/**
 * Hands packets to main, which alone can send them (raw-socket). The worker frees a packet at the end of
 * its burst, so what is handed over is a copy, and main frees that.
 */
export class RingTransmitter implements Transmitter {
  constructor(private readonly deps: RingTransmitterDeps) {}

  queue(bufferIndex: number, outInterface: number): void {
    const { pool, cache, ring, counters, queue } = this.deps;
    if (pool.linkType(bufferIndex) !== LINK_IPV4) {
      // IPv6, whose header UPE has made up: there is nothing right to send.
      counters.countFailed(outInterface, ERROR);
      return;
    }
    const bytes = pool.capturedBytes(bufferIndex);
    if (bytes < pool.wireBytes(bufferIndex)) {
      counters.countFailed(outInterface, OVERSIZE);
      return;
    }
    const copy = cache.peek();
    if (copy < 0) {
      counters.countFailed(outInterface, QUEUE_FULL);
      return;
    }
    const word = pool.frameByteOffset(copy) >>> 2;
    pool.words[word + ORDER_OUT_INTERFACE] = outInterface;
    pool.words[word + ORDER_BYTES] = bytes;
    copyFrame(pool.view, pool.frameByteOffset(bufferIndex), pool.words, word + ORDER_WORDS, bytes);
    if (queue.count === 0) queue.setBase(ring.cursor);
    queue.add(copy);
    // Noted first and taken then, so that it is found if the worker dies here.
    cache.take();
  }

  flush(): void {
    const { ring, doorbell, banks, queue } = this.deps;
    const { count } = queue;
    if (count === 0) return;
    const pushed = ring.push(queue.entries, 0, count);
    doorbell.ring();
    banks.cells[banks.totals + WORKER_TOTALS.transmitQueued] += pushed;
    this.giveUp(pushed, count - pushed, QUEUE_FULL);
  }

  /**
   * What has got into the ring is handed over, counted or not. The rest counts as failed, and the copies go
   * back, but for what the predecessor has come to itself.
   */
  settle(orders: number): number {
    const { ring, counters, banks, queue } = this.deps;
    const handedOver = banks.total(WORKER_TOTALS.transmitQueued);
    const uncounted = (ring.cursor - handedOver) | 0;
    banks.cells[banks.totals + WORKER_TOTALS.transmitQueued] += uncounted;
    const open = (orders - counters.settled() - handedOver - uncounted) | 0;
    if (queue.count > 0) this.giveUp((ring.cursor - queue.base) | 0, open, ERROR);
    return counters.settled() + handedOver + uncounted;
  }

  /**
   * From the end on, and each off the queue as soon as it is free: a successor can tell where it was.
   *
   * @param first the first entry that is not in the ring.
   * @param open how many from there on are not counted yet.
   */
  private giveUp(first: number, open: number, reason: number): void {
    const { pool, cache, counters, queue } = this.deps;
    for (let i = queue.count - 1; i >= first; i--) {
      const copy = queue.entries[i];
      const to = pool.words[(pool.frameByteOffset(copy) >>> 2) + ORDER_OUT_INTERFACE];
      if (i < first + open) counters.countFailed(to, reason);
      if (!cache.has(copy)) cache.free(copy);
      queue.truncate(i);
    }
    queue.truncate(0);
  }
}
