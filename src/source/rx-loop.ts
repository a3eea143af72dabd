import { getHeapStatistics } from 'node:v8';
import * as catalogue from '../counters/catalogue.js';
import { enqueuedCell } from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';
import type { BufferCache } from '../memory/buffer-cache.js';
import { type Clock, microseconds } from '../memory/clock.js';
import * as controlLayout from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import type { PacketPool } from '../memory/packet-pool.js';
import type { RingProducer } from '../ring/ring-producer.js';
import { FlowHash, workerOf } from './flow-hash.js';
import * as frameBatch from './frame-batch.js';
import { FrameBatch } from './frame-batch.js';
import { copyFrame } from './frame-copy.js';
import type { Source } from './source.js';
import * as sourceModule from './source.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const {
  DROP_REASONS,
  RX_INTERFACE_BYTES,
  RX_INTERFACE_CELLS,
  RX_INTERFACE_FIRST_DROP,
  RX_INTERFACE_PACKETS,
  RX_LEVELS,
  RX_TOTALS,
} = catalogue;
const { COMMAND_STOP, CONTROL_COMMAND, CONTROL_DOORBELL, CONTROL_STATE, STATE_FINISHED, STATE_RUNNING } =
  controlLayout;
const { BURST_FRAMES } = frameBatch;
const { SOURCE_FINISHED } = sourceModule;

/** Looks at a full ring, or an empty pool, before a source that can wait goes to sleep over it. */
const WAIT_SPINS = 500;
/** Sleep then, milliseconds: well under the time in which a worker empties its ring. */
const WAIT_MS = 0.05;
/** Sleep at most this long when the source has nothing, milliseconds. */
const IDLE_MS_MAX = 1000;

const POOL_EXHAUSTED = DROP_REASONS.indexOf('pool_exhausted');
const RING_FULL = DROP_REASONS.indexOf('ring_full');

export interface RxLoopConfig {
  /** `spin` never sleeps: less latency, one core busy. */
  readonly idle: 'park' | 'spin';
}

export interface RxLoopDeps {
  readonly source: Source;
  readonly pool: PacketPool;
  readonly cache: BufferCache;
  /** Where frames wait for their ring: `BURST_FRAMES` words a worker. */
  readonly hand: Int32Array;
  /** One ring and one doorbell a worker. */
  readonly rings: readonly RingProducer[];
  readonly doorbells: readonly Doorbell[];
  readonly banks: CounterBanks;
  readonly control: Int32Array;
  readonly clock: Clock;
}

/**
 * Takes frames from the source into the pool and deals them out to the workers' rings.
 *
 * A frame is counted as received at the moment its fate is known, in a ring or dropped: so received =
 * enqueued + dropped holds whenever the counters are published, even in the middle of a wait.
 */
