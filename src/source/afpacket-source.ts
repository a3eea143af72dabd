import { KernelDrops, type RingMapping } from '../kernel/packet-socket.js';
import { Poller } from '../kernel/poller.js';
import { openRing, type ReceiveRing } from '../kernel/receive-ring.js';
import { Positions } from './afpacket-positions.js';
import type { FrameBatch } from './frame-batch.js';
import * as frameBatch from './frame-batch.js';
import type { Source } from './source.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { BURST_FRAMES } = frameBatch;

/** One interface that is read, as main has opened it: the descriptor and the mapping stay main's. */
export interface AfPacketPort {
  readonly name: string;
  readonly fd: number;
  readonly ring: RingMapping;
  /** One of protocol/link-type.ts. */
  readonly linkType: number;
}

/** What main has opened for the source; it stays main's. */
export interface AfPacketHandles {
  /** In the order of the engine's list of interfaces. */
  readonly ports: readonly AfPacketPort[];
  /** What ends `block` before its time, of kernel/wake-event.ts. */
  readonly wakeFd: number;
  /** Of afpacket-positions.ts. */
  readonly positions: SharedArrayBuffer;
}

export interface AfPacketSourceConfig extends AfPacketHandles {
  /** `UPE_RX_WAIT_MS`. */
  readonly patienceMs: number;
}

export interface AfPacketSourceDeps {
  /** While it waited for frames (`block`), an interface went down, or is gone. */
  readonly onLinkLost: () => void;
}

/**
 * Live interfaces through AF_PACKET sockets with mapped receive rings. Frames are read where the kernel
 * has put them; a burst comes from one interface, and the interfaces take turns.
 */
export class AfPacketSource implements Source {
  readonly interfaces: readonly string[];
  readonly patienceMs: number;
  readonly comesInBlocks: boolean;
  readonly bytesRead = 0;
  private readonly ports: readonly AfPacketPort[];
  private readonly wakeFd: number;
  private rings: readonly ReceiveRing[] = [];
  private drops: readonly KernelDrops[] = [];
  private poller: Poller | null = null;
  /** The interface whose turn it is. */
  private turn = 0;
  private readonly positionsBuffer: SharedArrayBuffer;
  private positions: Positions | null = null;
  /** Frames ever given, modulo 2^32, by this thread's predecessors too; and when the positions were noted last. */
  private given = 0;
  private noted = 0;

  constructor(
    config: AfPacketSourceConfig,
    private readonly deps: AfPacketSourceDeps,
  ) {
    this.ports = config.ports;
    this.wakeFd = config.wakeFd;
    this.positionsBuffer = config.positions;
    this.interfaces = config.ports.map((port) => port.name);
    this.patienceMs = config.patienceMs;
    this.comesInBlocks = config.ports.every((port) => port.ring.shape.form === 'blocks');
  }

  open(): void {
    this.rings = this.ports.map((port) => openRing(port.ring));
    this.positions = new Positions(this.positionsBuffer, this.rings);
    this.drops = this.ports.map((port) => new KernelDrops(port.fd));
    this.poller = new Poller(
      this.ports.map((port) => port.fd),
      this.wakeFd,
    );
  }

  resume(dealt: number): void {
    this.positions?.resume(dealt);
    this.given = dealt;
    this.noted = dealt;
  }

  read(batch: FrameBatch): number {
    batch.frameCount = 0;
    if (this.given !== this.noted) {
      // All that was given has been dealt with, and none of it is back in the kernel's hands yet.
      this.positions?.note(this.given);
      this.noted = this.given;
    }
    for (let looked = 0; looked < this.rings.length; looked++) {
      const turn = this.turn;
      this.turn = (turn + 1) % this.rings.length;
      if (this.readFrom(turn, batch) > 0) {
        this.positions?.setInterface(turn);
        this.given = (this.given + batch.frameCount) | 0;
        return batch.frameCount;
      }
    }
    return 0;
  }

  /** Never asked: `block` is there. */
  waitMs(): number {
    return 0;
  }

  block = (timeoutMs: number): void => {
    if (this.poller?.wait(timeoutMs) === true) this.deps.onLinkLost();
  };

  takeKernelDrops(interfaceIndex: number): number {
    return this.drops[interfaceIndex]?.take() ?? 0;
  }

  /** What main has opened, main closes. */
  close(): void {
    this.rings = [];
  }

  private readFrom(interfaceIndex: number, batch: FrameBatch): number {
    const ring = this.rings[interfaceIndex];
    const { linkType } = this.ports[interfaceIndex];
    // The frames shown last time have been copied by now.
    ring.release();
    const { frame } = ring;
    batch.attach(ring.bytes, ring.view, ring.words);
    for (let count = 0; count < BURST_FRAMES && ring.next(); count++) {
      batch.add(
        frame.byteOffset,
        frame.capturedBytes,
        frame.wireBytes,
        linkType,
        interfaceIndex,
        frame.isChecksumMissing,
      );
    }
    return batch.frameCount;
  }
}
