import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { CaptureSink, SinkEvents } from './capture-sink.js';
import { writeBlocks } from './write-blocks.js';

/** Payload is for nobody but the user that UPE runs as. */
const MODE = 0o600;
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/**
 * Writes a capture to a file, in the order of its blocks and beside the event loop. Where writing fails, the file is
 * cut behind the last blocks that it has as a whole, and so stays one that can be read.
 */
export class FileSink implements CaptureSink {
  packets = 0;
  backlogBytes = 0;
  private bytes = 0;
  private hasFailed = false;
  private last: Promise<void> = Promise.resolve();

  private constructor(
    private readonly handle: FileHandle,
    private readonly events: SinkEvents,
  ) {}

  /** Makes a file, which must not be there yet. Throws what the system says. */
  static async create(path: string, events: SinkEvents): Promise<FileSink> {
    return new FileSink(await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, MODE), events);
  }

  write(blocks: Buffer, packets: number): void {
    this.backlogBytes += blocks.length;
    this.last = this.last.then(() => this.append(blocks, packets));
  }

  async finish(last: (delivered: number) => Buffer): Promise<void> {
    await this.last;
    // After a failure as well: cutting the file may have made room for it.
    await this.append(last(this.packets), 0, true);
    await this.handle.close().catch((error: Error) => this.fail(error));
  }

  abort(): void {
    this.hasFailed = true;
  }

  private async append(blocks: Buffer, packets: number, isLast = false): Promise<void> {
    this.backlogBytes = Math.max(this.backlogBytes - blocks.length, 0);
    if (this.hasFailed && !isLast) return;
    try {
      await writeBlocks(this.handle, blocks, this.bytes);
    } catch (error) {
      this.fail(error as Error);
      return;
    }
    this.bytes += blocks.length;
    this.packets += packets;
    this.events.onWritten(packets, blocks.length);
  }

  private fail(error: Error): void {
    if (this.hasFailed) return;
    this.hasFailed = true;
    this.events.onFailed('write_failed', error.message);
  }
}
