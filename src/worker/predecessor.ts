import { WORKER_LEVELS, WORKER_TOTALS } from '../counters/catalogue.js';
import type { CounterBanks } from '../counters/counter-banks.js';
import { LatencyHistogram } from '../counters/latency-histogram.js';
import { InvariantError } from '../errors.js';
import type { BufferCache } from '../memory/buffer-cache.js';
import type { RingConsumer } from '../ring/ring-consumer.js';
import type { Transmitter } from '../tx/transmitter.js';

/*
 * What a worker leaves behind when it dies, and how its successor finds it. A thread can end anywhere: each
 * step of its burst is therefore committed by one store, and all that is needed to tell which steps were taken
 * lies in shared memory.
 *
 *   step                   committed by                      dead before it        dead after it
 *   pop a hand             the ring's read cursor            still in the ring     in the hand
 *   judge a packet         its outcome's packet cell         in the hand, open     in the hand, counted
 *   queue a frame          the send queue's count            an order too many     waits in the queue
 *   send a frame           its transmit cell                 waits in the queue    settled
 *   time a burst           its latency bucket's cell         in the hand, untimed  in the hand, timed
 *   give the hand back     the return ring's write cursor    in the hand           free
 *   publish                the published number              the same bank         the other bank
 *
 * So the hand holds what lies between `released` and the read cursor, and its first `outcomes + lost -
 * released` packets are done, since packets are counted in their order. The next one is what the worker was at: it
 * is lost, even if the worker died before it or behind it, so that no packet can end more than one worker. Those
 * behind it are judged by the successor. A packet that is lost may have left its bytes in a slot, an anomaly, or
 * a frame that was sent.
 *
 * Who dies with the lock of the pool's list has it broken by main at once (memory/cache-repair.ts): all others
 * would wait. Everything else waits for the successor, whose own memory it is from then on; it may die over it as
 * well, and the next one finds the same.
 */

export interface PredecessorDeps {
  readonly ring: RingConsumer;
  readonly cache: BufferCache;
  readonly hand: Int32Array;
  readonly banks: CounterBanks;
  readonly transmitter: Transmitter;
  /** The word in which frames to be sent are counted. */
  readonly orders: Int32Array;
}

/**
 * Packets in hand: those from `first` on are to be judged, those from `timed` on to have their latency noted, all
 * `count` of them to be given back. The one that was lost has a latency too: the histogram has as many packets as the
 * ring's read cursor says whenever the hand is empty.
 */
export interface Remains {
  readonly first: number;
  readonly timed: number;
  readonly count: number;
}

const NOTHING: Remains = { first: 0, timed: 0, count: 0 };

/**
 * Brings in order what a predecessor has left, and counts the packet that it died over as lost. Finds nothing
 * where there was none.
 */
export function takeOver({ ring, cache, hand, banks, transmitter, orders }: PredecessorDeps): Remains {
  // An order that was counted and not carried out any more is none: its packet is the lost one.
  orders[0] = transmitter.settle(orders[0]);
  const count = (ring.cursor - cache.released) | 0;
  if (count === 0) return NOTHING;
  const done = (banks.outcomes() + banks.total(WORKER_TOTALS.lost) - cache.released) | 0;
  const timed = (new LatencyHistogram(banks).packets() - cache.released) | 0;
  if (count < 0 || count > hand.length || done < 0 || done > count || timed < 0 || timed > done) {
    throw new InvariantError(
      `a dead worker has left ${count} packets in hand, ${done} of them done, ${timed} timed`,
    );
  }
  if (done === count) return { first: count, timed, count };
  banks.cells[banks.totals + WORKER_TOTALS.lost] += 1;
  return { first: done + 1, timed, count };
}

/**
 * Closes the books of a dead worker that gets no successor: what it had in hand and what waits in its ring is
 * lost, and given back. For main, when no other thread is at work any more.
 */
export function abandon(deps: PredecessorDeps): void {
  const { ring, cache, hand, banks, orders } = deps;
  const { first, count } = takeOver(deps);
  let held = count;
  let lost = count - first;
  do {
    banks.cells[banks.totals + WORKER_TOTALS.lost] += lost;
    cache.freeHand(hand, held);
    held = ring.pop(hand, hand.length);
    lost = held;
  } while (held > 0);
  setWorkerLevels(banks, ring, cache, orders);
  banks.close();
}

/** Notes how far a worker is, right before its counters are published. */
export function setWorkerLevels(
  banks: CounterBanks,
  ring: RingConsumer,
  cache: BufferCache,
  orders: Int32Array,
): void {
  banks.setLevel(WORKER_LEVELS.readCursor, ring.cursor);
  banks.setLevel(WORKER_LEVELS.poolTaken, cache.taken);
  banks.setLevel(WORKER_LEVELS.poolReturned, cache.returned);
  banks.setLevel(WORKER_LEVELS.poolCached, cache.count);
  banks.setLevel(WORKER_LEVELS.transmitOrders, orders[0]);
}