export class RxLoop {
  private readonly batch = new FrameBatch();
  private readonly flowHash: FlowHash;
  private readonly doorbell: Doorbell;
  private readonly workerCount: number;
  /** Frames staged for each worker, in the hand from `worker * BURST_FRAMES`. */
  private readonly stagedCount: Int32Array;
  /** Time that the present burst has spent asleep over full rings, milliseconds: not busy. */
  private sleptMs = 0;
  private heapBytes = 0;
  private heapReadMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly config: RxLoopConfig,
    private readonly deps: RxLoopDeps,
  ) {
    this.flowHash = new FlowHash(deps.pool);
    this.doorbell = new Doorbell(deps.control, CONTROL_DOORBELL);
    this.workerCount = deps.rings.length;
    this.stagedCount = new Int32Array(this.workerCount);
  }

  /**
   * Reads until main says stop. The source is open; at its end the loop stays, to answer.
   *
   * @param onFinished called once, when the source has no more to give.
   */
  run(onFinished: () => void): void {
    const { control, banks } = this.deps;
    let finished = false;
    Atomics.store(control, CONTROL_STATE, STATE_RUNNING);
    while (Atomics.load(control, CONTROL_COMMAND) !== COMMAND_STOP) {
      const frames = finished ? 0 : this.runBurst();
      this.attend();
      if (frames === SOURCE_FINISHED) {
        finished = true;
        Atomics.store(control, CONTROL_STATE, STATE_FINISHED);
        onFinished();
      } else if (frames === 0) {
        this.rest(finished);
      }
    }
    this.setLevels();
    banks.close();
  }

  /** Takes one burst from the source through to the rings. Returns what `Source.read` returned. */
  runBurst(): number {
    const { source, clock, banks } = this.deps;
    const batch = this.batch;
    const beganMs = clock.nowMs();
    const frames = source.read(batch, beganMs);
    if (frames <= 0) return frames;
    const rxUs = microseconds(beganMs);
    for (let i = 0; i < frames; i++) this.receive(i, rxUs);
    for (let worker = 0; worker < this.workerCount; worker++) this.flush(worker);
    banks.cells[banks.totals + RX_TOTALS.bursts] += 1;
    banks.cells[banks.totals + RX_TOTALS.busyMs] += clock.nowMs() - beganMs - this.sleptMs;
    this.sleptMs = 0;
    return frames;
  }

  /** Publishes the counters when they are asked for. */
  attend(): void {
    if (!this.deps.banks.isRequested()) return;
    this.setLevels();
    this.deps.banks.publish();
  }

  /** Copies one frame of the batch into a buffer and stages it for its worker. */
  private receive(frame: number, rxUs: number): void {
    const { pool, cache, hand } = this.deps;
    const batch = this.batch;
    const interfaceIndex = batch.interfaceIndex[frame];
    const wireBytes = batch.wireBytes[frame];
    let buffer = cache.alloc();
    if (buffer < 0) {
      buffer = this.allocLater();
      if (buffer < 0) {
        this.countReceived(interfaceIndex, wireBytes);
        this.countDropped(interfaceIndex, POOL_EXHAUSTED);
        return;
      }
    }
    const capturedBytes = batch.capturedBytes[frame];
    const { bufferBytes } = pool.shape;
    const keptBytes = Math.min(capturedBytes, bufferBytes);
    copyFrame(batch.view, batch.byteOffset[frame], pool.words, pool.frameByteOffset(buffer) >>> 2, keptBytes);
    const isOversize = keptBytes < capturedBytes;
    pool.describe(buffer, keptBytes, wireBytes, batch.linkType[frame], interfaceIndex, rxUs, isOversize);
    const worker = this.workerCount === 1 ? 0 : workerOf(this.flowHash.hash(buffer), this.workerCount);
    hand[worker * BURST_FRAMES + this.stagedCount[worker]] = buffer;
    this.stagedCount[worker] += 1;
  }

  /** The pool is empty: a source that can wait waits for a buffer, any other one loses the frame. */
  private allocLater(): number {
    const { source, cache } = this.deps;
    if (!source.canWait) return -1;
    // What is staged can only be freed by the workers: it must be on its way before we wait for it.
    for (let worker = 0; worker < this.workerCount; worker++) this.flush(worker);
    for (let spins = 1; ; spins++) {
      const buffer = cache.alloc();
      if (buffer >= 0) return buffer;
      this.waitForWorkers(spins);
    }
  }

  /** Pushes what is staged for a worker; what has no room is dropped, or waited for. */
  private flush(worker: number): void {
    const { source, hand, rings, doorbells, cache, pool } = this.deps;
    const staged = this.stagedCount[worker];
    if (staged === 0) return;
    const first = worker * BURST_FRAMES;
    let done = 0;
    for (let spins = 0; ; spins++) {
      const pushed = rings[worker].push(hand, first + done, staged - done);
      if (pushed > 0) {
        doorbells[worker].ring();
        this.countEnqueued(worker, first + done, pushed);
        done += pushed;
        spins = 0;
      }
      this.stagedCount[worker] = staged - done;
      if (done === staged || !source.canWait) break;
      this.waitForWorkers(spins + 1);
    }
    for (; done < staged; done++) {
      const buffer = hand[first + done];
      this.countReceived(pool.interfaceIndex(buffer), pool.wireBytes(buffer));
      this.countDropped(pool.interfaceIndex(buffer), RING_FULL);
      cache.free(buffer);
    }
    this.stagedCount[worker] = 0;
  }

  private countEnqueued(worker: number, first: number, count: number): void {
    const { hand, banks, pool, source } = this.deps;
    for (let i = first; i < first + count; i++) {
      // The buffer may be the worker's by now, or free; its descriptor is written by this thread only.
      this.countReceived(pool.interfaceIndex(hand[i]), pool.wireBytes(hand[i]));
    }
    banks.cells[banks.totals + enqueuedCell(source.interfaces.length, worker)] += count;
  }

  private countReceived(interfaceIndex: number, wireBytes: number): void {
    const { banks } = this.deps;
    const cell = banks.totals + RX_TOTALS.firstInterface + interfaceIndex * RX_INTERFACE_CELLS;
    banks.cells[cell + RX_INTERFACE_PACKETS] += 1;
    banks.cells[cell + RX_INTERFACE_BYTES] += wireBytes;
  }

  private countDropped(interfaceIndex: number, reason: number): void {
    const { banks } = this.deps;
    const cell = banks.totals + RX_TOTALS.firstInterface + interfaceIndex * RX_INTERFACE_CELLS;
    banks.cells[cell + RX_INTERFACE_FIRST_DROP + reason] += 1;
  }

  private setLevels(): void {
    const { banks, cache, clock, rings, source } = this.deps;
    const nowMs = clock.nowMs();
    // Heap statistics take microseconds and allocate: once a second, however often counters are read.
    if (nowMs - this.heapReadMs >= 1000) {
      this.heapReadMs = nowMs;
      this.heapBytes = getHeapStatistics().used_heap_size;
    }
    let held = 0;
    for (let worker = 0; worker < this.workerCount; worker++) {
      held += this.stagedCount[worker];
      banks.setLevel(RX_LEVELS.firstWriteCursor + worker, rings[worker].cursor);
    }
    banks.setLevel(RX_LEVELS.held, held);
    banks.setLevel(RX_LEVELS.poolTaken, cache.taken);
    banks.setLevel(RX_LEVELS.poolReturned, cache.returned);
    banks.setLevel(RX_LEVELS.poolCached, cache.count);
    banks.setLevel(RX_LEVELS.heapBytes, this.heapBytes);
    banks.setLevel(RX_LEVELS.sourceBytesRead, source.bytesRead);
  }

  /** Spins at first, then sleeps briefly; answers the reader meanwhile. */
  private waitForWorkers(spins: number): void {
    this.attend();
    if (spins < WAIT_SPINS || this.config.idle === 'spin') return;
    const beganMs = this.deps.clock.nowMs();
    this.doorbell.announce();
    if (this.deps.banks.isRequested()) this.doorbell.withdraw();
    else this.doorbell.sleep(WAIT_MS);
    this.sleptMs += this.deps.clock.nowMs() - beganMs;
  }

  /** Nothing is due: sleeps until something can be, or until somebody rings. */
  private rest(finished: boolean): void {
    const { source, clock, control, banks } = this.deps;
    if (this.config.idle === 'spin' && !finished) return;
    const waitMs = finished ? IDLE_MS_MAX : Math.min(source.waitMs(clock.nowMs()), IDLE_MS_MAX);
    if (waitMs <= 0) return;
    this.doorbell.announce();
    if (Atomics.load(control, CONTROL_COMMAND) === COMMAND_STOP || banks.isRequested()) {
      this.doorbell.withdraw();
    } else {
      this.doorbell.sleep(waitMs);
    }
  }
}
