import type { PacketPool } from '../memory/packet-pool.js';
import * as linkTypeModule from '../protocol/link-type.js';
import * as packetModule from '../protocol/packet.js';
import { Packet } from '../protocol/packet.js';
import { parseFrame } from '../protocol/parser.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { LINK_ETHERNET } = linkTypeModule;
const { PARSED } = packetModule;

/**
 * Tells which packets belong together, the same for both directions of a flow:
 *
 *   TCP, UDP, SCTP with their ports          addresses, protocol, ports
 *   other IP                                 addresses, protocol
 *   every fragment                           addresses: a later one has no ports and must meet the worker
 *                                            that has seen the first, and in IPv6 it may not even know
 *                                            the protocol (RFC 8200, 4.5: options behind the fragment
 *                                            header are in the first fragment only)
 *   everything else                          the two MAC addresses, as far as there are any
 *
 * Each end of a flow is mixed on its own and the two are added, so that exchanging them changes
 * nothing. The mixing steps are MurmurHash3's finaliser (Appleby, public domain).
 */
export class FlowHash {
  private readonly packet = new Packet();

  constructor(private readonly pool: PacketPool) {}

  /** Hash of the frame in a buffer whose descriptor is written: any int32. */
  hash(bufferIndex: number): number {
    const { pool, packet } = this;
    const at = pool.frameByteOffset(bufferIndex);
    const capturedBytes = pool.capturedBytes(bufferIndex);
    const linkType = pool.linkType(bufferIndex);
    const status = parseFrame(pool.view, at, capturedBytes, pool.wireBytes(bufferIndex), linkType, packet);
    if (status !== PARSED) return this.hashMacs(at, capturedBytes, linkType);
    let src = mix(packet.src0);
    let dst = mix(packet.dst0);
    if (packet.ipVersion === 6) {
      src = mix(mix(mix(src ^ packet.src1) ^ packet.src2) ^ packet.src3);
      dst = mix(mix(mix(dst ^ packet.dst1) ^ packet.dst2) ^ packet.dst3);
    }
    if (packet.isFragment === 1) return mix((src + dst) | 0);
    if (packet.srcPort >= 0) {
      // Mixed in after the address: added before, the next host's next lower port would be the same end.
      src = mix(src + packet.srcPort);
      dst = mix(dst + packet.dstPort);
    }
    return mix((src + dst + packet.protocol) | 0);
  }

  private hashMacs(at: number, capturedBytes: number, linkType: number): number {
    if (linkType !== LINK_ETHERNET || capturedBytes < 12) return 0;
    const { view } = this.pool;
    const dst = mix(view.getInt32(at) ^ mix(view.getUint16(at + 4)));
    const src = mix(view.getInt32(at + 6) ^ mix(view.getUint16(at + 10)));
    return mix((src + dst) | 0);
  }
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The worker that a hash belongs to, 0 to `workerCount` - 1. */
export function workerOf(hash: number, workerCount: number): number {
  return Math.imul(hash >>> 16, workerCount) >>> 16;
}
