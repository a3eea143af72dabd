import { InvariantError } from '../errors.js';
import { LINK_ETHERNET } from '../protocol/link-type.js';
import { Pacer } from './demo/pacer.js';
import { Prng } from './demo/prng.js';
import { RateShape } from './demo/rate-shape.js';
import { SERVICES } from './demo/services.js';
import { Traffic } from './demo/traffic.js';
import { BURST_FRAMES, type FrameBatch } from './frame-batch.js';
import type { Source } from './source.js';

export interface DemoSourceConfig {
  /** Average over a minute, above 0. */
  readonly packetsPerSecond: number;
  /** 32 bits; the same seed gives the same frames in the same order, and the same bursts. */
  readonly seed: number;
}

/**
 * Generated traffic of everyday services, IPv4 and IPv6, with bursts and quiet spells and a little that is
 * malformed: every part of UPE moves, without privileges or a capture file. Frames are drawn from
 * templates made by `open`, so that the generator costs next to nothing while it runs.
 */
export class DemoSource implements Source {
  readonly interfaces = ['demo'];
  readonly patienceMs = 0;
  readonly block = null;
  readonly comesInBlocks = false;
  readonly bytesRead = 0;

  private traffic: Traffic | null = null;
  private readonly pacer: Pacer;
  private readonly seed: number;

  constructor(config: DemoSourceConfig) {
    this.seed = config.seed;
    this.pacer = new Pacer(new RateShape(new Prng(config.seed)), config.packetsPerSecond);
  }

  /** Builds the templates; never fails. */
  open(): void {
    this.traffic ??= new Traffic(SERVICES, new Prng(this.seed));
  }

  /**
   * Gives the frames that are due. After a late call at most about 20 ms of backlog is made up for; the
   * rest is skipped, since nobody sent it.
   *
   * The first call starts the traffic.
   * @throws InvariantError when the source is not open.
   */
  read(batch: FrameBatch): number {
    const traffic = this.traffic;
    if (traffic === null) throw new InvariantError('The demo source was read while it was not open.');
    batch.attach(traffic.bytes);
    batch.frameCount = 0;
    const dueFrames = this.pacer.take(batch.nowMs[0], BURST_FRAMES);
    for (let i = 0; i < dueFrames; i++) {
      const frame = traffic.nextFrame();
      const frameBytes = traffic.byteLength[frame];
      batch.add(traffic.byteOffset[frame], frameBytes, frameBytes, LINK_ETHERNET, 0);
    }
    return dueFrames;
  }

  /** At least 1 ms, so that an idle spell costs no processor time. */
  waitMs(nowMs: number): number {
    return this.pacer.waitMs(nowMs);
  }

  takeKernelDrops(): number {
    return 0;
  }

  close(): void {
    this.traffic = null;
  }
}
