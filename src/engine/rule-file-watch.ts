import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { FileLooks, stampOf } from '../file-looks.js';
import { FILE_BYTES_MAX } from '../rules/yaml-document.js';

/** A file that is another one at every look is taken as it is after so many. */
const RESTLESS_LOOKS_MAX = 5;

export interface RuleFileWatchConfig {
  /** Path of the rule file; it may be a symbolic link, or lead through some. */
  readonly file: string;
}

export interface RuleFileWatchDeps {
  /** SHA-256 of the rules in use, in hexadecimal; `null` when the last attempt to load any has failed. */
  readonly sha256InUse: () => string | null;
  /** Reads a whole file; only one that has an end, and is not too large for a rule file, is read. */
  readonly readFile: (file: string) => Promise<Uint8Array>;
  /** The file holds something else now, or cannot be read any more. */
  readonly onChange: () => void;
}

/**
 * Keeps watch over the rule file.
 *
 * It asks stat(2) once a second, where inotify(7) would tell at once: stat follows every link on the path, so
 * the swap of `..data` in a mounted ConfigMap, an editor's rename and a write in place all look alike, and it
 * works on network and overlay file systems. inotify watches inodes: each link, and each folder that holds
 * one, would need a watch of its own, renewed after every swap, and there would have to be a poll beside it.
 *
 * A change counts when it has been the same at two looks. The first half of a rule file is often a valid
 * one, and must not be put into use while the second is being written.
 */
export class RuleFileWatch {
  private readonly looks = new FileLooks(() => this.compare());
  /** What stat said when the content was last read; `null` before the first time. */
  private readAt: string | null = null;
  /** What it said at the last look, when that was news. */
  private news: string | null = null;
  private restlessLooks = 0;
  /** SHA-256 of the content that was last told of, or why there was none. */
  private told: string | null = null;

  constructor(
    private readonly config: RuleFileWatchConfig,
    private readonly deps: RuleFileWatchDeps,
  ) {}

  start(): void {
    this.looks.start();
  }

  stop(): void {
    this.looks.stop();
  }

  /** Looks at the file once. */
  look(): Promise<void> {
    return this.looks.once();
  }

  private async compare(): Promise<void> {
    // Neither call blocks: a network file system that hangs must not keep main from its signals.
    const status = await statusOf(this.config.file);
    if (this.hasSettled(status.text)) await this.read(status);
  }

  private hasSettled(status: string): boolean {
    const isNews = status !== this.readAt;
    const settled = isNews && (status === this.news || this.restlessLooks === RESTLESS_LOOKS_MAX - 1);
    this.restlessLooks = isNews && !settled ? this.restlessLooks + 1 : 0;
    this.news = isNews && !settled ? status : null;
    return settled;
  }

  private async read(status: Status): Promise<void> {
    const content = status.isReadable ? await this.sha256() : status.text;
    // One that could not be read is tried again: stat does not tell when it can be.
    if (content !== null) this.readAt = status.text;
    const now = content ?? 'unreadable';
    // The same rules in another file (another key of the ConfigMap has changed), or loaded by SIGHUP already.
    const isKnown = now === this.told || now === this.deps.sha256InUse();
    this.told = now;
    if (!isKnown) this.deps.onChange();
  }

  /** Returns `null` when the file cannot be read: the loader will say why. */
  private async sha256(): Promise<string | null> {
    try {
      const bytes = await this.deps.readFile(this.config.file);
      return createHash('sha256').update(bytes).digest('hex');
    } catch {
      return null;
    }
  }
}

interface Status {
  /** Differs whenever the file, or what is in it, does. */
  readonly text: string;
  /** True when it has an end, and is not larger than a rule file may be; the loader refuses all others. */
  readonly isReadable: boolean;
}

async function statusOf(file: string): Promise<Status> {
  let stats: BigIntStats;
  try {
    stats = await stat(file, { bigint: true });
  } catch (error) {
    return { text: `${(error as NodeJS.ErrnoException).code}`, isReadable: false };
  }
  return {
    text: stampOf(stats),
    isReadable: stats.isFile() && stats.size <= FILE_BYTES_MAX,
  };
}
