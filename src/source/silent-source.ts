import type { Source } from './source.js';

/** Gives nothing: for who only brings in order what an rx loop has left. */
export class SilentSource implements Source {
  readonly patienceMs = 0;
  readonly block = null;
  readonly comesInBlocks = false;
  readonly bytesRead = 0;

  constructor(readonly interfaces: readonly string[]) {}

  open(): void {
    // Nothing to open.
  }

  read(): number {
    return 0;
  }

  waitMs(): number {
    return 0;
  }

  takeKernelDrops(): number {
    return 0;
  }

  close(): void {
    // Nothing was opened.
  }
}
