import { WORKER_LEVELS, WORKER_TOTALS } from '../counters/catalogue.js';
import { HeapGauge } from '../counters/heap-gauge.js';
import { InvariantError } from '../errors.js';
import type { BufferCache } from '../memory/buffer-cache.js';
import { type Clock, microseconds } from '../memory/clock.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_DOORBELL,
  CONTROL_GENERATION_IN_USE,
  CONTROL_HEARTBEAT,
  CONTROL_STATE,
  CONTROL_TABLE_GENERATION,
  STATE_RUNNING,
} from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import type { RingConsumer } from '../ring/ring-consumer.js';
import * as handModule from './hand.js';
import { type Judgement, PacketJudge, type PacketJudgeDeps } from './packet-judge.js';
import { setWorkerLevels, takeOver } from './predecessor.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { WORKER_BURST, WORKER_HAND } = handModule;

/** Empty looks at the ring before the worker parks: about 30 microseconds, more than between two bursts of a block. */
export const IDLE_SPINS = 200;
/**
 * The same in a bridge: about 3 microseconds. Its worker parks ten thousand times a second, and each look is
 * time that the sender and rx do not have where they share its processor: iperf3 went from 0.55 to 0.57 times
 * the Linux bridge's rate. (Watching, so few looks would mean a wake-up for every burst of a block.)
 */
export const BRIDGE_IDLE_SPINS = 20;
/** What is in a worker loop's `moments`: when the burst began, and Unix time minus monotonic time as it was published last. */
const BURST_BEGAN = 0;
const UNIX_OFFSET = 1;
/** Parked, it still looks up this often, milliseconds: a lost wake-up could cost no more. */
const PARK_MS_MAX = 1000;

export interface WorkerLoopConfig {
  /** `spin` never parks: less latency, one core busy. */
  readonly idle: 'park' | 'spin';
  /** Empty looks at the ring before it parks. */
  readonly idleSpins: number;
}

export interface WorkerLoopDeps extends PacketJudgeDeps {
  readonly ring: RingConsumer;
  readonly cache: BufferCache;
  /** Where the packets in hand are kept; at least `WORKER_HAND` words. */
  readonly hand: Int32Array;
  readonly control: Int32Array;
  /** Of rx: while that waits for frames, the ring stays empty. */
  readonly rxDoorbell: Doorbell;
  readonly clock: Clock;
  /** The rules to begin with. */
  readonly judgement: Judgement;
  /** Fetches the newest generation; called between two hands when main has announced one. */
  readonly nextJudgement: () => Judgement | null;
}

/**
 * The life of a worker: hands from its ring through `PacketJudge`, and between them whatever main and stats ask
 * for. Runs on one thread, which does nothing else; a test may instead call `runHand` and
 * `attend` itself.
 */
export class WorkerLoop {
  private readonly judge: PacketJudge;
  /** The hand, burst by burst. */
  private readonly bursts: readonly Int32Array[];
  private readonly doorbell: Doorbell;
  private generation: number;
  private wasIdle = true;
  /** `BURST_BEGAN` and `UNIX_OFFSET`, milliseconds: cells, because a field of doubles is allocated at each change. */
  private readonly moments = new Float64Array(2);
  private idleSpins = 0;
  private readonly heap: HeapGauge;

  constructor(
    private readonly config: WorkerLoopConfig,
    private readonly deps: WorkerLoopDeps,
  ) {
    if (deps.hand.length < WORKER_HAND) {
      throw new InvariantError(`pool: a hand of ${deps.hand.length} buffers is too small for a worker`);
    }
    this.judge = new PacketJudge(deps, deps.judgement);
    this.bursts = Array.from({ length: WORKER_HAND / WORKER_BURST }, (_, i) =>
      deps.hand.subarray(i * WORKER_BURST, (i + 1) * WORKER_BURST),
    );
    this.heap = new HeapGauge(deps.clock);
    this.doorbell = new Doorbell(deps.control, CONTROL_DOORBELL);
    this.generation = deps.judgement.table.generation;
    this.moments[UNIX_OFFSET] = deps.clock.unixMs() - deps.clock.nowMs();
  }

  /** Works until main says stop and the ring is empty. Returns with the last counters published. */
  run(): void {
    const { control } = this.deps;
    this.resume();
    Atomics.store(control, CONTROL_GENERATION_IN_USE, this.generation);
    Atomics.store(control, CONTROL_STATE, STATE_RUNNING);
    for (;;) {
      const processed = this.runHand();
      this.attend();
      if (processed > 0) this.idleSpins = 0;
      else if (!this.rest()) return;
    }
  }

