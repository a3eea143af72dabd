import { MessageBatch } from '../kernel/message-batch.js';
import type { Links } from '../memory/link-layout.js';
import type { PacketPool } from '../memory/packet-pool.js';
import * as poolLayout from '../memory/pool-layout.js';
import type { SendQueue } from '../memory/send-queue.js';
import { completeChecksum } from './checksum.js';
import type { TransmitCounters } from './transmit-counters.js';
import { ERROR, failureOf, INTERFACE_DOWN, OVERSIZE, QUEUE_FULL } from './transmit-failure.js';
import type { Transmitter } from './transmitter.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { FORM_CHECKSUM_MISSING_BIT } = poolLayout;

export interface AfPacketTransmitterConfig {
  /** A packet socket of this worker's own; main has opened it. */
  readonly fd: number;
  /** The other port of each port of a bridge, by position; empty without a bridge. */
  readonly otherPort: readonly number[];
  /** Frames of one burst at most. */
  readonly burst: number;
}

export interface AfPacketTransmitterDeps {
  readonly pool: PacketPool;
  readonly links: Links;
  readonly counters: TransmitCounters;
  /** The worker's own. Its entries are the interfaces that the queued frames go to. */
  readonly queue: SendQueue;
}

/**
 * Sends frames through AF_PACKET, straight from the pool: sendmmsg(2) copies a burst to the kernel in one
 * call, whatever interfaces it goes to, and the buffers are free when it returns.
 */
export class AfPacketTransmitter implements Transmitter {
  private readonly messages: MessageBatch;
  private readonly interfaceOf: Int32Array;
  private readonly bytesOf: Int32Array;

  constructor(
    private readonly config: AfPacketTransmitterConfig,
    private readonly deps: AfPacketTransmitterDeps,
  ) {
    this.messages = new MessageBatch(config.burst, deps.pool.bytes);
    this.interfaceOf = deps.queue.entries;
    this.bytesOf = new Int32Array(config.burst);
  }

  queue(bufferIndex: number, outInterface: number): void {
    const { pool, links, counters, queue } = this.deps;
    const to = outInterface >= 0 ? outInterface : this.config.otherPort[pool.interfaceIndex(bufferIndex)];
    const bytes = pool.capturedBytes(bufferIndex);
    if (bytes < pool.wireBytes(bufferIndex)) {
      counters.countFailed(to, OVERSIZE);
      return;
    }
    const kernelIndex = links.kernelIndex(to);
    if (kernelIndex === 0) {
      counters.countFailed(to, INTERFACE_DOWN);
      return;
    }
    const byteOffset = pool.frameByteOffset(bufferIndex);
    if ((pool.form(bufferIndex) & FORM_CHECKSUM_MISSING_BIT) !== 0) {
      completeChecksum(pool.view, byteOffset, bytes);
    }
    const { count } = queue;
    this.messages.set(count, byteOffset, bytes, kernelIndex);
    this.bytesOf[count] = bytes;
    queue.add(to);
  }

  flush(): void {
    const { count } = this.deps.queue;
    if (count === 0) return;
    let done = 0;
    // One call, unless the kernel refuses a frame in the midst of it.
    while (done < count) {
      const sent = this.messages.send(this.config.fd, done, count);
      for (const end = done + Math.max(sent, 0); done < end; done++) {
        this.deps.counters.countSent(this.interfaceOf[done], this.bytesOf[done]);
      }
      if (done < count && sent <= 0) done = this.giveUp(done, count);
    }
    this.deps.queue.truncate(0);
  }

  /** They are counted in their order, so what is not counted is at the end of the queue. */
  settle(orders: number): number {
    const { queue, counters } = this.deps;
    const { count } = queue;
    const open = (orders - counters.settled()) | 0;
    for (let i = Math.max(0, count - open); i < count; i++) {
      counters.countFailed(this.interfaceOf[i], ERROR);
    }
    queue.truncate(0);
    return counters.settled();
  }

  /** Counts the frame that the kernel has refused, and those behind it that it would refuse as well. */
  private giveUp(first: number, count: number): number {
    const { counters } = this.deps;
    const reason = failureOf(this.messages.errno);
    if (reason === QUEUE_FULL) {
      for (let i = first; i < count; i++) counters.countFailed(this.interfaceOf[i], reason);
      return count;
    }
    const refused = this.interfaceOf[first];
    counters.countFailed(refused, reason);
    let next = first + 1;
    while (reason === INTERFACE_DOWN && next < count && this.interfaceOf[next] === refused) {
      counters.countFailed(refused, reason);
      next++;
    }
    return next;
  }
}
