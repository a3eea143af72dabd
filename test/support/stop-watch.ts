/**
 * Measures work of this process: how long it took, or how much processor time it used where that is less, because
 * other tests run beside it.
 */
export class StopWatch {
  readonly #beganMs = performance.now();
  readonly #usedBefore = process.cpuUsage();

  /** Since it was made. */
  seconds(): number {
    const { user, system } = process.cpuUsage(this.#usedBefore);
    return Math.min((performance.now() - this.#beganMs) / 1000, (user + system) / 1e6);
  }
}
