import { lastErrno, libc, memoryAt } from './libc.js';
import { refusal } from './refusal.js';

/** linux/socket.h, bits/socket_type.h. */
export const AF_PACKET = 17;
const SOCK_RAW = 3;
/** linux/if_ether.h: every protocol. In the socket address it is in network byte order. */
const ETH_P_ALL = 0x0003;

/** linux/if_packet.h: option level and options. */
const SOL_PACKET = 263;
const PACKET_ADD_MEMBERSHIP = 1;
const PACKET_RX_RING = 5;
const PACKET_STATISTICS = 6;
const PACKET_VERSION = 10;
const PACKET_RESERVE = 12;
const PACKET_QDISC_BYPASS = 20;
const PACKET_IGNORE_OUTGOING = 23;
const PACKET_MR_PROMISC = 1;
/** linux/if_packet.h, enum tpacket_versions. */
const TPACKET_V2 = 1;
const TPACKET_V3 = 2;

/** asm-generic/socket.h. */
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_SNDBUF = 7;

/** asm-generic/mman-common.h. */
const PROT_READ_WRITE = 1 | 2;
const MAP_SHARED = 1;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** struct sockaddr_ll (linux/if_packet.h): 20 bytes. */
export const SOCKADDR_LL_BYTES = 20;

/**
 * Room in front of each frame in the ring, in which a VLAN tag that the kernel took out is put back: 4 bytes. With
 * 2 more an Ethernet frame begins at a multiple of 4 (the kernel puts what follows its 14 bytes at a multiple of 16,
 * and this room before that), so that it can be copied by words.
 */
const RESERVED_BYTES = 6;

/** How the kernel hands frames over: `blocks` for watching, `slots` one by one for the least latency. */
export type RingForm = 'blocks' | 'slots';

export interface RingShape {
  readonly form: RingForm;
  /** A power of two, at least a page. */
  readonly blockBytes: number;
  readonly blockCount: number;
  /** Slots: bytes of one, a divisor of the block's. Blocks: no meaning. */
  readonly slotBytes: number;
  /** Blocks: the kernel hands over a block that is not full after this time, milliseconds. */
  readonly blockTimeoutMs: number;
}

/** A mapped receive ring, in a form that can be passed to a thread. */
export interface RingMapping {
  readonly shape: RingShape;
  readonly address: bigint;
  readonly bytes: number;
}

/**
 * An AF_PACKET socket: packet(7) and the kernel's Documentation/networking/packet_mmap.rst. Made on the
 * main thread, which keeps it, so that whoever reads from it can be replaced.
 */
export class PacketSocket {
  private ring: RingMapping | null = null;

  private constructor(readonly fd: number) {}

  /**
   * A socket that receives nothing until it is bound: its protocol is 0, where ETH_P_ALL would let it
   * receive from every interface meanwhile.
   *
   * @throws EnvironmentError without CAP_NET_RAW.
   */
  static open(): PacketSocket {
    const fd = libc().socket(AF_PACKET, SOCK_RAW, 0);
    if (fd < 0) throw refusal('cannot open a packet socket', lastErrno());
    return new PacketSocket(fd);
  }

  /** Has the kernel make a receive ring, and maps it. Once, before `bind`. */
  mapRing(shape: RingShape): RingMapping {
    this.setOption(PACKET_VERSION, shape.form === 'blocks' ? TPACKET_V3 : TPACKET_V2);
    this.setOption(PACKET_RESERVE, RESERVED_BYTES);
    const bytes = shape.blockBytes * shape.blockCount;
    const slotBytes = shape.form === 'blocks' ? shape.blockBytes : shape.slotBytes;
    // struct tpacket_req3: block_size, block_nr, frame_size, frame_nr, retire_blk_tov, priv, features.
    // struct tpacket_req is its first four words.
    const request = new Uint32Array([
      shape.blockBytes,
      shape.blockCount,
      slotBytes,
      bytes / slotBytes,
      shape.blockTimeoutMs,
      0,
      0,
    ]);
    const requestBytes = shape.form === 'blocks' ? request.byteLength : 16;
    if (libc().setsockopt(this.fd, SOL_PACKET, PACKET_RX_RING, request, requestBytes) < 0) {
      throw refusal(`the kernel refuses a receive ring of ${bytes} bytes`, lastErrno());
    }
    const address = libc().mmap(0n, bytes, PROT_READ_WRITE, MAP_SHARED, this.fd, 0);
    if (BigInt.asUintN(64, address) === MAP_FAILED) {
      throw refusal(`cannot map a receive ring of ${bytes} bytes`, lastErrno());
    }
    this.ring = { shape, address, bytes };
    return this.ring;
  }

