import { LINK_ETHERNET } from '../../../src/protocol/link-type.js';
import { BURST_FRAMES, type FrameBatch } from '../../../src/source/frame-batch.js';
import type { Source } from '../../../src/source/source.js';
import {
  FIRST_SRC_PORT,
  SRC_ADDRESS_LOW_OFFSET,
  SRC_PORT_OFFSET,
  yardstickFrame,
} from '../pipeline/yardstick-frame.js';

/** Frames that lie ready in memory, a whole burst at each look: a source that costs nothing itself. */
export class MemorySource implements Source {
  readonly interfaces = ['bench'];
  readonly patienceMs = Number.POSITIVE_INFINITY;
  readonly block = null;
  readonly comesInBlocks = false;
  readonly bytesRead = 0;
  private readonly bytes: Uint8Array;
  private next = 0;

  /**
   * @param flows how many frames there are, each of a flow of its own.
   * @param frameBytes the length of each.
   */
  constructor(
    private readonly flows: number,
    private readonly frameBytes: number,
  ) {
    this.bytes = new Uint8Array(flows * frameBytes);
    const view = new DataView(this.bytes.buffer);
    const frame = new Uint8Array(yardstickFrame(frameBytes).buffer);
    for (let flow = 0; flow < flows; flow++) {
      const at = flow * frameBytes;
      this.bytes.set(frame, at);
      view.setUint16(at + SRC_ADDRESS_LOW_OFFSET, flow);
      view.setUint16(at + SRC_PORT_OFFSET, FIRST_SRC_PORT + flow);
    }
  }

  open(): void {}

  read(batch: FrameBatch): number {
    const { flows, frameBytes } = this;
    batch.attach(this.bytes);
    batch.frameCount = 0;
    for (let i = 0; i < BURST_FRAMES; i++) {
      batch.add(this.next * frameBytes, frameBytes, frameBytes, LINK_ETHERNET, 0);
      if (++this.next === flows) this.next = 0;
    }
    return BURST_FRAMES;
  }

  waitMs(): number {
    return 0;
  }

  takeKernelDrops(): number {
    return 0;
  }

  close(): void {}
}
