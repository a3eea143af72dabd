import type { Packet } from '../protocol/packet.js';

/**
 * Chooses packets out of a worker's bursts. The worker asks at the beginning of a burst where the first one is, and
 * compares that with the place of each packet: that is all that a packet costs which is not chosen.
 */
export interface Sampler {
  /**
   * The place in the burst of the next packet to take, from 0; beyond its end for none in it. A cell, because what a call
   * returns is checked for each packet.
   */
  readonly next: Int32Array;
  /** A burst begins. */
  beginBurst(): void;
  /**
   * Takes a packet, and moves `next` on.
   *
   * @param position its place in the burst, from 0.
   * @param packet as it was parsed; only looked at where the slot is that of a rule, or of no rule.
   * @param slot the packet's outcome slot.
   * @param wireBytes its length on the wire.
   */
  take(position: number, packet: Packet, slot: number, wireBytes: number): void;
  /** The burst has ended: `next` counts from the next one on. `count`: its packets. */
  endBurst(count: number): void;
}

/** Takes no packet. */
export class NoSampler implements Sampler {
  readonly next = Int32Array.of(-1);

  beginBurst(): void {}

  take(): void {}

  endBurst(): void {}
}
