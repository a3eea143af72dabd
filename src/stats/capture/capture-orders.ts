import {
  CAPTURES_MAX,
  NO_SLOT,
  ORDER_NUMBER,
  ORDER_SLOT,
  ORDER_SNAP_BYTES,
  ORDERS_EPOCH,
  ORDERS_LAST_NUMBER,
  orderWord,
} from '../../memory/capture-layout.js';

/** Tells the workers which rules to capture (memory/capture-layout.ts). For the stats thread, which alone writes here. */
export class CaptureOrders {
  private readonly words: Int32Array;
  /** The order that was given last: they are used in turn, so that no worker can still be at an earlier capture of one. */
  private last = CAPTURES_MAX - 1;

  /** Withdraws what a predecessor has ordered. */
  constructor(orders: SharedArrayBuffer) {
    this.words = new Int32Array(orders);
    for (let order = 0; order < CAPTURES_MAX; order++) this.withdraw(order);
  }

  /** A number for a capture, from 1: no other one of this engine has it, whichever stats thread has begun it. */
  nextNumber(): number {
    this.words[ORDERS_LAST_NUMBER] += 1;
    return this.words[ORDERS_LAST_NUMBER];
  }

  /**
   * Has the workers capture from their next burst on.
   *
   * @param slot of the rule.
   * @param snapBytes bytes of each frame at most.
   * @returns the order; -1 where as many are given as there can be.
   */
  give(number: number, slot: number, snapBytes: number): number {
    for (let i = 1; i <= CAPTURES_MAX; i++) {
      const order = (this.last + i) % CAPTURES_MAX;
      const word = orderWord(order);
      if (this.words[word + ORDER_SLOT] !== NO_SLOT) continue;
      this.words[word + ORDER_NUMBER] = number;
      this.words[word + ORDER_SNAP_BYTES] = snapBytes;
      // The slot after what belongs to it, the epoch last: a worker that sees it sees the order.
      Atomics.store(this.words, word + ORDER_SLOT, slot);
      Atomics.add(this.words, ORDERS_EPOCH, 1);
      this.last = order;
      return order;
    }
    return -1;
  }

  withdraw(order: number): void {
    Atomics.store(this.words, orderWord(order) + ORDER_SLOT, NO_SLOT);
    Atomics.add(this.words, ORDERS_EPOCH, 1);
  }
}
