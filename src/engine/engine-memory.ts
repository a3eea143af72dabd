import {
  type CountersMemory,
  createCounters,
  rxCountersShape,
  workerCountersShape,
} from '../counters/counters-layout.js';
import { InvariantError } from '../errors.js';
import { wishForHugePages } from '../kernel/huge-pages.js';
import {
  CAPTURE_RING_WORDS,
  type CaptureMemory,
  createCaptureMemory,
  IDLE_RING_WORDS,
} from '../memory/capture-layout.js';
import { createControl } from '../memory/control-layout.js';
import { createPool, type PoolMemory } from '../memory/packet-pool.js';
import { INTERFACES_MAX } from '../memory/pool-layout.js';
import { createRing, type RingMemory } from '../ring/ring-layout.js';
import { createSampleRing, type SampleRingMemory } from '../ring/sample-ring-layout.js';
import { BURST_FRAMES } from '../source/frame-batch.js';
import { ORDER_RING_SLOTS } from '../tx/raw-socket-order-layout.js';
import { WORKER_HAND } from '../worker/hand.js';

/** Samples that wait for stats at a rate that it wants: what half a second brings, and room to brake. */
const SAMPLE_RING_SLOTS = 4096;

export interface EngineMemoryShape {
  readonly workerCount: number;
  readonly ringSlots: number;
  readonly poolBuffers: number;
  readonly bufferBytes: number;
  readonly ruleCapacity: number;
  readonly interfaceCount: number;
  /** True where the workers hand what is to be sent to rx. */
  readonly rxSends: boolean;
  /** True where stats may ask for the packets of a rule. */
  readonly captures: boolean;
  /** True where frames pass by at such rates that the pool should lie in large pages. */
  readonly hugePages: boolean;
  /** True where the workers hand samples of the packets to stats. */
  readonly samples: boolean;
}

/*
 * All memory that threads share, allocated and, but for the rings of captures, touched by main before the first thread
 * starts.
 *
 *   pool            pool-layout.ts          frames, descriptors, all that is free      rx, workers
 *   rings[i]        ring-layout.ts          buffer indexes, rx to worker i             rx, worker i
 *   transmitRings   ring-layout.ts          buffer indexes, worker i to rx (tx/raw-socket-order-layout.ts)
 *   rxCounters      counters-layout.ts      what rx has received and dropped           rx; stats reads
 *   workerCounters  counters-layout.ts      what each worker has seen                  worker i; stats reads
 *   captures        capture-layout.ts       packets of captured rules, worker i to stats   worker i, stats
 *   sampleRings     sample-ring-layout.ts   samples of packets, worker i to stats      worker i, stats
 *   control         control-layout.ts       orders, answers, doorbells                 everybody
 *
 * Threads are numbered rx 0, worker i 1 + i, in the pool and in the control block alike; stats comes last, in the
 * control block alone.
 */
export interface EngineMemory {
  readonly pool: PoolMemory;
  readonly rings: readonly RingMemory[];
  /** One a worker where rx sends for them (raw-socket), otherwise none. */
  readonly transmitRings: readonly RingMemory[];
  readonly rxCounters: CountersMemory;
  readonly workerCounters: readonly CountersMemory[];
  readonly captures: CaptureMemory;
  /** One a worker where samples are wanted, otherwise none. */
  readonly sampleRings: readonly SampleRingMemory[];
  readonly control: SharedArrayBuffer;
}

/** Buffers that a thread has in hand at most: a worker its hand, rx a burst staged for every worker. */
export function handBuffersOf(workerCount: number): number {
  return Math.max(WORKER_HAND, BURST_FRAMES * workerCount);
}

export function createEngineMemory(shape: EngineMemoryShape): EngineMemory {
  if (shape.interfaceCount > INTERFACES_MAX) {
    throw new InvariantError(`pool: a descriptor has no room for ${shape.interfaceCount} interfaces`);
  }
  const threadCount = 1 + shape.workerCount;
  const workers = Array.from({ length: shape.workerCount });
  return {
    pool: createPool(
      {
        bufferCount: shape.poolBuffers,
        bufferBytes: shape.bufferBytes,
        threadCount,
        handBuffers: handBuffersOf(shape.workerCount),
      },
      shape.hugePages ? wishForHugePages : undefined,
    ),
    rings: workers.map(() => createRing(shape.ringSlots)),
    transmitRings: shape.rxSends ? workers.map(() => createRing(ORDER_RING_SLOTS)) : [],
    rxCounters: createCounters(rxCountersShape(shape.interfaceCount, shape.workerCount)),
    workerCounters: workers.map(() =>
      createCounters(workerCountersShape(shape.ruleCapacity, shape.interfaceCount)),
    ),
    captures: createCaptureMemory(shape.workerCount, shape.captures ? CAPTURE_RING_WORDS : IDLE_RING_WORDS),
    sampleRings: shape.samples ? workers.map(() => createSampleRing(SAMPLE_RING_SLOTS)) : [],
    control: createControl(threadCount + 1),
  };
}
