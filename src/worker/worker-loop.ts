import { getHeapStatistics } from 'node:v8';
import {
  FIRST_UNMATCHED_SLOT,
  SLOT_BYTES,
  SLOT_CELLS,
  SLOT_LAST_MS,
  SLOT_PACKETS,
  WORKER_LEVELS,
  WORKER_TOTALS,
} from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';
import { LatencyHistogram } from '../counters/latency-histogram.js';
import type { BufferCache } from '../memory/buffer-cache.js';
import type { Clock } from '../memory/clock.js';
import {
  COMMAND_STOP,
  CONTROL_COMMAND,
  CONTROL_DOORBELL,
  CONTROL_GENERATION_IN_USE,
  CONTROL_STATE,
  CONTROL_TABLE_GENERATION,
  STATE_RUNNING,
} from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import type { PacketPool } from '../memory/packet-pool.js';
import { PARSED, Packet } from '../protocol/packet.js';
import { parseFrame } from '../protocol/parser.js';
import type { RingConsumer } from '../ring/ring-consumer.js';
import { type Matcher, NO_MATCH } from '../rules/matcher.js';
import { ACTIONS } from '../rules/rule.js';
import type { RuleTable } from '../rules/rule-table.js';
import { QUEUED, type Transmitter } from '../tx/transmitter.js';

/** Packets taken from the ring at a time. */
export const WORKER_BURST = 32;
/** Empty looks at the ring before the worker parks: some tens of microseconds. */
const IDLE_SPINS = 1000;
/** Parked, it still looks up this often, milliseconds: a lost wake-up could cost no more. */
const PARK_MS_MAX = 1000;

const FORWARD = ACTIONS.indexOf('forward');

/** A generation of the rules, ready to judge with. */
export interface Judgement {
  readonly table: RuleTable;
  readonly matcher: Matcher;
}

export interface WorkerLoopConfig {
  /** `spin` never parks: less latency, one core busy. */
  readonly idle: 'park' | 'spin';
}

export interface WorkerLoopDeps {
  readonly ring: RingConsumer;
  readonly pool: PacketPool;
  readonly cache: BufferCache;
  /** Where the burst in hand is kept; at least `WORKER_BURST` words. */
  readonly hand: Int32Array;
  readonly banks: CounterBanks;
  readonly control: Int32Array;
  readonly clock: Clock;
  readonly transmitter: Transmitter;
  /** The rules to begin with. */
  readonly judgement: Judgement;
  /** Fetches the newest generation; called between two bursts when main has announced one. */
  readonly nextJudgement: () => Judgement | null;
}

/**
 * The life of a packet in a worker: pop, parse, match, count, verdict, free. Runs on one thread, which
 * does nothing else; a test may instead call `runBurst` and `attend` itself.
 */
