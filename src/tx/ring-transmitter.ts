import * as catalogue from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';
import type { BufferCache } from '../memory/buffer-cache.js';
import type { Doorbell } from '../memory/doorbell.js';
import type { PacketPool } from '../memory/packet-pool.js';
import { LINK_IPV4 } from '../protocol/link-type.js';
import type { RingProducer } from '../ring/ring-producer.js';
import { copyFrame } from '../source/frame-copy.js';
import { ORDER_BYTES, ORDER_OUT_INTERFACE, ORDER_WORDS } from './raw-socket-order-layout.js';
import type { TransmitCounters } from './transmit-counters.js';
import { ERROR, OVERSIZE, QUEUE_FULL } from './transmit-failure.js';
import type { Transmitter } from './transmitter.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { WORKER_TOTALS } = catalogue;

export interface RingTransmitterConfig {
  /** Packets of one burst at most. */
  readonly burst: number;
}

export interface RingTransmitterDeps {
  readonly pool: PacketPool;
  /** The worker's own. */
  readonly cache: BufferCache;
  /** To main, which sends, and its doorbell. */
  readonly ring: RingProducer;
  readonly doorbell: Doorbell;
  readonly counters: TransmitCounters;
  readonly banks: CounterBanks;
}

/**
 * Hands packets to main, which alone can send them (raw-socket). The worker frees a packet at the end of
 * its burst, so what is handed over is a copy, and main frees that.
 */
export class RingTransmitter implements Transmitter {
  private readonly staged: Int32Array;
  private count = 0;

  constructor(
    config: RingTransmitterConfig,
    private readonly deps: RingTransmitterDeps,
  ) {
    this.staged = new Int32Array(config.burst);
  }

  queue(bufferIndex: number, outInterface: number): void {
    const { pool, cache, counters } = this.deps;
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
    const copy = cache.alloc();
    if (copy < 0) {
      counters.countFailed(outInterface, QUEUE_FULL);
      return;
    }
    const word = pool.frameByteOffset(copy) >>> 2;
    pool.words[word + ORDER_OUT_INTERFACE] = outInterface;
    pool.words[word + ORDER_BYTES] = bytes;
    copyFrame(pool.view, pool.frameByteOffset(bufferIndex), pool.words, word + ORDER_WORDS, bytes);
    this.staged[this.count++] = copy;
  }

  flush(): void {
    if (this.count === 0) return;
    const { pool, cache, ring, doorbell, counters, banks } = this.deps;
    const pushed = ring.push(this.staged, 0, this.count);
    doorbell.ring();
    banks.cells[banks.totals + WORKER_TOTALS.transmitQueued] += pushed;
    for (let i = pushed; i < this.count; i++) {
      const copy = this.staged[i];
      counters.countFailed(pool.words[(pool.frameByteOffset(copy) >>> 2) + ORDER_OUT_INTERFACE], QUEUE_FULL);
      cache.free(copy);
    }
    this.count = 0;
  }
}
