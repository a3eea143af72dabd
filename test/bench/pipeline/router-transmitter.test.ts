import t from 'tap';
import { createPool, PacketPool } from '../../../src/memory/packet-pool.js';
import { RouterTransmitter } from './router-transmitter.js';
import { YARDSTICK_FRAME_BYTES, yardstickFrame } from './yardstick-frame.js';

const TTL_OFFSET = 22;
const IPV4_OFFSET = 14;
const IPV4_BYTES = 20;

t.test(
  'the benchmark does to a frame what the C yardstick does: TTL, checksum, both MAC addresses',
  async (t) => {
    const pool = new PacketPool(
      createPool({ bufferCount: 4, bufferBytes: 2048, threadCount: 2, handBuffers: 32 }),
    );
    const at = pool.frameByteOffset(2);
    const before = new Uint8Array(yardstickFrame().buffer);
    pool.bytes.set(before, at);
    const frame = pool.bytes.subarray(at, at + YARDSTICK_FRAME_BYTES);
    new RouterTransmitter(pool).queue(2, 0);
    t.equal(frame[TTL_OFFSET], before[TTL_OFFSET] - 1);
    t.same([...frame.subarray(0, 12)], [0xaa, 0, 0, 0, 0, 0xbb, 0xaa, 0, 0, 0, 0, 0xcc]);
    t.equal(
      sumOf(frame.subarray(IPV4_OFFSET, IPV4_OFFSET + IPV4_BYTES)),
      0xffff,
      'a checksum that is right (RFC 1071)',
    );
    t.same([...frame.subarray(26)], [...before.subarray(26)], 'and nothing else');
    frame[TTL_OFFSET] = 1;
    const last = Uint8Array.from(frame);
    new RouterTransmitter(pool).queue(2, 0);
    t.same(frame, last, 'a frame at the end of its life stays as it is');
  },
);

/** The one's complement sum of 16-bit words. */
function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
