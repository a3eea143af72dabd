import { RX_LEVELS, rxTransmitCell } from '../counters/catalogue.js';
import { CounterBanks } from '../counters/counter-banks.js';
import { pinThread } from '../kernel/affinity.js';
import type { RawSocketPackage } from '../kernel/raw-sockets.js';
import { AsyncDoorbell } from '../memory/async-doorbell.js';
import { type Clock, MonotonicClock } from '../memory/clock.js';
import { CONTROL_DOORBELL, controlOf } from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import { Links } from '../memory/link-layout.js';
import { PacketPool } from '../memory/packet-pool.js';
import { RX_INDEX } from '../memory/pool-layout.js';
import { RingConsumer } from '../ring/ring-consumer.js';
import { RingProducer } from '../ring/ring-producer.js';
import { RawSocketSource } from '../source/raw-socket-source.js';
import { RxLoop } from '../source/rx-loop.js';
import { RawSocketSender } from '../tx/raw-socket-sender.js';
import { TransmitCounters } from '../tx/transmit-counters.js';
import type { EngineMemory } from './engine-memory.js';
import { RAW_SOCKET_LIMITS } from './source-limits.js';

/**
 * While packets come, main looks this often for what workers have for it to send, milliseconds: cheaper
 * than to be woken for each burst of theirs.
 */
const LOOK_BUSY_MS = 1;
/** It goes on looking this long after the last packet, milliseconds; then the doorbell wakes it. */
const BUSY_MS = 20;
/** It still looks up this often, milliseconds: a lost wake-up could cost no more. */
const LOOK_IDLE_MS = 100;

/** A part of the engine that receives: a thread of its own, or main itself. */
export interface Receiver {
  readonly name: string;
  /** True when it could not even be terminated. */
  readonly isStuck: boolean;
  /** Resolves when it receives; throws the reason why it cannot. */
  ready(): Promise<unknown>;
  /** From here on its end is no surprise. */
  expectEnd(): void;
  /** Waits until it receives no more. Returns false when that takes longer than `timeoutMs` milliseconds. */
  join(timeoutMs: number): Promise<boolean>;
}

export interface MainRxConfig {
  /** `UPE_INTERFACE`: what is read, and may be sent to; none: everything is read, nothing sent. */
  readonly interfaces: readonly string[];
  readonly idle: 'park' | 'spin';
  /** The processor to run on, or `null`. */
  readonly cpu: number | null;
}

export interface MainRxDeps {
  readonly memory: EngineMemory;
  /** Of memory/link-layout.ts; `null` where `interfaces` is empty. */
  readonly links: SharedArrayBuffer | null;
  /** Loads the npm package; throws EnvironmentError where it is not there. */
  readonly loadSockets: () => RawSocketPackage;
  /** Something that the user ought to know, as a sentence. */
  readonly onWarning: (message: string) => void;
  /** Called while main waits for the lock of the pool's list, with the index of the thread that has it. */
  readonly whileLocked: (holder: number) => void;
}

/**
 * The rx loop on the main thread, because raw-socket works there only: packets come as callbacks of the
 * event loop, so it runs when some have come, and never waits. It sends as well, for the workers, since
 * sockets to send with are just as tied to main.
 */
export class MainRx implements Receiver {
  readonly name = 'rx';
  readonly isStuck = false;
  private readonly banks: CounterBanks;
  private readonly pool: PacketPool;
  private readonly clock: Clock = new MonotonicClock();
  private loop: RxLoop | null = null;
  private source: RawSocketSource | null = null;
  private sender: RawSocketSender | null = null;
  private timer: NodeJS.Timeout | null = null;
  private readonly doorbell: AsyncDoorbell;
  private isScheduled = false;
  private busyUntilMs = 0;

  constructor(
    private readonly config: MainRxConfig,
    private readonly deps: MainRxDeps,
  ) {
    const { memory } = deps;
    this.pool = new PacketPool(memory.pool);
    const control = controlOf(memory.control, RX_INDEX);
    this.banks = new CounterBanks(memory.rxCounters, control);
    this.doorbell = new AsyncDoorbell(control, CONTROL_DOORBELL, () => this.wake());
  }

