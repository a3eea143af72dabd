import * as catalogue from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';
import { HeapGauge } from '../counters/heap-gauge.js';
import type { BufferCache } from '../memory/buffer-cache.js';
import { type Clock, microseconds } from '../memory/clock.js';
import * as controlLayout from '../memory/control-layout.js';
import type { Doorbell } from '../memory/doorbell.js';
import type { PacketPool } from '../memory/packet-pool.js';
import { RX_INDEX } from '../memory/pool-layout.js';
import type { RxDesk } from '../memory/rx-desk.js';
import type { RingProducer } from '../ring/ring-producer.js';
import * as frameBatch from './frame-batch.js';
import { FrameBatch } from './frame-batch.js';
import { FrameIntake } from './frame-intake.js';
import { Patience } from './patience.js';
import { RxCounters } from './rx-counters.js';
import { countEnqueued, takeOver } from './rx-predecessor.js';
import { RxRest, type RxRestConfig } from './rx-rest.js';
import type { Source } from './source.js';
import * as sourceModule from './source.js';
import { WorkerBells } from './worker-bells.js';
import { WorkerDeal } from './worker-deal.js';

// V8 folds a module's own constants into its code, and loads and checks imported ones at every use.
const { DROP_REASONS, RX_LEVELS } = catalogue;
const { COMMAND_STOP, CONTROL_COMMAND, CONTROL_HEARTBEAT, CONTROL_STATE, STATE_FINISHED, STATE_RUNNING } =
  controlLayout;
const { BURST_FRAMES } = frameBatch;
const { SOURCE_FINISHED } = sourceModule;

const POOL_EXHAUSTED = DROP_REASONS.indexOf('pool_exhausted');
const RING_FULL = DROP_REASONS.indexOf('ring_full');

export interface RxLoopConfig extends RxRestConfig {
  /** The source's two interfaces are the ports of a bridge. */
  readonly isBridge: boolean;
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
  /** Interfaces that the counters have room for: those of the source, first, and those only sent to. */
  readonly interfaceCount: number;
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
  private readonly intake: FrameIntake;
  private readonly counters: RxCounters;
  private readonly workerCount: number;
  /** How many frames are staged for each worker, in the hand from `worker * BURST_FRAMES`. */
  private readonly desk: RxDesk;
  /** What is left of it for each worker's ring, and for the pool. */
  private readonly ringPatience: readonly Patience[];
  private readonly poolPatience: Patience;
  /** In this burst: a whole one without it is plenty of room. */
  private wasPoolEmpty = false;
  private readonly bells: WorkerBells;
  private readonly rest: RxRest;
  private readonly heap: HeapGauge;

  constructor(
    config: RxLoopConfig,
    private readonly deps: RxLoopDeps,
  ) {
    this.desk = deps.pool.rxDeskOf(RX_INDEX);
    this.counters = new RxCounters(deps.banks, deps.interfaceCount, this.desk);
    this.workerCount = deps.rings.length;
    this.intake = new FrameIntake({
      ...deps,
      desk: this.desk,
      deal: new WorkerDeal(deps.interfaceCount, this.workerCount, config.isBridge),
      waitForBuffer: () => this.allocLater(),
      onDropped: (interfaceIndex, wireBytes) => this.dropUnread(interfaceIndex, wireBytes),
    });
    this.heap = new HeapGauge(deps.clock);
    this.bells = new WorkerBells(deps.doorbells);
    const { patienceMs } = deps.source;
    this.rest = new RxRest(config, deps);
    this.ringPatience = deps.rings.map(() => new Patience(patienceMs));
    this.poolPatience = new Patience(patienceMs);
  }

  /**
   * Reads until main says stop. The source is open; at its end the loop stays, to answer.
   *
   * @param onFinished called once, when the source has no more to give.
   */
  run(onFinished: () => void): void {
    const { control } = this.deps;
    let finished = false;
    this.begin();
    while (Atomics.load(control, CONTROL_COMMAND) !== COMMAND_STOP) {
      const frames = finished ? 0 : this.runBurst();
      this.attend();
      if (frames === SOURCE_FINISHED) {
        finished = true;
        Atomics.store(control, CONTROL_STATE, STATE_FINISHED);
        onFinished();
      } else if (frames === 0) {
        this.bells.ringAllDue();
        this.rest.wait(finished);
      }
    }
    this.end();
  }

  /**
   * Goes on where a predecessor has died, if there was one, and says that rx is at work: `run` does, and whoever
   * calls `runBurst` and `attend` instead.
   */
  begin(): void {
    const { source, rings, doorbells } = this.deps;
    const dealt = takeOver({ ...this.deps, counters: this.counters, desk: this.desk });
    source.resume?.(dealt);
    for (let worker = 0; worker < this.workerCount; worker++) {
      if (this.desk.staged(worker) > 0) this.flush(worker);
      else this.desk.clear(worker, rings[worker].cursor);
      // The predecessor may have died before it rang.
      doorbells[worker].ring();
    }
    Atomics.store(this.deps.control, CONTROL_STATE, STATE_RUNNING);
  }

