import type { Clock } from '../memory/clock.js';
import type { Doorbell } from '../memory/doorbell.js';

/** Looks at a full ring, or an empty pool, before rx goes to sleep over it. */
const SPINS = 500;
/** Sleep then, milliseconds: well under the time in which a worker empties its ring. */
const NAP_MS = 0.05;
/** Sleep where frames come in blocks, without looking first: about what a worker needs for a full ring. */
const BLOCKS_NAP_MS = 0.2;

export interface NapConfig {
  /** `spin` never sleeps. */
  readonly idle: 'park' | 'spin';
  /** As `Source.comesInBlocks`. */
  readonly comesInBlocks: boolean;
}

export interface NapDeps {
  /** rx's own. */
  readonly doorbell: Doorbell;
  readonly clock: Clock;
  /** Somebody waits for rx to answer: no time to sleep. */
  readonly isWanted: () => boolean;
}

/** How rx waits for workers to make room: it looks again and again at first, then sleeps briefly. */
export class Nap {
  private readonly spins: number;
  private readonly napMs: number;
  private sleptMs = 0;

  constructor(
    private readonly config: NapConfig,
    private readonly deps: NapDeps,
  ) {
    this.spins = config.comesInBlocks ? 0 : SPINS;
    this.napMs = config.comesInBlocks ? BLOCKS_NAP_MS : NAP_MS;
  }

  /** @param looks how often rx has looked in vain. */
  take(looks: number): void {
    if (looks < this.spins || this.config.idle === 'spin') return;
    const { doorbell, clock, isWanted } = this.deps;
    const beganMs = clock.nowMs();
    doorbell.announce();
    if (isWanted()) doorbell.withdraw();
    else doorbell.sleep(this.napMs);
    this.sleptMs += clock.nowMs() - beganMs;
  }

  /** Time slept since this was last asked, milliseconds. */
  takeSleptMs(): number {
    const { sleptMs } = this;
    this.sleptMs = 0;
    return sleptMs;
  }
}
