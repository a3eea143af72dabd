import type { CounterBanks } from '../counters/counter-banks.js';
import type { Clock } from '../memory/clock.js';
import { COMMAND_STOP, CONTROL_COMMAND, CONTROL_DOORBELL } from '../memory/control-layout.js';
import { Doorbell } from '../memory/doorbell.js';
import type { Source } from './source.js';

/** Looks at a full ring, or an empty pool, before rx goes to sleep over it. */
const SPINS = 500;
/** Sleep then, milliseconds: well under the time in which a worker empties its ring. */
const NAP_MS = 0.05;
/** Sleep where frames come in blocks, without looking first: about what a worker needs for a full ring. */
const BLOCKS_NAP_MS = 0.2;
/** Sleep at most this long when the source has nothing, milliseconds. */
const IDLE_MS_MAX = 1000;
/**
 * Frames between two waits from which rx rather naps than blocks: a thread that blocks in poll(2) is woken
 * by every frame, at the cost of who sends it. The nap becomes some 0.2 ms with the kernel's timer slack.
 * Through a bridge iperf3 went from 0.47 to 0.51 times the Linux bridge's rate with naps of 0.05 ms, and by
 * another 0.02 with 0.15 ms, for 10 microseconds more of a ping's median.
 */
const BUSY_FRAMES = 16;
const BUSY_NAP_MS = 0.15;

export interface RxRestConfig {
  /** `spin` never sleeps: less latency, one core busy. */
  readonly idle: 'park' | 'spin';
}

export interface RxRestDeps {
  readonly source: Source;
  readonly control: Int32Array;
  readonly banks: CounterBanks;
  readonly clock: Clock;
}

/** How the rx loop pauses: for workers that have to make room, and for frames that have to come. */
export class RxRest {
  private readonly doorbell: Doorbell;
  private readonly spins: number;
  private readonly napMs: number;
  private sleptMs = 0;
  private framesSinceWait = 0;

  constructor(
    private readonly config: RxRestConfig,
    private readonly deps: RxRestDeps,
  ) {
    this.doorbell = new Doorbell(deps.control, CONTROL_DOORBELL);
    const { comesInBlocks } = deps.source;
    this.spins = comesInBlocks ? 0 : SPINS;
    this.napMs = comesInBlocks ? BLOCKS_NAP_MS : NAP_MS;
  }

  noteFrames(count: number): void {
    this.framesSinceWait += count;
  }

  /**
   * No room: goes on at once for the first looks, then sleeps briefly.
   *
   * @param looks how often rx has looked in vain.
   */
  nap(looks: number): void {
    if (looks < this.spins || this.config.idle === 'spin') return;
    const { banks, clock } = this.deps;
    const beganMs = clock.nowMs();
    this.doorbell.announce();
    // A stop does not count here: what is in hand must find its place first.
    if (banks.isRequested()) this.doorbell.withdraw();
    else this.doorbell.sleep(this.napMs);
    this.sleptMs += clock.nowMs() - beganMs;
  }

  /** Time spent in naps since this was last asked, milliseconds. */
  takeNapMs(): number {
    const { sleptMs } = this;
    this.sleptMs = 0;
    return sleptMs;
  }

  /**
   * No frames: sleeps until some can be there, or until somebody rings.
   *
   * @param finished the source has no more to give, ever.
   */
  wait(finished: boolean): void {
    const { source, clock } = this.deps;
    if (this.config.idle === 'spin' && !finished) return;
    if (source.block !== null) {
      this.blockIn(source.block);
      return;
    }
    const waitMs = finished ? IDLE_MS_MAX : Math.min(source.waitMs(clock.nowMs()), IDLE_MS_MAX);
    if (waitMs > 0) this.sleep(waitMs);
  }

  /** Waits for frames in the kernel, unless so many come that it is cheaper to look again after a while. */
  private blockIn(block: (timeoutMs: number) => void): void {
    const isBusy = this.framesSinceWait >= BUSY_FRAMES && !this.deps.source.comesInBlocks;
    this.framesSinceWait = 0;
    if (isBusy) {
      this.sleep(BUSY_NAP_MS);
      return;
    }
    this.doorbell.announcePoll();
    if (!this.isWanted()) block(IDLE_MS_MAX);
    this.doorbell.withdraw();
  }

  private sleep(timeoutMs: number): void {
    this.doorbell.announce();
    if (this.isWanted()) this.doorbell.withdraw();
    else this.doorbell.sleep(timeoutMs);
  }

  /** Somebody waits for rx: main for its end, or the reader for its counters. */
  private isWanted(): boolean {
    const { control, banks } = this.deps;
    return Atomics.load(control, CONTROL_COMMAND) === COMMAND_STOP || banks.isRequested();
  }
}