  /** Before a pause, by whoever does not `run` it: the workers must not sleep over what they were given. */
  wakeWorkers(): void {
    this.bells.ringAllDue();
  }

  /** The last counters: nothing is counted after this. */
  end(): void {
    this.setLevels();
    this.deps.banks.close();
  }

  /** Takes one burst from the source through to the rings. Returns what `Source.read` returned. */
  runBurst(): number {
    const { source, clock } = this.deps;
    const batch = this.batch;
    const beganMs = clock.nowMs();
    batch.nowMs[0] = beganMs;
    const frames = source.read(batch);
    if (frames <= 0) return frames;
    this.rest.noteFrames(frames);
    this.intake.take(batch, microseconds(beganMs));
    for (let worker = 0; worker < this.workerCount; worker++) this.flush(worker);
    if (this.wasPoolEmpty) this.wasPoolEmpty = false;
    else if (this.poolPatience.isTouched()) this.poolPatience.renew();
    this.counters.countBurst(clock.nowMs() - beganMs - this.rest.takeNapMs());
    return frames;
  }

  /** Publishes the counters when they are asked for. */
  attend(): void {
    this.deps.control[CONTROL_HEARTBEAT] += 1;
    if (!this.deps.banks.isRequested()) return;
    this.setLevels();
    this.deps.banks.publish();
  }

  /** The pool is empty: waits for a buffer as long as the source's patience lasts. Returns it, or -1. */
  private allocLater(): number {
    const { cache, clock } = this.deps;
    this.wasPoolEmpty = true;
    if (!this.poolPatience.mayWait(clock)) return -1;
    // What is staged can only be freed by the workers: it must be on its way before we wait for it.
    for (let worker = 0; worker < this.workerCount; worker++) this.flush(worker);
    for (let spins = 1; this.poolPatience.mayWait(clock); spins++) {
      const buffer = cache.peek();
      if (buffer >= 0) return buffer;
      this.waitForWorkers(spins);
    }
    return -1;
  }

  private dropUnread(interfaceIndex: number, wireBytes: number): void {
    this.counters.countDropped(interfaceIndex, wireBytes, POOL_EXHAUSTED, -1, -1);
    this.desk.close();
  }

  /** Pushes what is staged for a worker; what has no room is dropped, or waited for. */
  private flush(worker: number): void {
    const { source, hand, rings, clock } = this.deps;
    const { desk } = this;
    const staged = desk.staged(worker);
    if (staged === 0) return;
    const first = worker * BURST_FRAMES;
    const patience = this.ringPatience[worker];
    // A predecessor may have pushed some of them.
    let done = (rings[worker].cursor - desk.cursor(worker)) | 0;
    for (let spins = 0; ; spins++) {
      const pushed = rings[worker].push(hand, first + done, staged - done);
      if (pushed > 0) {
        if (source.comesInBlocks || rings[worker].isHalfEmpty()) this.bells.ringLater(worker);
        else this.bells.ring(worker);
        countEnqueued(this.deps.pool, this.counters, hand, first + done, pushed, worker);
        done += pushed;
        spins = 0;
      }
      if (done === staged) break;
      if (!patience.mayWait(clock)) {
        this.bells.ring(worker);
        break;
      }
      this.waitForWorkers(spins + 1);
    }
    if (patience.isTouched() && rings[worker].isHalfEmpty()) patience.renew();
    for (let left = staged; left > done; left--) this.dropStaged(worker, hand[first + left - 1]);
    desk.clear(worker, rings[worker].cursor);
  }

  /** @param buffer the last one staged for the worker. */
  private dropStaged(worker: number, buffer: number): void {
    const { pool, cache } = this.deps;
    const { desk } = this;
    const wireBytes = pool.wireBytes(buffer);
    this.counters.countDropped(pool.interfaceIndex(buffer), wireBytes, RING_FULL, buffer, worker);
    cache.free(buffer);
    desk.setStaged(worker, desk.staged(worker) - 1);
    desk.close();
  }

  private setLevels(): void {
    const { banks, cache, rings, source } = this.deps;
    let held = 0;
    for (let worker = 0; worker < this.workerCount; worker++) {
      const staged = this.desk.staged(worker);
      if (staged > 0) held += staged - ((rings[worker].cursor - this.desk.cursor(worker)) | 0);
      banks.setLevel(RX_LEVELS.firstWriteCursor + worker, rings[worker].cursor);
    }
    for (let i = 0; i < source.interfaces.length; i++) {
      this.counters.countKernelDrops(i, source.takeKernelDrops(i));
    }
    banks.setLevel(RX_LEVELS.held, held);
    banks.setLevel(RX_LEVELS.poolTaken, cache.taken);
    banks.setLevel(RX_LEVELS.poolReturned, cache.returned);
    banks.setLevel(RX_LEVELS.poolCached, cache.count);
    banks.setLevel(RX_LEVELS.heapBytes, this.heap.read());
    banks.setLevel(RX_LEVELS.sourceBytesRead, source.bytesRead);
  }

  /** Answers the reader meanwhile. */
  private waitForWorkers(looks: number): void {
    this.bells.ringAllDue();
    this.attend();
    this.rest.nap(looks);
  }
}
