import { TRANSMIT_FAILURES } from '../counters/catalogue.js';

/** `Transmitter.queue` took the frame. Any other answer is a position in `TRANSMIT_FAILURES`. */
export const QUEUED = -1;

/**
 * Carries out forward verdicts. Owned by one worker, called from its loop: it never blocks and never
 * throws for a packet.
 */
export interface Transmitter {
  /**
   * Takes a frame that the worker still owns: it must have left, or been given up, after `flush`.
   *
   * @param bufferIndex the frame's buffer in the pool.
   * @param outInterface index of the interface, or -1 for the other port.
   * @returns `QUEUED`, or why the frame will not leave: a position in `TRANSMIT_FAILURES`.
   */
  queue(bufferIndex: number, outInterface: number): number;

  /** At the end of every burst, with one system call at the most; the buffers are freed after it. */
  flush(): void;
}

const NO_TRANSMITTER = TRANSMIT_FAILURES.indexOf('no_transmitter');

/** Where nothing can be sent, as in a replay: every forward verdict is a counted failure. */
export class NoTransmitter implements Transmitter {
  queue(_bufferIndex: number, _outInterface: number): number {
    return NO_TRANSMITTER;
  }

  flush(): void {
    // Nothing is ever queued.
  }
}
