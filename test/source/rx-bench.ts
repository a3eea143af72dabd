import {
  DROP_REASONS,
  enqueuedCell,
  RX_INTERFACE_BYTES,
  RX_INTERFACE_CELLS,
  RX_INTERFACE_FIRST_DROP,
  RX_INTERFACE_KERNEL_DROPPED,
  RX_INTERFACE_PACKETS,
  RX_TOTALS,
} from '../../src/counters/catalogue.js';
import { CounterBanks } from '../../src/counters/counter-banks.js';
import { CounterReader } from '../../src/counters/counter-reader.js';
import { createCounters, rxCountersShape } from '../../src/counters/counters-layout.js';
import { CONTROL_DOORBELL, controlOf, createControl } from '../../src/memory/control-layout.js';
import { Doorbell } from '../../src/memory/doorbell.js';
import { createPool, PacketPool } from '../../src/memory/packet-pool.js';
import { LINK_ETHERNET } from '../../src/protocol/link-type.js';
import { RingConsumer } from '../../src/ring/ring-consumer.js';
import { createRing } from '../../src/ring/ring-layout.js';
import { RingProducer } from '../../src/ring/ring-producer.js';
import type { FrameBatch } from '../../src/source/frame-batch.js';
import { RxLoop } from '../../src/source/rx-loop.js';
import { SOURCE_FINISHED, type Source } from '../../src/source/source.js';
import { ethernet, ipv4, udp } from '../fixtures/frames.js';

export const FRAME = ethernet({ payload: ipv4({ payload: udp({ dstPort: 53 }) }) });

/** Where such a frame has its UDP source port. */
const SRC_PORT_OFFSET = 34;

/** What the counters have room for: the two interfaces of the source, and one that is only sent to. */
const INTERFACE_COUNT = 3;

export interface GivenFrame {
  readonly bytes: Uint8Array;
  readonly wireBytes?: number;
  readonly interfaceIndex?: number;
  readonly isChecksumMissing?: boolean;
}

/** Gives prepared bursts, one a read, then the end. */
export class ScriptedSource implements Source {
  readonly interfaces = ['a', 'b'];
  readonly bytesRead = 77;
  /** Frames of each interface that the kernel has dropped since it was asked last. */
  readonly kernelDrops = [0, 0];
  block: ((timeoutMs: number) => void) | null = null;
  comesInBlocks = false;

  constructor(
    private readonly bursts: GivenFrame[][],
    readonly patienceMs = 0,
  ) {}

  open(): void {}

  read(batch: FrameBatch): number {
    const frames = this.bursts.shift();
    if (frames === undefined) return SOURCE_FINISHED;
    const lengths = frames.map((frame) => frame.bytes.length);
    const memory = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
    batch.attach(memory);
    batch.frameCount = 0;
    let at = 0;
    for (const { bytes, wireBytes = bytes.length, interfaceIndex = 0, isChecksumMissing = false } of frames) {
      memory.set(bytes, at);
      batch.add(at, bytes.length, wireBytes, LINK_ETHERNET, interfaceIndex, isChecksumMissing);
      at += bytes.length;
    }
    return frames.length;
  }

  waitMs(): number {
    return 1;
  }

  takeKernelDrops(interfaceIndex: number): number {
    const drops = this.kernelDrops[interfaceIndex];
    this.kernelDrops[interfaceIndex] = 0;
    return drops;
  }

  close(): void {}
}

interface BenchOptions {
  readonly workers?: number;
  readonly ringSlots?: number;
  readonly poolBuffers?: number;
  readonly isBridge?: boolean;
}

/** As many frames, numbered by their UDP source ports. */
export function numbered(count: number, first = 0): GivenFrame[] {
  return Array.from({ length: count }, (_, i) => ({
    bytes: ethernet({ payload: ipv4({ payload: udp({ srcPort: first + i, dstPort: 53 }) }) }),
  }));
}

/**
 * An rx loop on the test's own thread; the test plays the workers, and it decides how time goes by: every
 * look at the clock takes `stepMs`, and then `work` is called.
 */
