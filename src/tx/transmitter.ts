import { TRANSMIT_FAILURES } from '../counters/catalogue.js';
import type { TransmitCounters } from './transmit-counters.js';

/** The out interface of a frame that leaves by the other port of the bridge. */
export const OTHER_PORT = -1;

/**
 * Carries out forward verdicts, and counts what became of each. Owned by one worker, called from its
 * loop: it never blocks and never throws for a packet.
 */
export interface Transmitter {
  /**
   * Takes a frame that the worker still owns: when `flush` returns it has left, or failed, or was copied.
   *
   * @param bufferIndex the frame's buffer in the pool.
   * @param outInterface position in the engine's list of interfaces, or `OTHER_PORT`.
   */
  queue(bufferIndex: number, outInterface: number): void;

  /** At the end of every burst, with one system call at the most; the buffers are freed some time after it. */
  flush(): void;

  /**
   * Before the first frame, where a predecessor may have died: what it had queued and neither sent nor counted
   * counts as failed, with the reason `error`. The kernel may have taken some of it even so.
   *
   * @param orders frames that were ever to be sent, an int32 that wraps.
   * @returns how many of them are sent, failed, or handed over to be sent; not wrapped.
   */
  settle(orders: number): number;
}

const NO_TRANSMITTER = TRANSMIT_FAILURES.indexOf('no_transmitter');

/** Where nothing can be sent, as in a replay: every forward verdict is a counted failure. */
export class NoTransmitter implements Transmitter {
  constructor(private readonly counters: TransmitCounters) {}

  /** Whatever interface the rule names, there is none here: it counts at the source's own. */
  queue(_bufferIndex: number, _outInterface: number): void {
    this.counters.countFailed(0, NO_TRANSMITTER);
  }

  flush(): void {
    // Nothing is ever queued.
  }

  settle(): number {
    return this.counters.settled();
  }
}
