import type { Doorbell } from '../memory/doorbell.js';

/**
 * When workers are woken. One that is woken for every burst is done with it before the next one comes,
 * and parks again: the wake-ups would cost more than the packets. So its bell is rung when rx is about to
 * pause, or when the worker can work beside it for a while: when its ring is half full.
 */
export class WorkerBells {
  /** Workers that have been given frames since their bell was rung: 1 for each. */
  private readonly isDue: Uint8Array;

  /** @param doorbells one a worker. */
  constructor(private readonly doorbells: readonly Doorbell[]) {
    this.isDue = new Uint8Array(doorbells.length);
  }

  /** The worker has been given frames; the bell can wait. */
  ringLater(worker: number): void {
    this.isDue[worker] = 1;
  }

  ring(worker: number): void {
    this.isDue[worker] = 0;
    this.doorbells[worker].ring();
  }

  /** Before rx pauses: whoever has been given frames must not sleep over them. */
  ringAllDue(): void {
    for (let worker = 0; worker < this.isDue.length; worker++) {
      if (this.isDue[worker] !== 0) this.ring(worker);
    }
  }
}
