/// <reference lib="es2024.sharedmemory" />
import { Doorbell, PARKED } from './doorbell.js';

/**
 * The doorbell of an owner that must not block, because it has an event loop: main. Whoever rings it uses
 * a plain `Doorbell`.
 */
export class AsyncDoorbell extends Doorbell {
  private isWaiting = false;

  constructor(
    private readonly asyncWords: Int32Array,
    private readonly asyncWord: number,
    /** Called in a turn of its own, after a ring that met an announcement. */
    private readonly onRing: () => void,
  ) {
    super(asyncWords, asyncWord);
  }

  /** Owner, in place of `sleep`: goes on, and is called when somebody rings. */
  listen(): void {
    // One that was never answered, because the owner went back to work by itself, serves again.
    if (this.isWaiting) return;
    const wait = Atomics.waitAsync(this.asyncWords, this.asyncWord, PARKED);
    if (!wait.async) {
      // Somebody has rung since the announcement.
      setImmediate(this.onRing);
      return;
    }
    this.isWaiting = true;
    void wait.value.then(() => {
      this.isWaiting = false;
      this.onRing();
    });
  }

  /** Owner: is not called any more, nor held by what it waits for. */
  close(): void {
    this.announce();
    this.ring();
  }
}
