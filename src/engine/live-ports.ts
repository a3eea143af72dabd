import { closeSync } from 'node:fs';
import { EnvironmentError } from '../errors.js';
import type { InterfaceInfo, InterfaceState } from '../kernel/interfaces.js';
import { linkLayerName, linkLayerOf } from '../kernel/link-layer.js';
import { PacketSocket, type RingShape } from '../kernel/packet-socket.js';
import { createWakeEvent } from '../kernel/wake-event.js';
import { LINK_ETHERNET, LINK_RAW } from '../protocol/link-type.js';
import { createPositions } from '../source/afpacket-positions.js';
import type { AfPacketHandles } from '../source/afpacket-source.js';
import type { AfPacketSpec, SourceSpec } from '../source/source-spec.js';
import { InterfaceWatch } from './interface-watch.js';

/** What a slot of the ring holds beside the frame: the kernel's header, addresses, room for a VLAN tag. */
const SLOT_OVERHEAD_BYTES = 256;
/** Send buffer of a worker: some bursts of the largest frames. */
const SEND_BUFFER_BYTES = 4 * 1024 * 1024;
/** Beside the MTU: the Ethernet header and one VLAN tag. */
const LINK_OVERHEAD_BYTES = 18;

export interface LivePortsConfig {
  readonly spec: AfPacketSpec;
  /** Workers that send: each gets a socket of its own. */
  readonly workerCount: number;
  readonly bufferBytes: number;
  /** Whether rx waits in the kernel, which tells it there when an interface goes down. */
  readonly idle: 'park' | 'spin';
}

export interface LivePortsDeps {
  /** Something that the user ought to know, as a sentence. */
  readonly onWarning: (message: string) => void;
  /** An interface went up or down, or is gone. */
  readonly onLink: (name: string, state: 'up' | 'down' | 'gone') => void;
}

/**
 * Main's side of live interfaces: it opens the sockets while it may, maps the rings, and keeps watch over
 * the interfaces. Descriptors and mappings stay here, so that the threads that use them can be replaced.
 */
export class LivePorts {
  /** What the rx thread reads with; `null` before `open`. */
  handles: AfPacketHandles | null = null;
  /** One socket a worker, to send with. */
  transmitFds: readonly number[] = [];
  private readonly watch: InterfaceWatch;
  private receivers: readonly PacketSocket[] = [];
  private senders: readonly PacketSocket[] = [];
  /** The kernel's number that each receiver is bound to; 0 before the first time. */
  private readonly boundTo: number[];
  /** Whether a receiver may have lost its place since it was bound: its interface may be back under the same number. */
  private readonly isLost: boolean[];

  constructor(
    private readonly config: LivePortsConfig,
    private readonly deps: LivePortsDeps,
  ) {
    const { spec } = config;
    // Only of what rx reads, and not while it does not wait: a bridge at work may not, for long.
    const isTold = config.idle === 'park' && !spec.isBridge && spec.outInterfaces.length === 0;
    this.watch = new InterfaceWatch(
      { names: [...spec.interfaces, ...spec.outInterfaces], isTold },
      { onLink: deps.onLink, onLook: (position, state) => this.follow(position, state) },
    );
    this.boundTo = spec.interfaces.map(() => 0);
    this.isLost = spec.interfaces.map(() => false);
  }

  /** How the interfaces are, in the order of the engine's list: memory/link-layout.ts. */
  get linksBuffer(): SharedArrayBuffer {
    return this.watch.linksBuffer;
  }

  /**
   * Opens and maps everything. Nothing is received before `begin`.
   *
   * @throws EnvironmentError when an interface is not there or not fit, or a capability is missing.
   */
  open(): void {
    const { spec, workerCount } = this.config;
    const infos = this.watch.open();
    for (const info of infos) requireLinkLayer(info);
    if (spec.isBridge) this.checkBridge(infos);
    const shape = this.ringShape();
    this.receivers = spec.interfaces.map(() => PacketSocket.open());
    const ports = this.receivers.map((socket, i) => {
      if (spec.isBridge) socket.ignoreOutgoing(true);
      const linkType = linkLayerOf(infos[i].hardwareType) === 'ip' ? LINK_RAW : LINK_ETHERNET;
      return { name: spec.interfaces[i], fd: socket.fd, ring: socket.mapRing(shape), linkType };
    });
    this.handles = { ports, wakeFd: createWakeEvent(), positions: createPositions(ports.length) };
    this.senders = Array.from({ length: workerCount }, () => PacketSocket.open());
    for (const socket of this.senders) socket.prepareToSend(SEND_BUFFER_BYTES);
    this.transmitFds = this.senders.map((socket) => socket.fd);
    if (!spec.isBridge && spec.interfaces.includes('lo')) {
      this.deps.onWarning('a packet on lo is seen twice, when it leaves and when it arrives');
    }
  }

