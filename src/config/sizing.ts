import { BUFFERS_BYTES_MAX, bufferStrideBytes, CACHE_BUFFERS } from '../memory/pool-layout.js';
import { BURST_FRAMES } from '../source/frame-batch.js';
import { WORKER_HAND } from '../worker/hand.js';
import type { Config } from './schema.js';

/** Buffers that the rx thread can have staged for one worker, on their way to its ring. */
const STAGED_BUFFERS = BURST_FRAMES;
/** Workers that `auto` stops at: more seldom help, since one rx thread feeds them all. */
const AUTO_WORKERS_MAX = 4;

/** Slots of a ring that `auto` chooses. */
const RING_SLOTS = 1024;
/**
 * Slots of all rings together where frames come in blocks: one holds some 3,000 to 6,000 small frames, and
 * rx reads it in one go. With rings for a whole block it need not wait in the middle of one until a worker
 * has woken up: a quarter less processor time a packet at 50,000 and 200,000 packets per second. Demo traffic,
 * which waits for nobody, has the same: 160 ms at its default rate, in which another program may have the
 * processor.
 */
const DEEP_RING_SLOTS = 8192;

/** The most buffers that a pool may have, whatever their size. */
export const POOL_BUFFERS_MAX = 4_194_304;

/** The most buffers that a pool may have. `bufferBytes`: of each. */
export function poolBuffersMax(bufferBytes: number): number {
  return Math.min(POOL_BUFFERS_MAX, Math.floor(BUFFERS_BYTES_MAX / bufferStrideBytes(bufferBytes)));
}

/**
 * Number of worker threads.
 *
 * @param workers as configured: 1 to 64, or `auto` for the available cores less one, 1 to 4; in a bridge on two
 *   cores or more at least one for each port (source/worker-deal.ts).
 * @param availableCores cores that this process may run on, from 1.
 */
export function resolveWorkers(
  { workers, bridge }: Pick<SizingSettings, 'workers' | 'bridge'>,
  availableCores: number,
): number {
  if (workers !== 'auto') return workers;
  const least = bridge !== null && availableCores > 1 ? 2 : 1;
  // One core stays for the rx thread, which is busy whenever the workers are.
  return Math.min(Math.max(availableCores - 1, least), AUTO_WORKERS_MAX);
}

/**
 * Buffers that can be neither in the pool's global list nor in a return ring at one moment. A pool that is smaller runs out
 * before the rings are full, so that a full ring could never be the reason of a drop.
 *
 * @param workers worker threads, from 1.
 * @param ringSlots slots of each worker's ring.
 */
export function poolBuffersMin(workers: number, ringSlots: number): number {
  const threads = 1 + workers; // The rx thread and the workers are those that touch buffers.
  return (
    workers * ringSlots + // every ring full,
    workers * STAGED_BUFFERS + // a burst staged for every ring,
    BURST_FRAMES + // a burst in rx's hand,
    workers * WORKER_HAND + // a hand in every worker,
    threads * CACHE_BUFFERS // and every thread's cache full.
  );
}

/**
 * Number of buffers in the pool.
 *
 * @param poolBuffers as configured: a count, or `auto` for the minimum and half as many again, as far
 *   as a pool may have.
 * @param workers worker threads, from 1.
 * @param ringSlots slots of each worker's ring.
 * @param bufferBytes of each buffer.
 */
export function resolvePoolBuffers(
  poolBuffers: number | 'auto',
  workers: number,
  ringSlots: number,
  bufferBytes: number,
): number {
  if (poolBuffers !== 'auto') return poolBuffers;
  const min = poolBuffersMin(workers, ringSlots);
  return Math.min(min + Math.ceil(min / 2), poolBuffersMax(bufferBytes));
}

/** What the sizes depend on. */
export type SizingSettings = Pick<
  Config,
  'source' | 'bridge' | 'workers' | 'ringSlots' | 'poolBuffers' | 'bufferBytes'
>;

/** Numbers of workers, slots of each ring, and buffers in the pool, with `auto` made up for. */
export interface Sizes {
  readonly workerCount: number;
  readonly ringSlots: number;
  readonly poolBuffers: number;
}

/** @param availableCores cores that this process may run on, from 1. */
export function resolveSizes(settings: SizingSettings, availableCores: number): Sizes {
  const workerCount = resolveWorkers(settings, availableCores);
  const ringSlots = resolveRingSlots(settings, workerCount);
  return {
    workerCount,
    ringSlots,
    poolBuffers: resolvePoolBuffers(settings.poolBuffers, workerCount, ringSlots, settings.bufferBytes),
  };
}

/**
 * Slots of each worker's ring: as configured, or `auto`, which keeps to the pool that is configured.
 *
 * @param workers worker threads, from 1.
 */
export function resolveRingSlots(
  { source, bridge, ringSlots, poolBuffers }: Omit<SizingSettings, 'bufferBytes'>,
  workers: number,
): number {
  if (ringSlots !== 'auto') return ringSlots;
  const isWatching = source === 'afpacket' && bridge === null;
  if (!isWatching && source !== 'demo') return RING_SLOTS;
  let slots = 2 ** Math.floor(Math.log2(DEEP_RING_SLOTS / workers));
  while (slots > RING_SLOTS && poolBuffers !== 'auto' && poolBuffersMin(workers, slots) > poolBuffers)
    slots /= 2;
  return Math.max(slots, RING_SLOTS);
}