  /**
   * Begins to receive from an interface, or goes on with another one of the same name.
   *
   * @param kernelIndex the kernel's.
   * @returns 0, or the error number.
   */
  bind(kernelIndex: number): number {
    const bound = libc().bind(this.fd, linkLayerAddress(kernelIndex, ETH_P_ALL), SOCKADDR_LL_BYTES);
    return bound < 0 ? lastErrno() : 0;
  }

  /**
   * Lets the interface receive what is not addressed to it, as long as this socket lives.
   *
   * @returns false when it cannot: the interface is gone.
   */
  joinPromiscuous(kernelIndex: number): boolean {
    // struct packet_mreq: interface, type, address length, address.
    const membership = new DataView(new ArrayBuffer(16));
    membership.setInt32(0, kernelIndex, true);
    membership.setUint16(4, PACKET_MR_PROMISC, true);
    return libc().setsockopt(this.fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership, 16) === 0;
  }

  /** Whether frames that leave by the interface stay unseen. */
  ignoreOutgoing(isIgnored: boolean): void {
    this.setOption(PACKET_IGNORE_OUTGOING, isIgnored ? 1 : 0);
  }

  /** For sending: straight to the driver, and room for a few bursts of the largest frames. */
  prepareToSend(sendBufferBytes: number): void {
    this.setOption(PACKET_QDISC_BYPASS, 1);
    libc().setsockopt(this.fd, SOL_SOCKET, SO_SNDBUF, new Int32Array([sendBufferBytes]), 4);
  }

  close(): void {
    if (this.ring !== null) libc().munmap(this.ring.address, this.ring.bytes);
    this.ring = null;
    libc().close(this.fd);
  }

  private setOption(option: number, value: number): void {
    if (libc().setsockopt(this.fd, SOL_PACKET, option, new Int32Array([value]), 4) < 0) {
      throw refusal(`the kernel refuses packet socket option ${option}`, lastErrno());
    }
  }
}

/**
 * A struct sockaddr_ll: where a packet socket is bound, or where a frame goes.
 *
 * @param protocol in host byte order; 0 in the address of an outgoing frame, which has its own.
 */
export function linkLayerAddress(kernelIndex: number, protocol: number): DataView {
  const address = new DataView(new ArrayBuffer(SOCKADDR_LL_BYTES));
  address.setUint16(0, AF_PACKET, true);
  address.setUint16(2, protocol, false);
  address.setInt32(4, kernelIndex, true);
  return address;
}

/** A mapped ring as this thread sees it. */
export function ringMemory(mapping: RingMapping): ArrayBuffer {
  return memoryAt(mapping.address, mapping.bytes);
}

/**
 * Frames that the kernel had no room for, since they were last asked for: reading resets the count, so
 * there must be one reader, who adds up. Reader: the rx thread.
 */
export class KernelDrops {
  // struct tpacket_stats_v3: packets (drops included), drops, freeze count. tpacket_stats is shorter.
  private readonly statistics = new Uint32Array(3);
  private readonly bytes = new Uint32Array(1);

  constructor(private readonly fd: number) {}

  /** Drops since the last call. */
  take(): number {
    this.bytes[0] = this.statistics.byteLength;
    const { statistics, bytes } = this;
    if (libc().getsockopt(this.fd, SOL_PACKET, PACKET_STATISTICS, statistics, bytes) < 0) return 0;
    return statistics[1];
  }
}

/** Takes the error that waits on a socket, so that poll(2) does not report it again. */
export function takeSocketError(fd: number): number {
  const error = new Int32Array(1);
  libc().getsockopt(fd, SOL_SOCKET, SO_ERROR, error, new Uint32Array([4]));
  return error[0];
}