  /** The rx thread is ready: lets frames come, and keeps watch from now on. */
  begin(): void {
    this.watch.begin();
  }

  /** An interface that is read went down, or is gone. */
  linkLost(): void {
    this.isLost.fill(true);
    this.watch.lookSoon();
  }

  /**
   * Watching, a copy that leaves by an interface which is read as well must not be read again: it would be
   * copied for ever. So what leaves by such an interface stays unseen.
   *
   * @param targets positions of the interfaces that rules forward to.
   */
  hideOutgoing(targets: ReadonlySet<number>): void {
    if (this.config.spec.isBridge) return;
    this.receivers.forEach((socket, i) => {
      socket.ignoreOutgoing(targets.has(i));
    });
  }

  close(): void {
    this.watch.close();
    if (this.handles !== null) closeSync(this.handles.wakeFd);
    this.handles = null;
    for (const socket of [...this.receivers, ...this.senders]) socket.close();
    this.receivers = [];
    this.senders = [];
  }

  /** Interfaces come, go, and come again under another number: a socket is bound to a number. */
  private follow(position: number, state: InterfaceState | null): void {
    if (position >= this.receivers.length) return;
    // With its interface the socket has lost its place, even if that comes back under the same number.
    if (state === null) this.boundTo[position] = 0;
    // To bind it where it is bound already changes nothing; to one that is down is an error, which would be told again.
    else if (this.boundTo[position] !== state.index || (this.isLost[position] && state.isUp))
      this.bind(position, state.index);
  }

  private bind(receiver: number, kernelIndex: number): void {
    const socket = this.receivers[receiver];
    // It may be gone again: then there is a next look.
    if (socket.bind(kernelIndex) !== 0) return;
    if (this.config.spec.isPromiscuous && !socket.joinPromiscuous(kernelIndex)) return;
    this.boundTo[receiver] = kernelIndex;
    this.isLost[receiver] = false;
  }

  private checkBridge(infos: readonly InterfaceInfo[]): void {
    const { bufferBytes } = this.config;
    for (const { name, mtu, hardwareType } of infos) {
      if (name === 'lo' || linkLayerOf(hardwareType) !== 'ethernet') {
        throw new EnvironmentError(`interface ${name} has no Ethernet to bridge`);
      }
      const neededBytes = mtu + LINK_OVERHEAD_BYTES;
      if (neededBytes > bufferBytes) {
        throw new EnvironmentError(
          `interface ${name} has an MTU of ${mtu}, and its frames do not fit buffers of ${bufferBytes} bytes: ` +
            `set UPE_BUFFER_BYTES to ${Math.ceil(neededBytes / 64) * 64} or more, or lower the MTU`,
        );
      }
      if (this.watch.joinsFrames(name)) {
        this.deps.onWarning(
          `interface ${name} joins received frames (GRO or LRO) to larger ones, which cannot be forwarded: ` +
            `turn it off with \`ethtool -K ${name} gro off lro off\``,
        );
      }
    }
  }

  private ringShape(): RingShape {
    const { spec, bufferBytes } = this.config;
    const { blockBytes, blockCount, blockTimeoutMs } = spec.ring;
    const slotBytes = 2 ** Math.ceil(Math.log2(bufferBytes + SLOT_OVERHEAD_BYTES));
    if (blockBytes < slotBytes) {
      throw new EnvironmentError(
        `UPE_RX_BLOCK_BYTES is ${blockBytes}, and a frame of UPE_BUFFER_BYTES needs ${slotBytes}: raise it`,
      );
    }
    return { form: spec.isBridge ? 'slots' : 'blocks', blockBytes, blockCount, slotBytes, blockTimeoutMs };
  }
}

function requireLinkLayer({ name, hardwareType }: InterfaceInfo): void {
  if (linkLayerOf(hardwareType) !== null) return;
  throw new EnvironmentError(
    `interface ${name} is of a kind that UPE cannot read: ${linkLayerName(hardwareType)}; ` +
      'it reads Ethernet, loopback and raw IP interfaces',
  );
}

/** The ports of an afpacket source; `null` for any other. */
export function createLivePorts(
  { source, workerCount, bufferBytes, idle }: Omit<LivePortsConfig, 'spec'> & { readonly source: SourceSpec },
  deps: LivePortsDeps,
): LivePorts | null {
  return source.kind === 'afpacket'
    ? new LivePorts({ spec: source, workerCount, bufferBytes, idle }, deps)
    : null;
}