  /** Opens the sockets and begins. Throws EnvironmentError when that is not possible. */
  async ready(): Promise<void> {
    const { config, deps } = this;
    const sockets = deps.loadSockets();
    const source = new RawSocketSource(
      { interfaces: config.interfaces },
      { sockets, onStaged: (isFull) => this.noteStaged(isFull), onWarning: deps.onWarning },
    );
    this.source = source;
    this.loop = this.createLoop(source);
    this.sender = this.createSender(sockets);
    this.sender?.open();
    source.open();
    const notPinned = pinThread('rx', config.cpu);
    if (notPinned !== null) deps.onWarning(notPinned);
    deps.onWarning(RAW_SOCKET_LIMITS);
    this.loop.begin();
    this.lookLater();
  }

  expectEnd(): void {
    // Main does not end before the engine does.
  }

  /** Receives no more. It still answers, and sends what the workers come to, until `finish`. */
  async join(): Promise<boolean> {
    this.source?.close();
    this.turn();
    return true;
  }

  /** The workers have ended: sends what still waits, and says the last words. May be called twice. */
  finish(): void {
    const { loop, sender, timer } = this;
    if (timer !== null) clearTimeout(timer);
    this.timer = null;
    this.loop = null;
    this.source?.close();
    if (loop === null) return;
    while (sender !== null && sender.run() > 0);
    sender?.close();
    this.doorbell.close();
    // Without `ready` having come to its end nobody waits for the counters, and they are zero.
    if (timer === null) return;
    this.setTransmitLevel();
    loop.end();
  }

  private createLoop(source: RawSocketSource): RxLoop {
    const { memory } = this.deps;
    const { pool } = this;
    return new RxLoop(
      { idle: this.config.idle, isBridge: false },
      {
        source,
        pool,
        cache: pool.cacheOf(RX_INDEX, this.deps.whileLocked),
        hand: pool.handOf(RX_INDEX),
        rings: memory.rings.map((ring) => new RingProducer(ring)),
        doorbells: memory.rings.map(
          (_, worker) => new Doorbell(controlOf(memory.control, 1 + worker), CONTROL_DOORBELL),
        ),
        banks: this.banks,
        interfaceCount: source.interfaces.length,
        control: controlOf(memory.control, RX_INDEX),
        clock: this.clock,
      },
    );
  }

  private createSender(sockets: RawSocketPackage): RawSocketSender | null {
    const { interfaces } = this.config;
    const { links, memory } = this.deps;
    if (links === null) return null;
    const { pool, banks } = this;
    const firstCell = rxTransmitCell(interfaces.length, memory.rings.length);
    return new RawSocketSender(
      { interfaces },
      {
        sockets,
        pool,
        cache: pool.cacheOf(RX_INDEX, this.deps.whileLocked),
        rings: memory.transmitRings.map((ring) => new RingConsumer(ring)),
        links: new Links(links),
        counters: new TransmitCounters(banks, firstCell),
      },
    );
  }

  /** A full staging area is read at once; otherwise packets that come in the same turn go together. */
  private noteStaged(isFull: boolean): void {
    const nowMs = this.clock.nowMs();
    const wasIdle = nowMs >= this.busyUntilMs;
    this.busyUntilMs = nowMs + BUSY_MS;
    if (wasIdle && this.timer !== null) {
      // The timer is set for an idle main.
      clearTimeout(this.timer);
      this.doorbell.withdraw();
      this.lookLater();
    }
    if (isFull) {
      this.turn();
    } else if (!this.isScheduled) {
      this.isScheduled = true;
      setImmediate(() => {
        this.isScheduled = false;
        this.turn();
      });
    }
  }

  /** Reads what is staged, sends what waits, and answers who asks for the counters. */
  private turn(): void {
    const { loop, sender } = this;
    if (loop === null) return;
    loop.runBurst();
    loop.wakeWorkers();
    if (sender !== null && sender.run() > 0) this.busyUntilMs = this.clock.nowMs() + BUSY_MS;
    this.setTransmitLevel();
    loop.attend();
  }

  /** Right before each publication, like all levels. */
  private setTransmitLevel(): void {
    this.banks.setLevel(RX_LEVELS.transmitCursor, this.sender?.cursor ?? 0);
  }

  /** Somebody has rung, or it is time to look. */
  private wake(): void {
    if (this.loop === null) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.turn();
    this.lookLater();
  }

  /** Sees to it that `wake` is called in time. */
  private lookLater(): void {
    let delayMs = LOOK_BUSY_MS;
    if (this.clock.nowMs() >= this.busyUntilMs) {
      this.doorbell.announce();
      if (this.banks.isRequested() || this.sender?.hasWork() === true) {
        this.doorbell.withdraw();
      } else {
        this.doorbell.listen();
        delayMs = LOOK_IDLE_MS;
      }
    }
    this.timer = setTimeout(() => this.wake(), delayMs);
  }
}
