import type { BufferCache } from '../memory/buffer-cache.js';
import type { PacketPool } from '../memory/packet-pool.js';
import { LINK_ETHERNET } from '../protocol/link-type.js';
import type { RingProducer } from '../ring/ring-producer.js';
import { WORKER_BURST, WORKER_HAND } from './hand.js';
import type { WorkerLoop } from './worker-loop.js';

/** Enough for V8 to have optimised the whole way of a packet. */
const HANDS = 1000;

/** Ethernet frames of everyday kinds, so that the parser's common ways are all taken: addresses are zero. */
const FRAMES: readonly Uint8Array[] = [
  ethernetFrame(0x0800, ipv4Packet(6, [0x04, 0x00, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10])),
  ethernetFrame(0x0800, ipv4Packet(17, [0x04, 0x00, 0x00, 0x35, 0, 20])),
  ethernetFrame(0x86dd, ipv6Packet(6, [0x04, 0x00, 0x01, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10])),
  ethernetFrame(0x0806, new Uint8Array(28)),
];

/** A worker with memory of its own that nothing counts, and the producer's side of its ring. */
export interface WarmUpBench {
  readonly pool: PacketPool;
  readonly cache: BufferCache;
  readonly producer: RingProducer;
  readonly loop: WorkerLoop;
}

/**
 * Runs packets through a worker loop that is not connected to anything, before the real one starts: the
 * first hundred thousand packets of a thread take ten times as long as all others, because they are
 * interpreted and optimised on the way. At the start nobody waits for them.
 */
export function warmUp(bench: WarmUpBench): void {
  const hand = new Int32Array(WORKER_HAND);
  for (let turn = 0; turn < HANDS; turn++) {
    // Full ones, and those that are a part of a burst.
    const count = turn % 2 === 0 ? WORKER_HAND : WORKER_BURST - 1;
    receive(bench, hand, count);
    bench.producer.push(hand, 0, count);
    while (bench.loop.runHand() > 0) bench.loop.attend();
  }
}

/** Apart from `warmUp`: V8 would take a loop of so many turns for the hot one, and all that is called in it with it. */
function receive({ pool, cache }: WarmUpBench, hand: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const frame = FRAMES[i % FRAMES.length];
    const index = cache.alloc();
    pool.bytes.set(frame, pool.frameByteOffset(index));
    pool.describe(index, frame.length, frame.length, LINK_ETHERNET, 0, 0, 0);
    hand[i] = index;
  }
}

function ethernetFrame(type: number, packet: Uint8Array): Uint8Array {
  const frame = new Uint8Array(14 + packet.length);
  frame.set([type >> 8, type & 0xff], 12);
  frame.set(packet, 14);
  return frame;
}

function ipv4Packet(protocol: number, transport: readonly number[]): Uint8Array {
  const packet = new Uint8Array(40);
  packet.set([0x45, 0, 0, 40, 0, 0, 0, 0, 64, protocol]);
  packet.set(transport, 20);
  return packet;
}

function ipv6Packet(protocol: number, transport: readonly number[]): Uint8Array {
  const packet = new Uint8Array(60);
  packet.set([0x60, 0, 0, 0, 0, 20, protocol, 64]);
  packet.set(transport, 40);
  return packet;
}
