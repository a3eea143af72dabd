import { LINK_ETHERNET } from '../protocol/link-type.js';
import { BURST_FRAMES, type FrameBatch } from './frame-batch.js';
import type { RxLoop } from './rx-loop.js';
import type { Source } from './source.js';

/** Enough for V8 to have optimised the rx loop. */
const BURSTS = 2000;
const FRAME_BYTES = 256;

/** Gives bursts of empty frames without end, for the warm-up. */
export class WarmUpSource implements Source {
  readonly patienceMs = 0;
  readonly block = null;
  readonly comesInBlocks = false;
  readonly bytesRead = 0;
  private readonly frames = new Uint8Array(BURST_FRAMES * FRAME_BYTES);

  /** @param interfaces those of the source that the thread will read from. */
  constructor(readonly interfaces: readonly string[]) {}

  open(): void {
    // Nothing to open.
  }

  read(batch: FrameBatch): number {
    batch.attach(this.frames);
    batch.frameCount = 0;
    for (let i = 0; i < BURST_FRAMES; i++) batch.add(i * FRAME_BYTES, 64 + i, 64 + i, LINK_ETHERNET, 0);
    return BURST_FRAMES;
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

/**
 * Runs an rx loop that is not connected to anything, before the real one starts, for the same reason as
 * worker/warm-up.ts. After every burst the caller takes the frames out of the rings again.
 */
export function warmUp(loop: RxLoop, drain: () => void): void {
  for (let burst = 0; burst < BURSTS; burst++) {
    loop.runBurst();
    loop.attend();
    drain();
  }
}
