import type { PacketPool } from '../../../src/memory/packet-pool.js';
import * as poolLayout from '../../../src/memory/pool-layout.js';
import type { Transmitter } from '../../../src/tx/transmitter.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { FRAME_BYTE_MASK, FRAME_OFFSET_BYTES } = poolLayout;

/**
 * What the C yardstick does for a forward verdict: TTL down by one, the header checksum computed anew,
 * both MAC addresses rewritten. The frame then goes nowhere.
 */
export class RouterTransmitter implements Transmitter {
  private readonly frames: DataView;
  private readonly strideBytes: number;

  constructor(pool: PacketPool) {
    this.frames = pool.view;
    this.strideBytes = pool.strideBytes;
  }

  /**
   * Rewrites a frame with an IPv4 header of 20 bytes, as all frames of this benchmark have. All is read and written
   * little-endian. Offsets are numbers in place: V8 inlines a function only as long as it is short.
   */
  queue(bufferIndex: number, _outInterface: number): void {
    const at = (Math.imul(bufferIndex, this.strideBytes | 0) & FRAME_BYTE_MASK) + FRAME_OFFSET_BYTES;
    const ttlToChecksum = this.frames.getInt32(at + 22, true);
    if ((ttlToChecksum & 0xff) <= 1) return;
    const ttlAndProtocol = (ttlToChecksum & 0xffff) - 1;
    const checksum = ~this.sumOfHeader(at, ttlAndProtocol);
    this.frames.setInt32(at + 22, ttlAndProtocol | (checksum << 16), true);
    this.frames.setInt32(at, 0x000000aa, true);
    this.frames.setInt32(at + 4, 0x00aabb00, true);
    this.frames.setInt32(at + 8, 0xcc000000 | 0, true);
  }

  /** Sum of its 16-bit halves, but for the checksum; it comes out in the byte order that they are read in (RFC 1071, 2B). */
  private sumOfHeader(at: number, ttlAndProtocol: number): number {
    const versionToLength = this.frames.getInt32(at + 14, true);
    const idToFragment = this.frames.getInt32(at + 18, true);
    const src = this.frames.getInt32(at + 26, true);
    const dst = this.frames.getInt32(at + 30, true);
    let sum =
      (versionToLength & 0xffff) +
      (versionToLength >>> 16) +
      (idToFragment & 0xffff) +
      (idToFragment >>> 16) +
      ttlAndProtocol +
      (src & 0xffff) +
      (src >>> 16) +
      (dst & 0xffff) +
      (dst >>> 16);
    sum = (sum & 0xffff) + (sum >>> 16);
    return (sum & 0xffff) + (sum >>> 16);
  }

  flush(): void {}

  settle(orders: number): number {
    return orders;
  }
}
