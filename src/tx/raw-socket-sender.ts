import { errnoOf, openSender, type RawSocket, type RawSocketPackage } from '../kernel/raw-sockets.js';
import type { BufferCache } from '../memory/buffer-cache.js';
import type { Links } from '../memory/link-layout.js';
import type { PacketPool } from '../memory/packet-pool.js';
import type { RingConsumer } from '../ring/ring-consumer.js';
import { ORDER_BYTES, ORDER_OUT_INTERFACE, ORDER_WORDS } from './raw-socket-order-layout.js';
import type { TransmitCounters } from './transmit-counters.js';
import { failureOf, INTERFACE_DOWN } from './transmit-failure.js';

/** Packets taken from a ring at a time. */
const BURST = 32;
/** RFC 791, 3.1. */
const IPV4_DESTINATION = 16;

export interface RawSocketSenderConfig {
  /** The engine's list: each may be sent to. */
  readonly interfaces: readonly string[];
}

export interface RawSocketSenderDeps {
  readonly sockets: RawSocketPackage;
  readonly pool: PacketPool;
  /** Main's own. */
  readonly cache: BufferCache;
  /** One a worker. */
  readonly rings: readonly RingConsumer[];
  readonly links: Links;
  readonly counters: TransmitCounters;
}

/** Main's side of forwarding through raw-socket: sends what the workers have handed over, and frees it. */
export class RawSocketSender {
  private senders: readonly RawSocket[] = [];
  private readonly hand = new Int32Array(BURST);
  /** The pool as the package takes it. */
  private readonly frames: Uint8Array;

  constructor(
    private readonly config: RawSocketSenderConfig,
    private readonly deps: RawSocketSenderDeps,
  ) {
    this.frames = deps.pool.bytes;
  }

  /** @throws EnvironmentError without CAP_NET_RAW, or when an interface is not there. */
  open(): void {
    const opened: RawSocket[] = [];
    this.senders = opened;
    for (const name of this.config.interfaces) opened.push(openSender(this.deps.sockets, name));
  }

  /** Packets ever taken from the rings, all of them sent or failed, as an int32 that wraps. */
  get cursor(): number {
    let sum = 0;
    for (const ring of this.deps.rings) sum = (sum + ring.cursor) | 0;
    return sum;
  }

  /** True when something waits to be sent. */
  hasWork(): boolean {
    return this.deps.rings.some((ring) => !ring.isEmpty());
  }

  /** Sends a burst of each worker. Returns how many packets that were. */
  run(): number {
    const { rings, cache } = this.deps;
    let handled = 0;
    for (const ring of rings) {
      const count = ring.pop(this.hand, BURST);
      for (let i = 0; i < count; i++) this.send(this.hand[i]);
      if (count > 0) cache.freeBurst(this.hand, count);
      handled += count;
    }
    return handled;
  }

  close(): void {
    for (const socket of this.senders) socket.close();
    this.senders = [];
  }

  private send(buffer: number): void {
    const { pool, links, counters } = this.deps;
    const word = pool.frameByteOffset(buffer) >>> 2;
    const to = pool.words[word + ORDER_OUT_INTERFACE];
    const bytes = pool.words[word + ORDER_BYTES];
    if (links.kernelIndex(to) === 0 || !links.isUp(to)) {
      // The kernel would say that there is no route, whatever the reason.
      counters.countFailed(to, INTERFACE_DOWN);
      return;
    }
    const packet = (word + ORDER_WORDS) << 2;
    const at = packet + IPV4_DESTINATION;
    const { frames } = this;
    const destination = `${frames[at]}.${frames[at + 1]}.${frames[at + 2]}.${frames[at + 3]}`;
    try {
      this.senders[to].wrap.send(frames, packet, bytes, destination, nothing);
      counters.countSent(to, bytes);
    } catch (error) {
      counters.countFailed(to, failureOf(errnoOf(error)));
    }
  }
}

/** The package insists on somebody to call when it has sent. */
function nothing(): void {
  // It has returned by then, without an error.
}
