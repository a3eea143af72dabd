import type { PacketPool } from '../../../src/memory/packet-pool.js';
import { QUEUED, type Transmitter } from '../../../src/tx/transmitter.js';

const ETHERNET_BYTES = 14;
const TTL_OFFSET = ETHERNET_BYTES + 8;
const CHECKSUM_OFFSET = ETHERNET_BYTES + 10;

/**
 * What the C yardstick does for a forward verdict: TTL down by one, the header checksum computed anew,
 * both MAC addresses rewritten. The frame then goes nowhere.
 */
export class RouterTransmitter implements Transmitter {
  constructor(private readonly pool: PacketPool) {}

  queue(bufferIndex: number, _outInterface: number): number {
    const { view } = this.pool;
    const frame = this.pool.frameByteOffset(bufferIndex);
    const ttl = view.getUint8(frame + TTL_OFFSET);
    if (ttl <= 1) return QUEUED;
    view.setUint8(frame + TTL_OFFSET, ttl - 1);
    view.setUint16(frame + CHECKSUM_OFFSET, 0);
    const ip = frame + ETHERNET_BYTES;
    const headerBytes = (view.getUint8(ip) & 15) << 2;
    let sum = 0;
    for (let at = ip; at < ip + headerBytes; at += 4) {
      const word = view.getInt32(at);
      sum += (word >>> 16) + (word & 0xffff);
    }
    sum = (sum & 0xffff) + (sum >>> 16);
    sum = (sum & 0xffff) + (sum >>> 16);
    view.setUint16(frame + CHECKSUM_OFFSET, ~sum & 0xffff);
    view.setInt32(frame, 0xaa000000 | 0);
    view.setInt32(frame + 4, 0x00bbaa00);
    view.setInt32(frame + 8, 0x000000cc);
    return QUEUED;
  }

  flush(): void {
    // Nothing is kept.
  }
}
