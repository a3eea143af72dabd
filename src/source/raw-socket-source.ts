import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  openReceiver,
  type RawSocket,
  type RawSocketPackage,
} from '../kernel/raw-sockets.js';
import { LINK_IPV4, LINK_IPV6 } from '../protocol/link-type.js';
import type { FrameBatch } from './frame-batch.js';
import { BURST_FRAMES } from './frame-batch.js';
import { writeIpv6Text } from './ipv6-text.js';
import type { Source } from './source.js';
import { ALL_INTERFACES } from './source-spec.js';

/** RFC 8200, 3: the fixed header, which the kernel keeps to itself. */
const IPV6_BYTES = 40;
const IPV6_VERSION = 6 << 4;
const IPV6_PAYLOAD_LENGTH = 4;
const IPV6_NEXT_HEADER = 6;
const IPV6_HOP_LIMIT = 7;
const IPV6_SOURCE = 8;
const IPV6_DESTINATION = 24;
/** What the packet really had is not known: the value that hosts usually begin with. */
const HOP_LIMIT = 64;

/** The largest packet, with the header put in front of it. */
const FRAME_BYTES_MAX = 65_535 + IPV6_BYTES;
/** Room for some of the largest, or for a burst of usual ones: frames lie here one behind the other. */
const STAGING_BYTES = 4 * FRAME_BYTES_MAX;

const RECEIVERS = [
  { ipVersion: 4, protocol: IPPROTO_TCP },
  { ipVersion: 4, protocol: IPPROTO_UDP },
  { ipVersion: 4, protocol: IPPROTO_ICMP },
  { ipVersion: 6, protocol: IPPROTO_TCP },
  { ipVersion: 6, protocol: IPPROTO_UDP },
  { ipVersion: 6, protocol: IPPROTO_ICMPV6 },
] as const;

export interface RawSocketSourceConfig {
  /** Each has its own sockets; none: one set for all interfaces. */
  readonly interfaces: readonly string[];
}

export interface RawSocketSourceDeps {
  readonly sockets: RawSocketPackage;
  /**
   * A packet has been staged.
   *
   * @param isFull true when there may be no room for another: the caller reads at once.
   */
  readonly onStaged: (isFull: boolean) => void;
  /** Something that the user ought to know, as a sentence. */
  readonly onWarning: (message: string) => void;
}

/**
 * What the host itself receives, at the IP layer, through the npm package raw-socket: one callback of the
 * event loop a packet, on the main thread. Packets wait in a staging area until the rx loop reads them.
 */
export class RawSocketSource implements Source {
  readonly interfaces: readonly string[];
  /** Main must never wait: it has everything else to do as well. */
  readonly patienceMs = 0;
  readonly block = null;
  readonly comesInBlocks = false;
  readonly bytesRead = 0;
  /** A socket that nothing refers to is collected as garbage, and falls silent without a word. */
  private opened: readonly RawSocket[] = [];
  private readonly staging = new Uint8Array(STAGING_BYTES);
  private readonly view = new DataView(this.staging.buffer);
  private stagedCount = 0;
  private stagedBytes = 0;
  private readonly bytesOf = new Int32Array(BURST_FRAMES);
  private readonly linkTypeOf = new Int32Array(BURST_FRAMES);
  private readonly interfaceOf = new Int32Array(BURST_FRAMES);
  private readonly told = new Set<string>();

  constructor(
    private readonly config: RawSocketSourceConfig,
    private readonly deps: RawSocketSourceDeps,
  ) {
    this.interfaces = config.interfaces.length > 0 ? config.interfaces : [ALL_INTERFACES];
  }

  /** @throws EnvironmentError without CAP_NET_RAW, or when an interface is not there. */
  open(): void {
    const names = this.config.interfaces.length > 0 ? this.config.interfaces : [null];
    const sockets: RawSocket[] = [];
    // Those opened before one is refused are to be closed as well.
    this.opened = sockets;
    names.forEach((name, interfaceIndex) => {
      for (const { ipVersion, protocol } of RECEIVERS) {
        const socket = openReceiver(this.deps.sockets, ipVersion, protocol, name);
        if (socket === null) {
          this.tellOnce(`this kernel has no IPv${ipVersion}: its packets are not read`);
          continue;
        }
        sockets.push(socket);
        socket.on('error', (error) => this.tellOnce(`a raw socket reports: ${error.message}`));
        if (ipVersion === 4) {
          socket.on('message', (message) => this.stageIpv4(message, interfaceIndex));
        } else {
          socket.on('message', (message, source) =>
            this.stageIpv6(message, source, protocol, interfaceIndex),
          );
        }
      }
    });
  }

  read(batch: FrameBatch): number {
    batch.attach(this.staging, this.view);
    batch.frameCount = 0;
    let at = 0;
    for (let i = 0; i < this.stagedCount; i++) {
      const bytes = this.bytesOf[i];
      batch.add(at, bytes, bytes, this.linkTypeOf[i], this.interfaceOf[i]);
      at += bytes;
    }
    this.stagedCount = 0;
    this.stagedBytes = 0;
    return batch.frameCount;
  }

  /** Never asked: packets come by the event loop. */
  waitMs(): number {
    return 0;
  }

  /**
   * What a full socket loses only the kernel knows, in /proc/net/raw by the socket's inode, and the
   * package does not tell which descriptor is its own: it stays unknown, and counts as 0.
   */
  takeKernelDrops(): number {
    return 0;
  }

  close(): void {
    for (const socket of this.opened) socket.close();
    this.opened = [];
  }

  /** The message begins with the IP header: raw(7). */
  private stageIpv4(message: Uint8Array, interfaceIndex: number): void {
    this.staging.set(message, this.stagedBytes);
    this.stage(message.length, LINK_IPV4, interfaceIndex);
  }

  /** The message begins behind the IPv6 header (RFC 3542, 3): as much of that as is known is put in front. */
  private stageIpv6(message: Uint8Array, source: string, protocol: number, interfaceIndex: number): void {
    const { staging, view } = this;
    const at = this.stagedBytes;
    view.setUint32(at, IPV6_VERSION << 24);
    view.setUint16(at + IPV6_PAYLOAD_LENGTH, message.length);
    staging[at + IPV6_NEXT_HEADER] = protocol;
    staging[at + IPV6_HOP_LIMIT] = HOP_LIMIT;
    writeIpv6Text(source, staging, at + IPV6_SOURCE);
    staging.fill(0, at + IPV6_DESTINATION, at + IPV6_BYTES);
    staging.set(message, at + IPV6_BYTES);
    this.stage(IPV6_BYTES + message.length, LINK_IPV6, interfaceIndex);
  }

  private stage(bytes: number, linkType: number, interfaceIndex: number): void {
    const i = this.stagedCount;
    this.bytesOf[i] = bytes;
    this.linkTypeOf[i] = linkType;
    this.interfaceOf[i] = interfaceIndex;
    this.stagedCount = i + 1;
    this.stagedBytes += bytes;
    const isFull = this.stagedCount === BURST_FRAMES || this.stagedBytes + FRAME_BYTES_MAX > STAGING_BYTES;
    this.deps.onStaged(isFull);
  }

  private tellOnce(message: string): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    this.deps.onWarning(message);
  }
}
