/** What one pass has measured, each number by the thread that it is about. */
export interface IdentityEvidence {
  /** Frames that the source handed to rx and whose fate is known. */
  readonly received: number;
  /** Frames that rx dropped, all reasons and interfaces. */
  readonly dropped: number;
  /** Frames that workers were to send (int32, wraps); those that were sent, and failed; those that wait for their sender. */
  readonly transmitOrders: number;
  readonly sent: number;
  readonly transmitFailed: number;
  readonly transmitWaiting: number;
  /** Buffers in rx's hand. */
  readonly held: number;
  /** Pool traffic of every thread: int32 counts of buffers moved, and buffers in its cache. */
  readonly pools: readonly { readonly taken: number; readonly returned: number; readonly cached: number }[];
  readonly workers: readonly {
    /** Packets that rx counted into the worker's ring, and the ring's own cursor (int32) after them. */
    readonly enqueued: number;
    readonly writeCursor: number;
    /** Sum of the worker's outcomes, packets lost with it, and the ring's own cursor (int32) after them. */
    readonly processed: number;
    readonly lost: number;
    readonly readCursor: number;
  }[];
}

export interface Identity {
  readonly holds: boolean;
  /** One sentence for each equation that does not hold, with both sides. */
  readonly violations: readonly string[];
}

const HOLDS: Identity = { holds: true, violations: [] };

/**
 * Checks that every frame and every buffer is where the counters say.
 *
 *     received  = enqueued + dropped
 *     enqueued  = write cursor of each ring (modulo 2^32)
 *     processed + lost = read cursor of each ring (modulo 2^32), and no more than was enqueued
 *     frames to be sent = sent + failed by reason + waiting (modulo 2^32)
 *     buffers out of the pool = in flight + in rx's hand + waiting to be sent
 *
 * The two sides of each equation are counted by different code: the cursors by the rings, the buffers
 * by the pool, the packets by the loops.
 */
export function checkIdentity(evidence: IdentityEvidence): Identity {
  const violations: string[] = [];
  const expectEqual = (what: string, left: number, right: number) => {
    if (left !== right) violations.push(`${what}: ${left} is not ${right}`);
  };
  let enqueued = 0;
  let inFlight = 0;
  evidence.workers.forEach((worker, i) => {
    expectEqual(`worker ${i}: enqueued and write cursor`, worker.enqueued | 0, worker.writeCursor);
    const done = worker.processed + worker.lost;
    expectEqual(`worker ${i}: processed + lost and read cursor`, done | 0, worker.readCursor);
    if (done > worker.enqueued) {
      violations.push(`worker ${i}: processed or lost ${done} of ${worker.enqueued} enqueued`);
    }
    enqueued += worker.enqueued;
    inFlight += worker.enqueued - done;
  });
  expectEqual('received and enqueued + dropped', evidence.received, enqueued + evidence.dropped);
  expectEqual(
    'frames to be sent and sent + failed + waiting',
    evidence.transmitOrders,
    (evidence.sent + evidence.transmitFailed + evidence.transmitWaiting) | 0,
  );
  // Modulo 2^32, because the pool's counts of moved buffers wrap.
  const out = evidence.pools.reduce((sum, pool) => (sum + pool.taken - pool.returned - pool.cached) | 0, 0);
  const held = evidence.held + evidence.transmitWaiting;
  expectEqual('buffers out of the pool and in flight + held', out, (inFlight + held) | 0);
  return violations.length === 0 ? HOLDS : { holds: false, violations };
}