  /** Goes on with the hand that a predecessor died over; nothing where there was none. */
  resume(): void {
    const { hand, cache, clock } = this.deps;
    const { first, timed, count } = takeOver(this.deps);
    if (count === 0) return;
    const nowMs = clock.nowMs();
    this.beginBurst(nowMs);
    if (timed < first) this.judge.noteLatencies(hand.subarray(timed), first - timed, microseconds(nowMs));
    for (let at = first; at < count; at += WORKER_BURST) {
      this.runBurst(hand.subarray(at), Math.min(count - at, WORKER_BURST));
    }
    cache.freeHand(hand, count);
  }

  /** Takes what is in the ring through to its end, a hand at most. Returns how many packets that were. */
  runHand(): number {
    const { ring, hand, cache, clock } = this.deps;
    const { bursts } = this;
    const popped = ring.pop(hand, WORKER_HAND);
    if (popped === 0) {
      this.wasIdle = true;
      return 0;
    }
    if (this.wasIdle) {
      this.wasIdle = false;
      this.beginBurst(clock.nowMs());
    }
    for (let i = 0, left = popped; left > 0; i++, left -= WORKER_BURST) {
      this.runBurst(bursts[i], Math.min(left, WORKER_BURST));
    }
    cache.freeHand(hand, popped);
    return popped;
  }

  private runBurst(burst: Int32Array, count: number): void {
    const { banks, clock } = this.deps;
    this.judge.judgeBurst(burst, count);
    const endMs = clock.nowMs();
    this.judge.noteLatencies(burst, count, microseconds(endMs));
    banks.cells[banks.totals + WORKER_TOTALS.bursts] += 1;
    banks.cells[banks.totals + WORKER_TOTALS.busyMs] += endMs - this.moments[BURST_BEGAN];
    this.beginBurst(endMs);
  }

  /** The next burst begins where this one ends, or now. */
  private beginBurst(nowMs: number): void {
    const { moments } = this;
    moments[BURST_BEGAN] = nowMs;
    this.judge.burstUnixMs[0] = nowMs + moments[UNIX_OFFSET];
  }

  /** Between two hands: takes over new rules, publishes the counters when they are asked for. */
  attend(): void {
    const { control, banks } = this.deps;
    control[CONTROL_HEARTBEAT] += 1;
    if (Atomics.load(control, CONTROL_TABLE_GENERATION) !== this.generation) this.takeRules();
    if (banks.isRequested()) {
      this.setLevels();
      banks.publish();
    }
  }

  private takeRules(): void {
    for (;;) {
      const judgement = this.deps.nextJudgement();
      if (judgement === null) return;
      this.judge.useRules(judgement);
      this.generation = judgement.table.generation;
      Atomics.store(this.deps.control, CONTROL_GENERATION_IN_USE, this.generation);
    }
  }

  private setLevels(): void {
    const { banks, cache, ring, clock, orders } = this.deps;
    const nowMs = clock.nowMs();
    this.moments[UNIX_OFFSET] = clock.unixMs() - nowMs;
    this.beginBurst(this.moments[BURST_BEGAN]);
    setWorkerLevels(banks, ring, cache, orders);
    banks.setLevel(WORKER_LEVELS.heapBytes, this.heap.read());
  }

  /** Nothing in the ring: spins a little, then parks. Returns false when the work is over. */
  private rest(): boolean {
    const { control, ring, banks } = this.deps;
    if (Atomics.load(control, CONTROL_COMMAND) === COMMAND_STOP && ring.isEmpty()) {
      this.setLevels();
      banks.close();
      return false;
    }
    if (this.config.idle === 'spin') return true;
    // Nothing to spin for while rx waits in the kernel.
    if (++this.idleSpins < this.config.idleSpins && !this.deps.rxDoorbell.isPolling()) return true;
    this.idleSpins = 0;
    this.doorbell.announce();
    if (ring.isEmpty() && !this.hasOrders()) this.doorbell.sleep(PARK_MS_MAX);
    else this.doorbell.withdraw();
    return true;
  }

  private hasOrders(): boolean {
    const { control, banks } = this.deps;
    return (
      Atomics.load(control, CONTROL_COMMAND) === COMMAND_STOP ||
      Atomics.load(control, CONTROL_TABLE_GENERATION) !== this.generation ||
      banks.isRequested()
    );
  }
}
