import type { ServerResponse } from 'node:http';
import type { Exposition } from '../exposition.js';
import { HELD_BYTES_MAX, SCRAPES_MAX } from './limits.js';

export interface ScrapesDeps {
  /** Brings the totals up to date where they are old. */
  readonly refresh: () => Promise<void>;
  readonly render: (openMetrics: boolean) => Promise<Exposition>;
  /** Differs whenever a rendering may say something else. */
  readonly state: () => string;
}

/** One text, and whom it is sent to. */
interface Rendering {
  readonly key: string;
  readonly content: Promise<RenderedMetrics>;
  bytes: number;
  readerCount: number;
}

export interface RenderedMetrics {
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * Answers scrapes. All that fall into one pass are given the same bytes, rendered once, so that many scrapers
 * cost hardly more than one; and there is a bound on what slow ones hold.
 */
export class Scrapes {
  private openCount = 0;
  private readonly renderings = new Set<Rendering>();
  /** The last one in each format, for whoever comes next. */
  private readonly last: (Rendering | null)[] = [null, null];

  constructor(private readonly deps: ScrapesDeps) {}

  /**
   * The metrics for one client.
   *
   * @param response the answer they are for, which is not closed yet.
   * @returns `null` when too many are being answered.
   */
  async answer(response: ServerResponse, openMetrics: boolean): Promise<RenderedMetrics | null> {
    if (this.openCount >= SCRAPES_MAX || this.heldBytes() > HELD_BYTES_MAX) return null;
    this.openCount++;
    let rendering: Rendering | null = null;
    let isOver = false;
    response.once('close', () => {
      isOver = true;
      this.openCount--;
      if (rendering !== null) this.release(rendering);
    });
    await this.deps.refresh();
    const own = this.rendering(openMetrics);
    if (!isOver) {
      rendering = own;
      own.readerCount++;
    }
    return own.content;
  }

  private heldBytes(): number {
    let bytes = 0;
    for (const rendering of this.renderings) bytes += rendering.bytes;
    return bytes;
  }

  private release(rendering: Rendering): void {
    rendering.readerCount--;
    this.forget(rendering);
  }

  private rendering(openMetrics: boolean): Rendering {
    const format = openMetrics ? 1 : 0;
    const key = this.deps.state();
    const old = this.last[format];
    if (old !== null && old.key === key) return old;
    const next: Rendering = { key, content: this.render(openMetrics), bytes: 0, readerCount: 0 };
    next.content.then(
      ({ body }) => {
        next.bytes = body.length;
      },
      // Whoever asked is told; the next one is not given the same failure.
      () => {
        if (this.last[format] === next) this.last[format] = null;
      },
    );
    this.last[format] = next;
    this.renderings.add(next);
    if (old !== null) this.forget(old);
    return next;
  }

  /** Drops what nobody reads and nobody will be given any more. */
  private forget(rendering: Rendering): void {
    if (rendering.readerCount === 0 && !this.last.includes(rendering)) this.renderings.delete(rendering);
  }

  private async render(openMetrics: boolean): Promise<RenderedMetrics> {
    const { contentType, text } = await this.deps.render(openMetrics);
    return { contentType, body: Buffer.from(text) };
  }
}
