/**
 * Among which workers the frames of an interface are dealt out by their flows.
 *
 * Watching, all interfaces share all workers, so that both directions of a flow meet the same one. A bridge divides
 * them between its two ports: what one direction sends is on its way while the other one's is still being sent. The
 * kernel handles a frame that is sent as far as its receiver's socket within sendmmsg(2), on the processor of the
 * worker that sends it. With one worker, that was one processor for the data and the acknowledgements of a TCP
 * connection; with one a port, iperf3 went from 0.44, 0.37, 0.35 (three rounds in turn, on a busy machine) to 0.68,
 * 0.56, 0.48 times the Linux bridge's rate on two processors, for 60 microseconds more of a ping's median. A
 * direction's frames stay in their order: they still meet one worker.
 */
export class WorkerDeal {
  /** The first worker of each interface, and how many there are from there on. */
  readonly first: Int32Array;
  readonly count: Int32Array;

  /**
   * @param interfaceCount interfaces that frames may carry.
   * @param workerCount workers, from 1.
   * @param isBridge the first two interfaces are the ports of a bridge.
   */
  constructor(interfaceCount: number, workerCount: number, isBridge: boolean) {
    this.first = new Int32Array(interfaceCount);
    this.count = new Int32Array(interfaceCount).fill(workerCount);
    if (!isBridge || workerCount === 1) return;
    const half = workerCount >> 1;
    this.count[0] = workerCount - half;
    this.first[1] = workerCount - half;
    this.count[1] = half;
  }
}