export class WorkerLoop {
  private readonly packet = new Packet();
  private readonly latency: LatencyHistogram;
  private readonly doorbell: Doorbell;
  private table: RuleTable;
  private matcher: Matcher;
  private wasIdle = true;
  private burstBeganMs = 0;
  /** Unix time minus monotonic time, milliseconds; refreshed whenever counters are published. */
  private unixOffsetMs = 0;
  private idleSpins = 0;
  private heapBytes = 0;
  private heapReadMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly config: WorkerLoopConfig,
    private readonly deps: WorkerLoopDeps,
  ) {
    this.latency = new LatencyHistogram(deps.banks);
    this.doorbell = new Doorbell(deps.control, CONTROL_DOORBELL);
    this.table = deps.judgement.table;
    this.matcher = deps.judgement.matcher;
    this.unixOffsetMs = deps.clock.unixMs() - deps.clock.nowMs();
  }

  /** Works until main says stop and the ring is empty. Returns with the last counters published. */
  run(): void {
    const { control } = this.deps;
    Atomics.store(control, CONTROL_GENERATION_IN_USE, this.table.generation);
    Atomics.store(control, CONTROL_STATE, STATE_RUNNING);
    for (;;) {
      const processed = this.runBurst();
      this.attend();
      if (processed > 0) this.idleSpins = 0;
      else if (!this.rest()) return;
    }
  }

  /** Takes one burst from the ring through to its end. Returns how many packets it had. */
  runBurst(): number {
    const { ring, hand, banks, clock, transmitter } = this.deps;
    const popped = ring.pop(hand, WORKER_BURST);
    if (popped === 0) {
      this.wasIdle = true;
      return 0;
    }
    if (this.wasIdle) {
      this.wasIdle = false;
      this.burstBeganMs = clock.nowMs();
    }
    const unixMs = this.burstBeganMs + this.unixOffsetMs;
    for (let i = 0; i < popped; i++) this.judge(hand[i], unixMs);
    transmitter.flush();
    const endMs = clock.nowMs();
    this.release(hand, popped, endMs);
    banks.cells[banks.totals + WORKER_TOTALS.bursts] += 1;
    banks.cells[banks.totals + WORKER_TOTALS.busyMs] += endMs - this.burstBeganMs;
    this.burstBeganMs = endMs;
    return popped;
  }

  /** Between two bursts: takes over new rules, publishes the counters when they are asked for. */
  attend(): void {
    const { control, banks } = this.deps;
    if (Atomics.load(control, CONTROL_TABLE_GENERATION) !== this.table.generation) this.takeRules();
    if (banks.isRequested()) {
      this.setLevels();
      banks.publish();
    }
  }

  /** Parses, matches and counts one packet, and carries out its verdict. */
  private judge(index: number, unixMs: number): void {
    const { pool, transmitter } = this.deps;
    const { packet, table } = this;
    const wireBytes = pool.wireBytes(index);
    packet.interfaceIndex = pool.interfaceIndex(index);
    let slot = parseFrame(
      pool.view,
      pool.frameByteOffset(index),
      pool.capturedBytes(index),
      wireBytes,
      pool.linkType(index),
      packet,
    );
    if (slot === PARSED) {
      const position = this.matcher.match(packet);
      let action = table.defaultAction;
      let outInterface = -1;
      if (position === NO_MATCH) {
        slot = FIRST_UNMATCHED_SLOT + action;
      } else {
        slot = table.slot(position);
        action = table.action(position);
        outInterface = table.outInterface(position);
      }
      if (action === FORWARD) this.countFailure(transmitter.queue(index, outInterface));
    }
    const anomalies = packet.anomalies | pool.anomalies(index);
    if (anomalies !== 0) this.countAnomalies(anomalies);
    this.count(slot, wireBytes, unixMs);
  }

  private count(slot: number, wireBytes: number, unixMs: number): void {
    const { banks } = this.deps;
    const cell = banks.slots + slot * SLOT_CELLS;
    banks.cells[cell + SLOT_BYTES] += wireBytes;
    banks.cells[cell + SLOT_LAST_MS] = unixMs;
    // Last, because this store is what makes the packet processed.
    banks.cells[cell + SLOT_PACKETS] += 1;
  }

  private countAnomalies(anomalies: number): void {
    const { banks } = this.deps;
    for (let kind = 0; anomalies !== 0; kind++, anomalies >>>= 1) {
      if ((anomalies & 1) !== 0) banks.cells[banks.totals + WORKER_TOTALS.firstAnomaly + kind] += 1;
    }
  }

  private countFailure(status: number): void {
    if (status === QUEUED) return;
    const { banks } = this.deps;
    banks.cells[banks.totals + WORKER_TOTALS.firstTransmitFailure + status] += 1;
  }

  /** Gives the burst's buffers back and notes how long its packets were under way. */
  private release(hand: Int32Array, count: number, endMs: number): void {
    const { pool, cache } = this.deps;
    let rxMs = pool.rxMs(hand[0]);
    let sameMoment = 0;
    for (let i = 0; i < count; i++) {
      const index = hand[i];
      const receivedMs = pool.rxMs(index);
      if (receivedMs !== rxMs) {
        this.latency.add(endMs - rxMs, sameMoment);
        rxMs = receivedMs;
        sameMoment = 0;
      }
      sameMoment++;
      cache.free(index);
    }
    this.latency.add(endMs - rxMs, sameMoment);
  }

  private takeRules(): void {
    for (;;) {
      const judgement = this.deps.nextJudgement();
      if (judgement === null) return;
      this.table = judgement.table;
      this.matcher = judgement.matcher;
      Atomics.store(this.deps.control, CONTROL_GENERATION_IN_USE, this.table.generation);
    }
  }

  private setLevels(): void {
    const { banks, cache, ring, clock } = this.deps;
    const nowMs = clock.nowMs();
    this.unixOffsetMs = clock.unixMs() - nowMs;
    // Heap statistics take microseconds and allocate: once a second, however often counters are read.
    if (nowMs - this.heapReadMs >= 1000) {
      this.heapReadMs = nowMs;
      this.heapBytes = getHeapStatistics().used_heap_size;
    }
    banks.setLevel(WORKER_LEVELS.readCursor, ring.cursor);
    banks.setLevel(WORKER_LEVELS.poolTaken, cache.taken);
    banks.setLevel(WORKER_LEVELS.poolReturned, cache.returned);
    banks.setLevel(WORKER_LEVELS.poolCached, cache.count);
    banks.setLevel(WORKER_LEVELS.heapBytes, this.heapBytes);
  }

  /** Nothing in the ring: spins a little, then parks. Returns false when the work is over. */
  private rest(): boolean {
    const { control, ring, banks } = this.deps;
    if (Atomics.load(control, CONTROL_COMMAND) === COMMAND_STOP && ring.isEmpty()) {
      this.setLevels();
      banks.close();
      return false;
    }
    if (this.config.idle === 'spin' || ++this.idleSpins < IDLE_SPINS) return true;
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
      Atomics.load(control, CONTROL_TABLE_GENERATION) !== this.table.generation ||
      banks.isRequested()
    );
  }
}
