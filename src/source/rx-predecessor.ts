import type { BufferCache } from '../memory/buffer-cache.js';
import type { PacketPool } from '../memory/packet-pool.js';
import type { RxDesk } from '../memory/rx-desk.js';
import type { RingProducer } from '../ring/ring-producer.js';
import * as frameBatch from './frame-batch.js';
import type { RxCounters } from './rx-counters.js';

const { BURST_FRAMES } = frameBatch;

/*
 * What the rx thread leaves behind when it dies, and how its successor finds it. As in worker/predecessor.ts each
 * step is committed by one store.
 *
 *   step                  committed by                 dead before it              dead after it
 *   stage a frame         the cache's count (`take`)   unstaged; read again        in the hand
 *   push what is staged   the ring's write cursor      in the hand                 in the ring; counted next
 *   count what is pushed  the desk's open entry        counted by the successor    carried out again: the same
 *   drop a frame          the desk's open entry        in the hand, or read again  counted, freed, unstaged
 *   go on in the source   source.resume                frames not dealt with are given again
 *
 * So no frame is lost, and none is given to two workers or twice to one. What is not exact: frames that the kernel
 * had dropped and had just told the thread about (outside the identity), and the time that the burst took.
 */

export interface RxPredecessorDeps {
  readonly pool: PacketPool;
  readonly cache: BufferCache;
  readonly hand: Int32Array;
  readonly rings: readonly RingProducer[];
  readonly banks: { readonly cells: Float64Array };
  readonly counters: RxCounters;
  readonly desk: RxDesk;
}

/**
 * Brings in order what a predecessor has left; finds nothing where there was none. May be died over and begun again.
 *
 * @returns frames ever dealt with, modulo 2^32: what is in a ring, dropped or still in the hand.
 */
export function takeOver(deps: RxPredecessorDeps): number {
  const { pool, cache, hand, rings, counters, desk } = deps;
  if (desk.isOpen()) finishEntry(deps);
  let dealt = counters.dropped() | 0;
  for (const ring of rings) dealt = (dealt + ring.cursor) | 0;
  const uncounted = (dealt - counters.received()) | 0;
  rings.forEach((ring, worker) => {
    const missing = (ring.cursor - counters.enqueued(worker)) | 0;
    const pushed = (ring.cursor - desk.cursor(worker)) | 0;
    // One ring at a time is pushed to and counted: this one, and what is not counted are its last frames.
    if (missing > 0 && uncounted > 0) {
      const first = worker * BURST_FRAMES + pushed - uncounted;
      countReceived(pool, counters, hand, first, uncounted);
    }
    if (missing > 0) counters.countEnqueued(worker, missing);
    const staged = desk.staged(worker);
    if (staged === 0 || staged === pushed) return;
    const isTaken = !cache.has(hand[worker * BURST_FRAMES + staged - 1]);
    if (!isTaken) desk.setStaged(worker, staged - 1);
    dealt = (dealt + staged - pushed - (isTaken ? 0 : 1)) | 0;
  });
  return dealt;
}

function finishEntry({ cache, hand, banks, desk }: RxPredecessorDeps): void {
  desk.carryOut(banks.cells);
  const { droppedBuffer: buffer, droppedOf: worker } = desk;
  if (buffer >= 0) {
    if (!cache.has(buffer)) cache.free(buffer);
    const staged = desk.staged(worker);
    if (staged > 0 && hand[worker * BURST_FRAMES + staged - 1] === buffer) desk.setStaged(worker, staged - 1);
  }
  desk.close();
}

/**
 * Counts buffers of the hand that have just been pushed, first by interface and then by worker.
 *
 * @param first position in the hand.
 */
export function countEnqueued(
  pool: PacketPool,
  counters: RxCounters,
  hand: Int32Array,
  first: number,
  count: number,
  worker: number,
): void {
  countReceived(pool, counters, hand, first, count);
  counters.countEnqueued(worker, count);
}

/** The buffers may be the worker's by now, or free; their descriptors are written by this thread only. */
function countReceived(
  pool: PacketPool,
  counters: RxCounters,
  hand: Int32Array,
  first: number,
  count: number,
): void {
  let at = first;
  while (at < first + count) {
    const interfaceIndex = pool.interfaceIndex(hand[at]);
    let packets = 0;
    let bytes = 0;
    for (; at < first + count && pool.interfaceIndex(hand[at]) === interfaceIndex; at++) {
      packets += 1;
      bytes += pool.wireBytes(hand[at]);
    }
    counters.countReceived(interfaceIndex, packets, bytes);
  }
}
