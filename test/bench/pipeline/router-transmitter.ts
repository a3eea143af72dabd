import type { PacketPool } from '../../../src/memory/packet-pool.js';
import { QUEUED, type Transmitter } from '../../../src/tx/transmitter.js';

const ETHERNET_BYTES = 14;
/** The word of the IPv4 header that holds TTL, protocol and checksum. */
const TTL_WORD_OFFSET = 8;

/**
 * What the C yardstick does for a forward verdict: TTL down by one, the header checksum computed anew,
 * both MAC addresses rewritten. The frame then goes nowhere.
 */
export class RouterTransmitter implements Transmitter {
  constructor(private readonly pool: PacketPool) {}

  queue(bufferIndex: number, _outInterface: number): number {
    const { view } = this.pool;
    const frame = this.pool.frameByteOffset(bufferIndex);
    const ip = frame + ETHERNET_BYTES;
    const ttlToChecksum = view.getInt32(ip + TTL_WORD_OFFSET);
    if (ttlToChecksum >>> 24 <= 1) return QUEUED;
    // TTL is the first byte of its word, the checksum the last two: one less, and zero.
    const newWord = (ttlToChecksum - 0x01000000) & 0xffff0000;
    view.setInt32(ip + TTL_WORD_OFFSET, newWord);
    const end = ip + ((view.getUint8(ip) & 15) << 2);
    let sum = 0;
    for (let at = ip; at < end; at += 4) {
      const word = view.getInt32(at);
      sum += (word >>> 16) + (word & 0xffff);
    }
    sum = (sum & 0xffff) + (sum >>> 16);
    sum = (sum & 0xffff) + (sum >>> 16);
    view.setInt32(ip + TTL_WORD_OFFSET, newWord | (~sum & 0xffff));
    view.setInt32(frame, 0xaa000000 | 0);
    view.setInt32(frame + 4, 0x00bbaa00);
    view.setInt32(frame + 8, 0x000000cc);
    return QUEUED;
  }

  flush(): void {
    // Nothing is kept.
  }
}