export class RxBench {
  readonly pool: PacketPool;
  readonly consumers: readonly RingConsumer[];
  readonly loop: RxLoop;
  readonly control: Int32Array;
  /** The workers' ends of their doorbells. */
  readonly doorbells: readonly Doorbell[];
  /** True when the worker has announced that it sleeps, and nobody has woken it. */
  readonly isParked: (worker: number) => boolean;
  nowMs = 5;
  stepMs = 0;
  /** What the workers do while rx waits. */
  work: () => void = () => undefined;
  private readonly workers: number;
  private readonly reader: CounterReader;

  constructor(
    source: Source,
    { workers = 1, ringSlots = 64, poolBuffers = 256, isBridge = false }: BenchOptions = {},
  ) {
    this.workers = workers;
    this.pool = new PacketPool(
      createPool({
        bufferCount: poolBuffers,
        bufferBytes: 256,
        threadCount: 1 + workers,
        handBuffers: 32 * workers,
      }),
    );
    const rings = Array.from({ length: workers }, () => createRing(ringSlots));
    this.consumers = rings.map((ring) => new RingConsumer(ring));
    const controls = createControl(1 + workers);
    const control = controlOf(controls, 0);
    this.control = control;
    const counters = createCounters(rxCountersShape(INTERFACE_COUNT, workers));
    this.reader = new CounterReader(counters, control);
    this.doorbells = rings.map(
      (_, worker) => new Doorbell(controlOf(controls, 1 + worker), CONTROL_DOORBELL),
    );
    this.isParked = (worker) => controlOf(controls, 1 + worker)[CONTROL_DOORBELL] !== 0;
    this.loop = new RxLoop(
      { idle: 'park', isBridge },
      {
        source,
        pool: this.pool,
        cache: this.pool.cacheOf(0),
        hand: this.pool.handOf(0),
        rings: rings.map((ring) => new RingProducer(ring)),
        doorbells: this.doorbells,
        banks: new CounterBanks(counters, control),
        interfaceCount: INTERFACE_COUNT,
        control,
        clock: { nowMs: () => this.look(), unixMs: () => this.nowMs },
      },
    );
  }

  published() {
    this.reader.request(0);
    this.loop.attend();
    this.reader.take(0);
    const { totals, levels } = this.reader;
    const interfaces = [0, 1].map((index) => {
      const cell = RX_TOTALS.firstInterface + index * RX_INTERFACE_CELLS;
      return {
        packets: totals[cell + RX_INTERFACE_PACKETS],
        bytes: totals[cell + RX_INTERFACE_BYTES],
        kernelDropped: totals[cell + RX_INTERFACE_KERNEL_DROPPED],
        dropped: Object.fromEntries(
          DROP_REASONS.map((reason, i) => [reason, totals[cell + RX_INTERFACE_FIRST_DROP + i]]),
        ),
      };
    });
    const enqueued = Array.from(
      { length: this.workers },
      (_, worker) => totals[enqueuedCell(INTERFACE_COUNT, worker)],
    );
    return { interfaces, enqueued, levels: [...levels] };
  }

  pop(worker = 0, max = 256): number[] {
    const into = new Int32Array(256);
    return [...into.subarray(0, this.consumers[worker].pop(into, max))];
  }

  /** Takes frames out of the first worker's ring and gives their buffers back. Returns their numbers. */
  processFrames(max = 256): number[] {
    return this.pop(0, max).map((index) => {
      const number = this.pool.view.getUint16(this.pool.frameByteOffset(index) + SRC_PORT_OFFSET);
      this.pool.cacheOf(1).freeHand(Int32Array.of(index), 1);
      return number;
    });
  }

  /** Runs a burst. Returns the time that it took, milliseconds. */
  timeBurst(): number {
    const beganMs = this.nowMs;
    this.loop.runBurst();
    return this.nowMs - beganMs;
  }

  private look(): number {
    this.nowMs += this.stepMs;
    this.work();
    return this.nowMs;
  }
}
