import {
  ANOMALY_KINDS,
  DROP_REASONS,
  LATENCY_BOUNDS_SECONDS,
  SLOT_CELLS,
  TRANSMIT_FAILURES,
} from '../counters/catalogue.js';
import type { Identity } from './identity.js';

/** The engine's numbers as of one pass; all arrays are overwritten by the next. */
export interface Totals {
  /** Unix time of the pass, milliseconds; 0 before the first. Says when, not how long ago: clocks are set. */
  atMs: number;
  /** The same on the monotonic clock; -Infinity before the first. */
  passedMs: number;
  /** Packets, bytes and last match of every outcome slot over all workers, `SLOT_CELLS` each. */
  readonly slots: Float64Array;
  /** How many of these there is anything in, counted from slot 0: all behind are zeros. */
  slotsInUse: number;
  /** Packets and bytes received, and packets dropped by reason, of every interface. */
  readonly interfaces: readonly InterfaceTotals[];
  readonly workers: readonly WorkerTotals[];
  readonly anomalies: Float64Array;
  /** Frames that were to leave; of all workers, an int32 that wraps. */
  transmitOrders: number;
  /** Those of them that were handed to rx to be sent. */
  transmitQueued: number;
  /** Packets by latency bucket, not cumulative; the last one is above all bounds. */
  readonly latencyBuckets: Float64Array;
  latencySumSeconds: number;
  received: number;
  enqueued: number;
  processed: number;
  /** Enqueued, and ended with a worker that died. */
  lost: number;
  /** Enqueued and neither processed nor lost. */
  inFlight: number;
  /** The same as the rings have it, by their cursors. */
  inRings: number;
  rxBusySeconds: number;
  rxHeapBytes: number;
  sourceBytesRead: number;
  identity: Identity;
}

export interface InterfaceTotals {
  readonly name: string;
  packets: number;
  bytes: number;
  readonly dropped: Float64Array;
  /** Frames that the kernel had no room for: never received, so not among the dropped. */
  kernelDropped: number;
  sentPackets: number;
  sentBytes: number;
  /** By reason, in the order of `TRANSMIT_FAILURES`. */
  readonly failed: Float64Array;
}

export interface WorkerTotals {
  packets: number;
  lost: number;
  bursts: number;
  busySeconds: number;
  heapBytes: number;
}

/** Totals of an engine that has not counted anything yet. */
export function createTotals(interfaces: readonly string[], slotCount: number, workerCount: number): Totals {
  return {
    atMs: 0,
    passedMs: Number.NEGATIVE_INFINITY,
    slots: new Float64Array(slotCount * SLOT_CELLS),
    slotsInUse: 0,
    interfaces: interfaces.map((name) => ({
      name,
      packets: 0,
      bytes: 0,
      dropped: new Float64Array(DROP_REASONS.length),
      kernelDropped: 0,
      sentPackets: 0,
      sentBytes: 0,
      failed: new Float64Array(TRANSMIT_FAILURES.length),
    })),
    workers: Array.from({ length: workerCount }, () => ({
      packets: 0,
      lost: 0,
      bursts: 0,
      busySeconds: 0,
      heapBytes: 0,
    })),
    anomalies: new Float64Array(ANOMALY_KINDS.length),
    transmitOrders: 0,
    transmitQueued: 0,
    latencyBuckets: new Float64Array(LATENCY_BOUNDS_SECONDS.length + 1),
    latencySumSeconds: 0,
    received: 0,
    enqueued: 0,
    processed: 0,
    lost: 0,
    inFlight: 0,
    inRings: 0,
    rxBusySeconds: 0,
    rxHeapBytes: 0,
    sourceBytesRead: 0,
    identity: { holds: true, violations: [] },
  };
}

/** All of them together: of counts by reason, those for any reason. */
export function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
