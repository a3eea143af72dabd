import type { PacketPool } from '../../../src/memory/packet-pool.js';
import type { Transmitter } from '../../../src/tx/transmitter.js';

/** Words of the frame that hold TTL and protocol, and the checksum. */
const TTL_WORD = 5;
const CHECKSUM_WORD = 6;

/**
 * What the C yardstick does for a forward verdict: TTL down by one, the header checksum computed anew,
 * both MAC addresses rewritten. The frame then goes nowhere.
 */
export class RouterTransmitter implements Transmitter {
  private readonly words: Int32Array;

  constructor(private readonly pool: PacketPool) {
    this.words = pool.words;
  }

  queue(bufferIndex: number, _outInterface: number): void {
    rewrite(this.words, this.pool.frameByteOffset(bufferIndex) >>> 2);
  }

  flush(): void {}

  settle(orders: number): number {
    return orders;
  }
}

/**
 * Rewrites one frame with a 20-byte IPv4 header, as all frames of this benchmark have. Its words are
 * little-endian and the header begins in the upper half of word 3; a sum of 16-bit halves comes out in
 * the byte order that it was read in (RFC 1071, 2B).
 *
 * @param word first word of the frame.
 */
function rewrite(words: Int32Array, word: number): void {
  const ttlWord = words[word + TTL_WORD];
  if (((ttlWord >>> 16) & 0xff) <= 1) return;
  const newTtlWord = ttlWord - 0x00010000;
  const lengthWord = words[word + 4];
  const checksumWord = words[word + CHECKSUM_WORD];
  const addressWord = words[word + 7];
  let sum =
    (words[word + 3] >>> 16) +
    (lengthWord & 0xffff) +
    (lengthWord >>> 16) +
    (newTtlWord & 0xffff) +
    (newTtlWord >>> 16) +
    (checksumWord >>> 16) +
    (addressWord & 0xffff) +
    (addressWord >>> 16) +
    (words[word + 8] & 0xffff);
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  words[word + TTL_WORD] = newTtlWord;
  words[word + CHECKSUM_WORD] = (checksumWord & 0xffff0000) | (~sum & 0xffff);
  words[word] = 0x000000aa;
  words[word + 1] = 0x00aabb00;
  words[word + 2] = 0xcc000000 | 0;
}
