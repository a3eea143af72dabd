import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Exposition } from '../exposition.js';
import { HELD_BYTES_MAX, SCRAPES_MAX } from './limits.js';

export interface ScrapesDeps {
  /** Brings the totals up to date where they are old. */
  readonly refresh: () => Promise<void>;
  readonly render: (openMetrics: boolean) => Promise<Exposition>;
  /** Differs whenever a rendering may say something else. */
  readonly state: () => string;
}

/**
 * How hard gzip tries. Ten thousand rules are 3.2 MB of text: 0.34 MB of it after 7 ms at 1, 0.34 after 8 at 3, 0.33 after
 * 19 at 6, on a thread of Node.js's own.
 */
const GZIP_LEVEL = 1;
const compress = promisify(gzip);

/** What a client takes. */
export interface ScrapeFormat {
  readonly openMetrics: boolean;
  readonly gzip: boolean;
}

/** Whether an Accept-Encoding header takes gzip (RFC 9110, 12.5.3): named, or by `*`, and not with a weight of 0. */
export function acceptsGzip(header: string | undefined): boolean {
  const weights = new Map<string, number>();
  for (const part of (header ?? '').toLowerCase().split(',')) {
    const [coding, ...parameters] = part.split(';').map((text) => text.trim());
    const weight = parameters.find((text) => text.startsWith('q='));
    weights.set(coding, weight === undefined ? 1 : Number(weight.slice(2)));
  }
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
}

/** One text, and whom it is sent to. */
interface Rendering {
  readonly key: string;
  readonly content: Promise<RenderedMetrics>;
  /** The same for those who take gzip, once there is one. */
  zipped: Promise<RenderedMetrics> | null;
  bytes: number;
  readerCount: number;
}

export interface RenderedMetrics {
  readonly contentType: string;
  readonly isZipped: boolean;
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
  async answer(response: ServerResponse, format: ScrapeFormat): Promise<RenderedMetrics | null> {
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
    const own = this.rendering(format.openMetrics);
    if (!isOver) {
      rendering = own;
      own.readerCount++;
    }
    return format.gzip ? this.zipped(own) : own.content;
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
    const next: Rendering = {
      key,
      content: this.render(openMetrics),
      zipped: null,
      bytes: 0,
      readerCount: 0,
    };
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

  private zipped(rendering: Rendering): Promise<RenderedMetrics> {
    rendering.zipped ??= rendering.content.then(async ({ contentType, body }) => {
      const zipped = await compress(body, { level: GZIP_LEVEL });
      rendering.bytes += zipped.length;
      return { contentType, isZipped: true, body: zipped };
    });
    return rendering.zipped;
  }

  /** Drops what nobody reads and nobody will be given any more. */
  private forget(rendering: Rendering): void {
    if (rendering.readerCount === 0 && !this.last.includes(rendering)) this.renderings.delete(rendering);
  }

  private async render(openMetrics: boolean): Promise<RenderedMetrics> {
    const { contentType, body } = await this.deps.render(openMetrics);
    return { contentType, isZipped: false, body };
  }
}
